import { compareAmounts } from "@pricefleet/pricing";
import { isObject, type Json } from "../reading/index.ts";
import { type PageFacts, type ProductSays, saysNothing } from "./product-says.ts";
import {
  addressIn,
  amountIn,
  availabilityIn,
  comparable,
  currencyIn,
  gtinIn,
  isSameName,
  objectsIn,
  textIn,
} from "./values.ts";

const MOST_VARIANTS = 200;

/** What schema.org calls a thing that can be sold. An event's offers are its tickets. */
const productTypes =
  /^(Product|ProductGroup|ProductModel|IndividualProduct|SomeProducts|Vehicle|Car|Motorcycle|Book|Game|VideoGame|MobileApplication|SoftwareApplication|Course|(\w*)Event|(Single|Apartment|House|\w*Accommodation))$/;

/**
 * What JSON-LD, microdata or RDFa says about the page's own product: the one that the page's address or heading
 * names; without such a one the only one. Several products of which none is the page's are a list, and say nothing.
 */
export function readSchemaProduct(nodes: readonly Json[], page: PageFacts): ProductSays | null {
  const byId = new Map(
    nodes.flatMap((node) => (typeof node["@id"] === "string" ? [[node["@id"], node]] : [])),
  );
  const resolve = (value: unknown): Json[] =>
    objectsIn(value).map(
      (object) => (Object.keys(object).length === 1 ? byId.get(String(object["@id"])) : null) ?? object,
    );

  const products = nodes.filter(isProduct);
  const names = new Set(products.map((product) => comparable(textIn(product["name"]) ?? "")));
  const own =
    products.find((product) => isOwnAddress(product, page)) ??
    products.find((product) => isSameName(textIn(product["name"]), page.titles)) ??
    (names.size === 1 ? products[0] : undefined);
  if (own !== undefined) return readProduct(own, resolve, page);

  // A page whose only typed thing is an offer sells that.
  const offers = nodes.filter((node) => isOfType(node, /^(Aggregate)?Offer$/));
  const offer = offers.length === 1 && products.length === 0 ? offers[0] : undefined;
  return offer === undefined ? null : readProduct({ name: offer["name"], offers: offer }, resolve, page);
}

function isProduct(node: Json): boolean {
  if (isOfType(node, /Event$/)) return node["offers"] !== undefined;
  return isOfType(node, productTypes);
}

function isOfType(node: Json, types: RegExp): boolean {
  return [node["@type"]]
    .flat()
    .some((type) => typeof type === "string" && types.test(type.replace(/^.*[/:#]/, "")));
}

function isOwnAddress(product: Json, page: PageFacts): boolean {
  const address = addressIn(product["url"], page);
  return (
    address !== null &&
    address.host === page.url.host &&
    address.pathname === page.url.pathname &&
    address.pathname !== "/"
  );
}

type Resolve = (value: unknown) => Json[];

function readProduct(product: Json, resolve: Resolve, page: PageFacts): ProductSays {
  const variants = resolve(product["hasVariant"]).slice(0, MOST_VARIANTS);
  const offer = readOffers(resolve(product["offers"]), resolve, page);
  const fromVariant =
    offer.amount === null && variants.length > 0
      ? readOffers(
          variants.flatMap((variant) => resolve(variant["offers"])),
          resolve,
          page,
        )
      : offer;
  return {
    ...saysNothing,
    ...fromVariant,
    name: textIn(product["name"]),
    brand: textIn(product["brand"]) ?? textIn(product["manufacturer"]),
    gtin: gtinOf(product),
    sku: textIn(product["sku"]) ?? textIn(product["productID"]) ?? textIn(product["mpn"]) ?? fromVariant.sku,
    image: addressIn(product["image"], page)?.href ?? null,
    description: textIn(product["description"])?.slice(0, 5_000) ?? null,
    variants: variants.map((variant) => {
      const own = readOffers(resolve(variant["offers"]), resolve, page);
      return {
        name: textIn(variant["name"]),
        sku: textIn(variant["sku"]),
        gtin: gtinOf(variant),
        amount: own.amount,
        availability: own.availability,
      };
    }),
  };
}

function gtinOf(thing: Json): string | null {
  return gtinIn(
    thing["gtin13"],
    thing["gtin"],
    thing["gtin14"],
    thing["gtin12"],
    thing["gtin8"],
    thing["isbn"],
    thing["productID"],
  );
}

type OfferSays = Pick<
  ProductSays,
  "amount" | "amountMax" | "currency" | "listPrice" | "availability" | "condition" | "sku"
>;

/** The cheapest offer that can be bought, else the cheapest, else what they say about availability. */
function readOffers(offers: readonly Json[], resolve: Resolve, page: PageFacts): OfferSays {
  const read = offers.slice(0, MOST_VARIANTS).map((offer) => readOffer(offer, resolve, page));
  const priced = read
    .filter(({ amount }) => amount !== null)
    .toSorted((a, b) => compareAmounts(a.amount ?? "0", b.amount ?? "0"));
  return (
    priced.find(({ availability }) => availability !== "out-of-stock") ??
    priced[0] ??
    read[0] ?? {
      amount: null,
      amountMax: null,
      currency: null,
      listPrice: null,
      availability: null,
      condition: null,
      sku: null,
    }
  );
}

function readOffer(offer: Json, resolve: Resolve, page: PageFacts): OfferSays {
  const inner = resolve(offer["offers"]);
  const parts = resolve(offer["priceSpecification"]).filter(
    (part) => part["referenceQuantity"] === undefined,
  );
  const listed = parts.find((part) =>
    /ListPrice|StrikethroughPrice|SRP|MSRP/i.test(textIn(part["priceType"]) ?? ""),
  );
  const part = parts.find((part) => part !== listed);
  const low = amountIn(offer["price"] ?? offer["lowPrice"] ?? part?.["price"] ?? part?.["minPrice"], page);
  const innerOffer = inner.length === 0 ? null : readOffers(inner, resolve, page);
  const high = amountIn(offer["highPrice"], page);
  return {
    amount: low ?? innerOffer?.amount ?? null,
    amountMax: low !== null && high !== null && Number(high) > Number(low) ? high : null,
    currency:
      currencyIn(offer["priceCurrency"] ?? offer["pricecurrency"] ?? part?.["priceCurrency"], page) ??
      innerOffer?.currency ??
      currencyIn(offer["price"], page),
    listPrice: listed === undefined ? null : amountIn(listed["price"], page),
    availability: availabilityIn(offer["availability"]) ?? innerOffer?.availability ?? null,
    condition: conditionIn(offer["itemCondition"]),
    sku: textIn(offer["sku"]),
  };
}

/** "https://schema.org/UsedCondition" is "Used". */
function conditionIn(value: unknown): string | null {
  const text = isObject(value) ? null : textIn(value);
  return text?.replace(/^.*[/:#]/, "").replace(/Condition$/, "") || null;
}
