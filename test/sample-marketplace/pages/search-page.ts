import type { SearchResult } from "../catalogue.ts";
import type { Listing } from "../make-listing.ts";
import { groupThousands, printMoney } from "../money.ts";
import { escapeHtml, listingPath, type Page, picturePath, searchPath, shopPage } from "./layout.ts";
import { availabilityWords, bidWords, priceWords, shippingWords } from "./price-words.ts";

/** How many results of the page before come again, sponsored, on top of the next. */
const PROMOTED_RESULTS = 2;

export interface SearchPageOptions {
  pageNumber: number;
  perPage: number;
  listing: (id: string) => Listing | null;
}

/** One page of results. Related things follow the last exact ones, below a line that says so. */
export function searchPage(result: SearchResult, options: SearchPageOptions): Page {
  const { term, exact, related } = result;
  const lastPage = Math.max(1, Math.ceil(exact.total / options.perPage));
  const first = (options.pageNumber - 1) * options.perPage + 1;
  const last = Math.min(first + options.perPage - 1, exact.total);

  const cards: string[] = [];
  const addCards = (ids: readonly string[], badge: string) => {
    for (const id of ids) {
      const listing = options.listing(id);
      if (listing) cards.push(card(listing, badge));
    }
  };
  const idsBetween = (from: number, to: number) =>
    Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => exact.idAt(from + index));

  if (first > 1 && first <= exact.total) {
    addCards(idsBetween(first - PROMOTED_RESULTS, first - 1), '<span class="badge">Sponsored</span>');
  }
  addCards(idsBetween(first, last), "");
  if (options.pageNumber === 1 && exact.total > 0) cards.splice(3, 0, houseAdvertisement);
  if (options.pageNumber === lastPage && related.length > 0) {
    cards.push('<li class="fewer-words">Results matching fewer words</li>');
    addCards(related, "");
  }

  const heading =
    exact.total === 0
      ? `<p class="no-results">No results for <b>${escapeHtml(term)}</b>. Check the spelling or try fewer words.</p>`
      : `<h1><span class="result-count">${groupThousands(exact.total, ",")}</span> results for <b>${escapeHtml(term)}</b></h1>`;
  return shopPage(
    200,
    `${term} for sale`,
    `${heading}
<ul class="results">
${cards.join("\n")}
</ul>
${pager(term, options.pageNumber, lastPage)}`,
    term,
  );
}

/** The shop's own advertisement stands among the results, and looks like one. */
const houseAdvertisement = `<li class="card house-ad">
<a class="card-title" href="/">Sell yours on Harbourside</a>
<p class="price">$0.00 fees</p>
</li>`;

function card(listing: Listing, badge: string): string {
  const path = `${listingPath(listing.id)}?ref=search`;
  const price =
    listing.bids === null
      ? `<p class="price">${priceWords(listing)}</p>`
      : `<p class="price">${priceWords(listing)}</p><p class="bids">${bidWords(listing.bids)}</p>`;
  const extras = [
    listing.listCents !== null &&
      `<s class="list-price">${printMoney(listing.listCents, listing.currency)}</s>`,
    listing.buyItNowCents !== null &&
      `<p class="buy-it-now"><b>${printMoney(listing.buyItNowCents, listing.currency)}</b> Buy It Now</p>`,
    listing.bestOffer && '<p class="best-offer">or Best Offer</p>',
  ].filter((extra) => extra !== false);
  return `<li class="card" data-listing-id="${escapeHtml(listing.id)}">
<a href="${path}"><img class="picture" src="${picturePath(listing.id, 1)}" alt="" loading="lazy"></a>
${badge}<a class="card-title" href="${path}">${escapeHtml(listing.title)}</a>
<p class="condition">${listing.condition}</p>
${price}${extras.join("")}
<p class="shipping">${shippingWords(listing)}</p>
<p class="availability ${listing.availability}">${availabilityWords[listing.availability]}</p>
<p class="seller">${escapeHtml(listing.seller.name)}</p>
</li>`;
}

function pager(term: string, pageNumber: number, lastPage: number): string {
  const link = (label: string, to: number, relation: string) =>
    `<a rel="${relation}" href="${escapeHtml(searchPath(term, to))}">${label}</a>`;
  const previous = pageNumber > 1 ? link("← Previous", Math.min(pageNumber - 1, lastPage), "prev") : "";
  const next = pageNumber < lastPage ? link("Next →", pageNumber + 1, "next") : "";
  return `<nav class="pager">${previous} <span>Page ${pageNumber} of ${lastPage}</span> ${next}</nav>`;
}
