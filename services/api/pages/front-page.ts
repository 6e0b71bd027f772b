import type { findListings, LatestQuote } from "@pricefleet/database";
import { html, type Html, nothing } from "./html.ts";
import { renderListings } from "./listing-table.ts";
import { renderQuotes } from "./quote-tiles.ts";
import { isBusy, renderRuns, type ShownRun } from "./run-cards.ts";

export interface FrontPage {
  runs: readonly ShownRun[];
  /** Null: nobody knows whether they are the latest. */
  quotes: readonly LatestQuote[] | null;
  listings: Awaited<ReturnType<typeof findListings>>["items"];
  baseCurrency: string;
  now: Date;
}

/**
 * What Pricefleet is doing and what it found last, for a person with a browser. Every address is relative, so that it works
 * under /api too. A script keeps it live (browser/front-page.js), which takes the sections by their ids.
 */
export function renderFrontPage({ runs, quotes, listings, baseCurrency, now }: FrontPage): Html {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${runs.some(isBusy) ? html`<noscript><meta http-equiv="refresh" content="5"></noscript>` : nothing}
<title>Pricefleet</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="front-page.css">
<script type="module" src="front-page.js"></script>
</head>
<body data-now="${now.toISOString()}">
<header>
<div class="name"><h1>Pricefleet</h1> <span id="live" role="status"></span></div>
<p>Prices of things sold on web sites, each with its evidence.</p>
<nav><a href="docs">API documentation</a> <a href="listings">Listings</a> <a href="runs">Runs</a> <a href="searches">Searches</a> <a href="quotes">Quotes</a> <a href="health">Health</a></nav>
</header>
<main>
<section aria-labelledby="runs-head">
<h2 id="runs-head">Runs</h2>
<div id="runs">${renderRuns(runs, now)}</div>
</section>
<section aria-labelledby="quotes-head">
<h2 id="quotes-head">Quotes</h2>
<div id="quotes">${renderQuotes(quotes, now)}</div>
</section>
<section aria-labelledby="listings-head">
<h2 id="listings-head">Latest listings</h2>
<div id="listings">${renderListings(listings, baseCurrency, now)}</div>
</section>
</main>
</body>
</html>
`;
}
