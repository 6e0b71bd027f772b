import type { findListings } from "@pricefleet/database";
import { html, type Html, nothing } from "./html.ts";
import { renderAge } from "./times.ts";

type FoundListing = Awaited<ReturnType<typeof findListings>>["items"][number];

/** @param base what prices are valued in now. */
export function renderListings(listings: readonly FoundListing[], base: string, now: Date): Html {
  if (listings.length === 0)
    return html`<p class="empty">Nothing found yet. What a run finds shows up here at once.</p>`;
  return html`<table>
<thead><tr><th>Title</th><th class="number">Price</th><th class="number" title="By the exchange rates of the moment when it was seen">In ${base}</th><th>Condition</th><th>Source</th><th>Seen</th><th></th></tr></thead>
<tbody>
${listings.map((listing) => renderListing(listing, now))}</tbody>
</table>`;
}

function renderListing(listing: FoundListing, now: Date): Html {
  return html`<tr>
<td class="title">${renderTitle(listing)}${renderState(listing)}</td>
<td class="number">${renderPrice(listing)}</td>
<td class="number${listing.base_currency === listing.currency ? " same" : ""}">${renderValue(listing)}</td>
<td>${listing.condition ?? html`<span class="quiet">–</span>`}</td>
<td>${listing.source}</td>
<td>${renderAge(listing.last_seen_at, now)}</td>
<td><a href="listings/${listing.id}/prices">prices</a></td>
</tr>
`;
}

/** An address from a stranger's page is a link only if it leads to a web page. */
function renderTitle({ title, url }: FoundListing): Html {
  return /^https?:\/\//i.test(url)
    ? html`<a href="${url}" rel="noopener noreferrer nofollow">${title}</a>`
    : html`${title}`;
}

/** What became of it, where it cannot be had any more. */
function renderState({ state }: FoundListing): Html {
  return state === "active" ? nothing : html` <span class="quiet outcome">${state}</span>`;
}

function renderPrice({ amount, amount_max, currency, shipping }: FoundListing): Html {
  if (amount === null || currency === null) return html`<span class="quiet">not known</span>`;
  const range = amount_max === null ? amount : `${amount} – ${amount_max}`;
  return html`<strong>${range}</strong> ${currency}${renderShipping(shipping)}`;
}

function renderShipping(shipping: string | null): Html {
  if (shipping === null) return nothing;
  return html`<span class="quiet shipping">${Number(shipping) === 0 ? "free shipping" : `+ ${shipping} shipping`}</span>`;
}

/** Why a price has no value, in words. */
const missingRates = { "no-rate": "no exchange rate", "stale-rate": "exchange rate too old" } as const;

const cents = new Intl.NumberFormat("en", {
  useGrouping: false,
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});

function renderValue({ base_amount, base_currency, base_missing, currency }: FoundListing): Html {
  if (base_amount === null || base_currency === null)
    return html`<span class="quiet">${base_missing === null ? "–" : missingRates[base_missing]}</span>`;
  return html`${base_currency === currency ? "" : "≈ "}${cents.format(Number(base_amount))} ${base_currency}`;
}
