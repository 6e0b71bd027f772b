import type { findListings, findRuns } from "@pricefleet/database";
import { html, type Html, nothing } from "./html.ts";

type FoundRun = Awaited<ReturnType<typeof findRuns>>["items"][number];
type FoundListing = Awaited<ReturnType<typeof findListings>>["items"][number];

/** What Pricefleet is doing and what it found last, for a person with a browser. Every address is relative, so that it works under /api too. */
export function renderFrontPage(
  runs: readonly FoundRun[],
  listings: readonly FoundListing[],
  now: Date,
): Html {
  const isBusy = runs.some(({ state }) => state === "initializing" || state === "processing");
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
${isBusy ? html`<meta http-equiv="refresh" content="5">` : nothing}
<title>Pricefleet</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="front-page.css">
</head>
<body>
<header>
<h1>Pricefleet</h1>
<p>Prices of things sold on web sites, each with its evidence.</p>
<nav><a href="docs">API documentation</a> <a href="listings">Listings</a> <a href="runs">Runs</a> <a href="searches">Searches</a> <a href="health">Health</a></nav>
</header>
<main>
<section>
<h2>Runs</h2>
${runs.length === 0 ? html`<p class="empty">No run yet. <code>make demo</code> starts one, and so does <code>POST /runs</code>.</p>` : html`<ul class="runs">${runs.map((run) => renderRun(run, now))}</ul>`}
</section>
<section>
<h2>Latest listings</h2>
${listings.length === 0 ? html`<p class="empty">Nothing found yet. What a run finds shows up here at once.</p>` : renderListings(listings, now)}
</section>
</main>
</body>
</html>
`;
}

function renderRun(run: FoundRun, now: Date): Html {
  const { pending, queued, running, done, failed, dead, cancelled } = run.counts;
  const ended = done + failed + dead + cancelled;
  const total = ended + pending + queued + running;
  const words = [
    `${run.found} found`,
    run.confirmed > 0 ? `${run.confirmed} confirmed by card` : "",
    pending + queued > 0 ? `${pending + queued} waiting` : "",
    running > 0 ? `${running} in work` : "",
    `${done} done`,
    failed + dead > 0 ? `${failed + dead} failed` : "",
  ];
  return html`<li>
<div class="run-head"><a href="runs/${run.id}">${run.term ?? run.url ?? ""}</a> <span class="state ${run.state}">${run.state}</span></div>
<progress max="${Math.max(total, 1)}" value="${total === 0 && run.state === "completed" ? 1 : ended}" aria-label="${ended} of ${total} ended"></progress>
<div class="quiet">${words.filter((word) => word !== "").join(" · ")}</div>
<div class="quiet">${run.source}, started ${renderTime(run.created_at, now)}</div>
</li>
`;
}

function renderListings(listings: readonly FoundListing[], now: Date): Html {
  return html`<table>
<thead><tr><th>Title</th><th class="number">Price</th><th>Condition</th><th>Source</th><th>Seen</th><th></th></tr></thead>
<tbody>
${listings.map((listing) => renderListing(listing, now))}</tbody>
</table>`;
}

function renderListing(listing: FoundListing, now: Date): Html {
  return html`<tr>
<td class="title">${renderTitle(listing)}</td>
<td class="number">${renderPrice(listing)}</td>
<td>${listing.condition ?? html`<span class="quiet">–</span>`}</td>
<td>${listing.source}</td>
<td>${renderTime(listing.last_seen_at, now)}</td>
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

function renderPrice({ amount, amount_max, currency, shipping }: FoundListing): Html {
  if (amount === null || currency === null) return html`<span class="quiet">not known</span>`;
  const range = amount_max === null ? amount : `${amount} – ${amount_max}`;
  return html`<strong>${range}</strong> ${currency}${renderShipping(shipping)}`;
}

function renderShipping(shipping: string | null): Html {
  if (shipping === null) return nothing;
  return html`<span class="quiet shipping">${Number(shipping) === 0 ? "free shipping" : `+ ${shipping} shipping`}</span>`;
}

function renderTime(time: Date, now: Date): Html {
  return html`<time datetime="${time.toISOString()}" title="${time.toISOString()}">${ago(now.getTime() - time.getTime())}</time>`;
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 60) return "just now";
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}
