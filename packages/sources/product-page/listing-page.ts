import {
  item as itemContract,
  type Item,
  type ListingDetails,
  type PageInput,
  type PageReading,
} from "@pricefleet/contracts";
import {
  countedBroken,
  elementsNamed,
  emptyItem,
  type Html,
  keptVotes,
  parseHtml,
  readJsonLd,
  readMicrodata,
  readRdfa,
  textOf,
  unreadable,
} from "../reading/index.ts";
import { chooseOffer, type Said } from "./choose-offer.ts";
import { readMetaProduct } from "./meta-product.ts";
import { type PageFacts, type ProductSays, saysNothing } from "./product-says.ts";
import { readSchemaProduct } from "./schema-product.ts";
import { readStateProduct } from "./state-product.ts";
import { externalIdOf, normalizedAddress } from "./urls.ts";
import { amountIn, availabilityIn, currencyIn } from "./values.ts";
import { readVisibleProduct } from "./visible-product.ts";
import { readVisibleText } from "./visible-text.ts";

export const sourceName = "product-page";

const missingTitle =
  /\b(404|page not found|not found|seite nicht gefunden|page introuvable|página no encontrada|pagina non trovata|nie znaleziono|страница не найдена|no longer available)\b/i;

/** Reads the page of one product, whoever sells it. */
export function readProductPage(page: PageInput): PageReading {
  const url = normalizedAddress(page.url);
  if (url === null)
    return unreadable(sourceName, "listing", "changed", `"${page.url}" is no address of a web page`);
  const html = parseHtml(page.html);
  if (html === null)
    return unreadable(sourceName, "listing", "changed", "the page is deeper or larger than any real one");

  const facts = factsOf(html, url);
  const { said, brokenJsonLd } = readAll(html, facts);
  const item = readItem(said, html, facts);
  const skipped = brokenJsonLd === 0 ? "" : `; ${brokenJsonLd} of its JSON-LD scripts do not parse`;
  if (item === null) {
    if (missingTitle.test(textOf(html("title").first()))) {
      return unreadable(sourceName, "listing", "gone", "the page's title says that it is missing");
    }
    return {
      ...unreadable(sourceName, "listing", "changed", `no product with a price was found${skipped}`),
      ...countedBroken(brokenJsonLd),
    };
  }
  return {
    page: "listing",
    state: "ok",
    source: sourceName,
    reason: null,
    items: [item],
    has_next_page: false,
    total_results: null,
    details: readDetails(said),
    ...countedBroken(brokenJsonLd),
  };
}

function factsOf(html: Html, url: URL): PageFacts {
  const titles = [
    textOf(html(elementsNamed(html, "h1")[0])),
    elementsNamed(html, "meta").find(({ attribs }) => attribs["property"] === "og:title")?.attribs[
      "content"
    ] ?? "",
    textOf(html(elementsNamed(html, "title")[0])),
  ];
  const locale = elementsNamed(html, "html")[0]?.attribs["lang"]?.trim() ?? "";
  return {
    url,
    titles: titles.map((title) => title.slice(0, 500)).filter((title) => title !== ""),
    locale: /^[a-z]{2}([-_][a-z]{2})?$/i.test(locale) ? locale.replace("_", "-") : null,
  };
}

/** What each method says, the most trusted first. */
function readAll(html: Html, page: PageFacts): { said: Said; brokenJsonLd: number } {
  const jsonLd = readJsonLd(html);
  const microdata = readMicrodata(html);
  const structured: Said = [
    { method: "json-ld", says: readSchemaProduct(jsonLd.nodes, page) ?? saysNothing },
    {
      method: "microdata",
      says: readSchemaProduct(microdata.nodes, page) ?? ofOrphans(microdata.orphans, page),
    },
    { method: "rdfa", says: readSchemaProduct(readRdfa(html).nodes, page) ?? saysNothing },
    { method: "opengraph", says: readMetaProduct(html, page) },
    { method: "embedded-state", says: readStateProduct(html, page) ?? saysNothing },
  ];
  const currencyHint = structured.find(({ says }) => says.currency !== null)?.says.currency ?? null;
  const visible = readVisibleProduct(readVisibleText(html), page, currencyHint);
  return { said: [...structured, { method: "adapter", says: visible }], brokenJsonLd: jsonLd.broken };
}

/** Properties outside any item are the product's as long as there is one price among them. */
function ofOrphans(orphans: Record<string, unknown>, page: PageFacts): ProductSays {
  if (Array.isArray(orphans["price"])) return saysNothing;
  return {
    ...saysNothing,
    amount: amountIn(orphans["price"], page),
    currency: currencyIn(orphans["priceCurrency"], page) ?? currencyIn(orphans["price"], page),
    availability: availabilityIn(orphans["availability"]),
  };
}

function readItem(said: Said, html: Html, page: PageFacts): Item | null {
  const { chosen, votes } = chooseOffer(said);
  const isProduct = said.some(({ method, says }) => says.name !== null && method !== "opengraph");
  const availability = firstSaid(said, "availability");
  // A product that is out of stock may show no price; a page without either is no product's.
  if (chosen === null && !(isProduct || availability === "out-of-stock")) return null;
  const title = firstSaid(said, "name") ?? page.titles[0];
  if (title === undefined) return null;

  const link = elementsNamed(html, "link").find(({ attribs }) => attribs["rel"] === "canonical");
  const canonical = normalizedAddress(link?.attribs["href"] ?? "", page.url);
  const url = canonical?.host === page.url.host && canonical.pathname !== "/" ? canonical : page.url;
  const amount = chosen?.amount ?? null;
  const listPrice = firstSaid(said, "listPrice");
  return itemContract.parse({
    ...emptyItem({ external_id: externalIdOf(url), url: url.href, title }),
    amount,
    amount_max: chosen?.amountMax ?? null,
    currency: amount === null ? null : (votes.winner?.currency ?? firstSaid(said, "currency")),
    list_price:
      amount !== null && listPrice !== null && Number(listPrice) > Number(amount) ? listPrice : null,
    condition: firstSaid(said, "condition"),
    // What is offered at a price can be bought unless the page says otherwise.
    availability: availability ?? (amount === null ? null : "in-stock"),
    image_url: firstSaid(said, "image"),
    ...keptVotes(votes, amount),
  });
}

function firstSaid<Key extends keyof ProductSays>(said: Said, key: Key): ProductSays[Key] | null {
  return said.find(({ says }) => says[key] !== null)?.says[key] ?? null;
}

function readDetails(said: Said): ListingDetails {
  const image = firstSaid(said, "image");
  return {
    description: firstSaid(said, "description"),
    images: image === null ? [] : [image],
    specifics: {},
    location: null,
    ends_at: null,
    seller_feedback_count: null,
    seller_feedback_percent: null,
    brand: firstSaid(said, "brand"),
    gtin: firstSaid(said, "gtin"),
    sku: firstSaid(said, "sku"),
    variants: said.find(({ says }) => says.variants.length > 0)?.says.variants ?? [],
  };
}
