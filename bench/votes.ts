/** node bench/votes.ts: what it costs that every method of reading a price has a vote. */
import { priceMethods } from "../packages/contracts/index.ts";
import { settleVotes } from "../packages/pricing/index.ts";
import { createSources } from "../packages/sources/index.ts";
import { parseHtml, readStructuredOffer } from "../packages/sources/reading/index.ts";
import { addressOf, hasCaptures, readCapture } from "../test/captures/index.ts";
import { benchmarkPages, readBenchmarkPage } from "../test/captures/product-benchmark.ts";
import { medianCpuMs } from "../scripts/median-cpu-ms.ts";

const ROUNDS = 7;
/** A vote is too quick to be measured alone. */
const VOTES = 200;

/** Of sites that need no markup to be read: what their pages are read for besides is votes. */
const itemPages = [
  "ebay/2020-item-com-21e7.html",
  "ebay/2020-item-couk-359c.html",
  "ebay/2020-item-ie-5cea.html",
  "ebay/2025-06-item-com-rtx5090.html",
  "olx/2026-02-ad-pl-praga.html",
  "olx/2026-05-ad-uz-owner.html",
];

if (hasCaptures) {
  measureVotes();
  measureMarkup();
} else console.log("Not measured: there are no captured pages beside the repository");

function measureVotes(): void {
  const source = createSources({}).byName("product-page");
  const pages = benchmarkPages().map((page) => ({
    url: page.url,
    html: readBenchmarkPage(page),
    status: null,
  }));
  const ms = pages.reduce((sum, page) => sum + medianCpuMs(ROUNDS, () => source.read(page, "listing")), 0);
  const votesOfPages = pages.map((page) =>
    Object.entries(source.read(page, "listing").items[0]?.methods ?? {}).map(([method, amount]) => ({
      method: priceMethods.find((known) => known === method) ?? "adapter",
      amount,
      currency: null,
    })),
  );
  const votingMs = medianCpuMs(ROUNDS, () => {
    for (let round = 0; round < VOTES; round++)
      for (const votes of votesOfPages) settleVotes(votes, "any-page");
  });
  const votingUs = (votingMs * 1_000) / VOTES / pages.length;
  const pageUs = (ms * 1_000) / pages.length;
  console.log(
    `votes: ${votingUs.toFixed(1)} us a page, ${(pageUs / (pageUs - votingUs)).toFixed(4)} times the processor time without`,
  );
}

/** JSON-LD, microdata and OpenGraph of pages whose price is printed: availability is in them as well. */
function measureMarkup(): void {
  const sources = createSources({});
  let all = 0;
  let markup = 0;
  for (const file of itemPages) {
    const page = { url: addressOf(file), html: readCapture(file), status: null };
    const html = parseHtml(page.html);
    all += medianCpuMs(ROUNDS, () => sources.read(page));
    if (html !== null) markup += medianCpuMs(ROUNDS, () => readStructuredOffer(html));
  }
  console.log(
    `markup read for its votes, eBay and OLX: ${(all / (all - markup)).toFixed(2)} times the processor time without`,
  );
}
