import type { Measure } from "@pricefleet/contracts";
import type { LatestQuote } from "@pricefleet/database";
import { instrumentOf, isStale } from "../market/quote-view.ts";
import { shownPrice } from "./browser/words.js";
import { html, type Html, nothing } from "./html.ts";
import { renderAge } from "./times.ts";

/** @param quotes null: they may have changed unheard, so none is shown as the latest. */
export function renderQuotes(quotes: readonly LatestQuote[] | null, now: Date): Html {
  if (quotes === null)
    return html`<p class="empty">Not known right now: prices may have changed unheard. Asked for again every few seconds.</p>`;
  if (quotes.length === 0)
    return html`<p class="empty">Nothing is quoted yet. A worker for <code>quote_refresh</code> reads quotes from pages, a streamer hears them live.</p>`;
  const sorted = quotes.toSorted((a, b) => Number(isPair(a)) - Number(isPair(b)));
  return html`<ul class="quotes" tabindex="0" aria-label="Latest quotes">${sorted.map((row) => renderTile(row, now))}</ul>`;
}

/** What is quoted by the piece, such as a currency, is no good that is weighed. */
function isPair({ unit }: LatestQuote): boolean {
  return unit === "unit";
}

const shortUnits: Record<Measure, string> = {
  unit: "unit",
  "troy-ounce": "troy oz",
  gram: "g",
  kilogram: "kg",
  pound: "lb",
};

function renderTile(row: LatestQuote, now: Date): Html {
  const instrument = instrumentOf(row);
  const label = isPair(row) ? `${row.asset}/${row.currency}` : row.name;
  const per = isPair(row)
    ? nothing
    : html` <span class="quiet">${row.currency} per ${shortUnits[row.unit]}</span>`;
  return html`<li data-instrument="${instrument}">
<div><a href="quotes/${encodeURIComponent(instrument)}" title="${row.name}, ${instrument}">${label}</a>${per}</div>
<div class="quote"><data value="${row.price}">${shownPrice(row.price)}</data> <span class="quiet"><strong class="stale"${isStale(row, now.getTime()) ? nothing : html` hidden`}>stale</strong> ${renderAge(row.quoted_at, now)}</span></div>
</li>
`;
}
