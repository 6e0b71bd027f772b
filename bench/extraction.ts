/**
 * node bench/extraction.ts: processor time to read captured pages of every kind, and memory over many (PAGES=10000).
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { PageInput, Source } from "@pricefleet/contracts";
import { createSources } from "../packages/sources/index.ts";
import { addressOf, capturesDir, hasCaptures, readCapture } from "../test/captures/index.ts";
import { benchmarkPages, readBenchmarkPage } from "../test/captures/product-benchmark.ts";
import { medianCpuMs } from "../scripts/median-cpu-ms.ts";

const ROUNDS = 7;
const PAGES = Number(process.env["PAGES"] ?? 10_000);
/** When every page has been read a few times, so that what is kept once for each is there. */
const SETTLED_AFTER_PAGES = 1_000;

interface CapturedPage {
  name: string;
  page: PageInput;
  source: Source | undefined;
}

const sources = createSources({});

if (hasCaptures) measure();
else console.log("Not measured: there are no captured pages beside the repository");

function measure(): void {
  const sites = ["ebay", "olx", "marketplace-other"].flatMap(capturesOf);
  const products = benchmarkPages().map((page): CapturedPage => {
    const html = readBenchmarkPage(page);
    const name = `${new URL(page.url).host} ${page.id.slice(0, 6)}`;
    return { name, page: { url: page.url, html, status: null }, source: sources.byName("product-page") };
  });
  printTimes("result pages, for 1 MB (goal 100 ms)", 1024, sites.filter(isSearch));
  printTimes(
    "item pages of marketplaces, for 500 KB (goal 40 ms)",
    500,
    sites.filter((page) => !isSearch(page)),
  );
  printTimes("product pages of any shop, for 500 KB (goal 40 ms)", 500, products);
  printMemory([...sites, ...products]);
}

function capturesOf(folder: string): CapturedPage[] {
  return readdirSync(join(capturesDir, folder))
    .filter((name) => name.endsWith(".html"))
    .map((name) => {
      const file = `${folder}/${name}`;
      return {
        name: file,
        page: { url: addressOf(file), html: readCapture(file), status: null },
        source: undefined,
      };
    });
}

function isSearch({ page }: CapturedPage): boolean {
  return sources.forUrl(page.url)?.kindOf(new URL(page.url)) === "search";
}

/** Of pages under 100 KB the fixed cost of a page would be taken for its size. */
function printTimes(what: string, perKilobytes: number, pages: readonly CapturedPage[]): void {
  const times = pages
    .filter(({ page }) => page.html.length > 100 * 1024)
    .map(({ name, page, source }) => {
      const kilobytes = page.html.length / 1024;
      const ms = medianCpuMs(ROUNDS, () => sources.read(page, source));
      return { name, kilobytes, ms, share: (ms / kilobytes) * perKilobytes };
    });
  const kilobytes = times.reduce((sum, time) => sum + time.kilobytes, 0);
  const ms = times.reduce((sum, time) => sum + time.ms, 0);
  const [slowest] = times.toSorted((a, b) => b.share - a.share);
  if (slowest === undefined) return;
  console.log(`${what}: ${((ms / kilobytes) * perKilobytes).toFixed(1)} ms over ${times.length} pages`);
  console.log(
    `  slowest: ${slowest.share.toFixed(1)} ms (${slowest.ms.toFixed(1)} ms for the ${slowest.kilobytes.toFixed(0)} KB of ${slowest.name})`,
  );
}

function printMemory(pages: readonly CapturedPage[]): void {
  setFlagsFromString("--expose-gc");
  const collectGarbage: () => void = runInNewContext("gc");
  const kept = (): number => {
    collectGarbage();
    return process.memoryUsage().heapUsed / 1_048_576;
  };
  let settledMb = Number.NaN;
  for (let count = 1; count <= PAGES; count++) {
    const next = pages[count % pages.length];
    if (next !== undefined) sources.read(next.page, next.source);
    if (count === SETTLED_AFTER_PAGES) settledMb = kept();
  }
  const endMb = kept();
  console.log(
    `heap after ${SETTLED_AFTER_PAGES} pages ${settledMb.toFixed(1)} MB, after ${PAGES} ${endMb.toFixed(1)} MB: ` +
      `${(endMb / settledMb).toFixed(3)} times; ${(process.memoryUsage.rss() / 1_048_576).toFixed(0)} MB resident`,
  );
}
