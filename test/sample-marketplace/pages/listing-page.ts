import type { Listing } from "../make-listing.ts";
import { decimalOf, groupThousands, printMoney } from "../money.ts";
import { escapeHtml, listingPath, type Page, picturePath, shopPage } from "./layout.ts";
import { availabilityWords, bidWords, priceWords, shippingWords } from "./price-words.ts";

/** The listing's own page; `others` are shown below it with prices of their own. */
export function listingPage(listing: Listing, others: readonly Listing[]): Page {
  const pictures = Array.from({ length: listing.pictures }, (_, index) => picturePath(listing.id, index + 1));
  const specifics = Object.entries(listing.specifics)
    .map(([label, value]) => `<dt>${label}</dt><dd>${escapeHtml(value)}</dd>`)
    .join("\n");
  return shopPage(
    200,
    listing.title,
    `<article class="listing" data-listing-id="${escapeHtml(listing.id)}">
<div class="gallery">
${pictures.map((path) => `<img class="picture" src="${path}" alt="${escapeHtml(listing.title)}">`).join("\n")}
</div>
<section class="offer">
<h1 class="title">${escapeHtml(listing.title)}</h1>
<p class="availability ${listing.availability}">${availabilityWords[listing.availability]}</p>
${offer(listing)}
<p class="shipping">${shippingWords(listing)}</p>
<p>Condition: <b class="condition">${listing.condition}</b></p>
<p>Item location: <span class="location">${listing.location}</span></p>
${seller(listing.seller)}
<button class="buy" ${listing.availability === "in-stock" ? "" : "disabled"}>${listing.bids === null ? "Buy It Now" : "Place bid"}</button>
</section>
<section class="about">
<h2>Item specifics</h2>
<dl class="specifics">
${specifics}
</dl>
<h2>Description</h2>
<div class="description">${escapeHtml(listing.description)}</div>
</section>
</article>
<aside class="also"><h2>People also looked at</h2>
<ul class="results">${others.map(smallCard).join("\n")}</ul></aside>
<script type="application/ld+json">${structuredData(listing)}</script>`,
  );
}

function offer(listing: Listing): string {
  const lines = [`<p class="price">${priceWords(listing)}</p>`];
  const print = (cents: number) => printMoney(cents, listing.currency);
  if (listing.listCents !== null)
    lines.push(`<p>Was <s class="list-price">${print(listing.listCents)}</s></p>`);
  if (listing.bids !== null) lines.push(`<p class="bids">${bidWords(listing.bids)}</p>`);
  if (listing.buyItNowCents !== null) {
    lines.push(`<p class="buy-it-now"><b>${print(listing.buyItNowCents)}</b> Buy It Now</p>`);
  }
  if (listing.bestOffer) lines.push('<p class="best-offer">or Best Offer</p>');
  if (listing.endsAt !== null) {
    const moment = listing.endsAt.toISOString();
    const verb = listing.availability === "sold" || listing.availability === "ended" ? "Ended" : "Ends";
    lines.push(
      `<p>${verb} <time class="end-time" datetime="${moment}">${moment.slice(0, 16).replace("T", " ")} UTC</time></p>`,
    );
  }
  return lines.join("\n");
}

function seller({ name, feedbackCount, feedbackPercent }: Listing["seller"]): string {
  const feedback =
    feedbackPercent === null
      ? '<span class="feedback">no feedback yet</span>'
      : `<span class="feedback"><span class="feedback-count">${groupThousands(feedbackCount, ",")}</span> ratings, <span class="feedback-percent">${feedbackPercent.toFixed(1)}%</span> positive</span>`;
  return `<p>Sold by <b class="seller">${escapeHtml(name)}</b> (${feedback})</p>`;
}

function smallCard(listing: Listing): string {
  return `<li class="card"><a href="${listingPath(listing.id)}?ref=also"><img class="picture" src="${picturePath(listing.id, 1)}" alt="" loading="lazy"></a>
<a class="card-title" href="${listingPath(listing.id)}?ref=also">${escapeHtml(listing.title)}</a>
<p class="price">${priceWords(listing)}</p></li>`;
}

const schemaAvailability = {
  "in-stock": "InStock",
  "out-of-stock": "OutOfStock",
  sold: "SoldOut",
  ended: "Discontinued",
  "pre-order": "PreOrder",
} as const satisfies Record<Listing["availability"], string>;

/** The page's second voice about the price, as schema.org's Product. */
function structuredData(listing: Listing): string {
  const price =
    listing.maxCents === null
      ? { "@type": "Offer", price: decimalOf(listing.cents) }
      : {
          "@type": "AggregateOffer",
          lowPrice: decimalOf(listing.cents),
          highPrice: decimalOf(listing.maxCents),
        };
  const product = {
    "@context": "https://schema.org",
    "@type": "Product",
    sku: listing.id,
    name: listing.title,
    image: picturePath(listing.id, 1),
    description: listing.description,
    offers: {
      ...price,
      priceCurrency: listing.currency,
      availability: `https://schema.org/${schemaAvailability[listing.availability]}`,
    },
  };
  return JSON.stringify(product).replaceAll("<", "\\u003c");
}
