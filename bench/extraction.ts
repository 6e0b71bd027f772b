/** node bench/extraction.ts: processor time to read product pages, and memory over many (PAGES=10000). */
import { priceMethods } from "../packages/contracts/index.ts";
import { settleVotes } from "../packages/pricing/index.ts";
import { createSources } from "../packages/sources/index.ts";
import { parseHtml, readStructuredOffer } from "../packages/sources/reading/index.ts";
import { addressOf, hasCaptures, readCapture } from "../test/captures/index.ts";
import { benchmarkPages, readBenchmarkPage } from "../test/captures/product-benchmark.ts";

const ROUNDS = 7;
/** A vote is too quick to be measured alone. */
const VOTES = 200;
const PAGES = Number(process.env["PAGES"] ?? 10_000);
const LARGEST_OF_MANY_BYTES = 300_000;

/** Of sites that need no markup to be read: what their pages are read for besides is votes. */
const itemPages = [
  "ebay/2020-item-com-21e7.html",
  "ebay/2020-item-couk-359c.html",
  "ebay/2020-item-ie-5cea.html",
  "ebay/2025-06-item-com-rtx5090.html",
  "olx/2026-02-ad-pl-praga.html",
  "olx/2026-05-ad-uz-owner.html",
];

if (hasCaptures) measure();
else console.log("Not measured: there are no captured pages beside the repository");

function measure(): void {
  const source = createSources({}).byName("product-page");
  const pages = benchmarkPages().map((page) => ({
    url: page.url,
    html: readBenchmarkPage(page),
    status: null,
  }));
  const times = pages.map((page) => ({
    kilobytes: page.html.length / 1024,
    ms: medianCpuMs(() => source.read(page, "listing")),
  }));
  const kilobytes = times.reduce((sum, time) => sum + time.kilobytes, 0);
  const ms = times.reduce((sum, time) => sum + time.ms, 0);
  const slowest = Math.max(
    ...times.filter(({ kilobytes }) => kilobytes > 400 && kilobytes < 550).map(({ ms }) => ms),
  );
  console.log(`product pages: ${((ms / kilobytes) * 500).toFixed(1)} ms of processor time for 500 KB`);
  console.log(`slowest of 400 to 550 KB: ${slowest.toFixed(1)} ms`);

  const votesOfPages = pages.map((page) =>
    Object.entries(source.read(page, "listing").items[0]?.methods ?? {}).map(([method, amount]) => ({
      method: priceMethods.find((known) => known === method) ?? "adapter",
      amount,
      currency: null,
    })),
  );
  const votingMs = medianCpuMs(() => {
    for (let round = 0; round < VOTES; round++)
      for (const votes of votesOfPages) settleVotes(votes, "any-page");
  });
  const votingUs = (votingMs * 1_000) / VOTES / pages.length;
  const pageUs = (ms * 1_000) / pages.length;
  console.log(
    `votes: ${votingUs.toFixed(1)} us a page, ${(pageUs / (pageUs - votingUs)).toFixed(4)} times the processor time without`,
  );

  measureMarkup();

  const small = pages.filter(({ html }) => html.length < LARGEST_OF_MANY_BYTES);
  for (let count = 1; count <= PAGES; count++) {
    const page = small[count % small.length];
    if (page !== undefined) source.read(page, "listing");
    if (count % (PAGES / 10) === 0) {
      const rssMb = process.memoryUsage.rss() / 1_048_576;
      console.log(`after ${count} pages: ${rssMb.toFixed(0)} MB resident`);
    }
  }
}

/** JSON-LD, microdata and OpenGraph of pages whose price is printed: availability is in them as well. */
function measureMarkup(): void {
  const sources = createSources({});
  let all = 0;
  let markup = 0;
  for (const file of itemPages) {
    const page = { url: addressOf(file), html: readCapture(file), status: null };
    const html = parseHtml(page.html);
    all += medianCpuMs(() => sources.read(page));
    if (html !== null) markup += medianCpuMs(() => readStructuredOffer(html));
  }
  console.log(
    `markup read for its votes, eBay and OLX: ${(all / (all - markup)).toFixed(2)} times the processor time without`,
  );
}

/** Processor time rather than the clock's, so that the figure is the same on a busy machine. */
function medianCpuMs(read: () => unknown): number {
  const times = Array.from({ length: ROUNDS }, () => {
    const start = process.cpuUsage();
    read();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1_000;
  });
  return times.toSorted((a, b) => a - b)[Math.floor(ROUNDS / 2)] ?? Number.NaN;
}
