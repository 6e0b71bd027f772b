/**
 * node scripts/measure-extraction.ts
 *
 * Prints how well the sources read the captured pages (docs/extraction.md), and how long it takes.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Item } from "@pricefleet/contracts";
import { createSources } from "@pricefleet/sources";
import {
  addressOf,
  blockedPages,
  capturesDir,
  ebayTruth,
  hasCaptures,
  type Measure,
  measureEbay,
  measureOlx,
  olxTruth,
  readCapture,
} from "../test/captures/index.ts";
import { benchmarkPages, judge, readBenchmarkPage } from "../test/captures/product-benchmark.ts";
import { medianCpuMs } from "./median-cpu-ms.ts";

const ROUNDS = 15;

if (hasCaptures) {
  printSite("ebay", (items, file) => measureEbay(items, ebayTruth(file)));
  printSite("olx", (items, file) => measureOlx(items, olxTruth(file)));
  printProducts();
  printBlocked();
} else {
  console.error(`There are no captures at ${capturesDir}; CAPTURES_DIR names another place`);
  process.exitCode = 1;
}

function printSite(site: string, measure: (items: Item[], file: string) => Measure): void {
  const sources = createSources({});
  console.log(
    `\n| ${site} page | size KB | items known | found | invented | amount and currency right | median CPU ms |`,
  );
  console.log("|---|--:|--:|--:|--:|--:|--:|");
  for (const name of readdirSync(join(capturesDir, site)).filter((name) => name.endsWith(".html"))) {
    const file = `${site}/${name}`;
    const page = { url: addressOf(file), html: readCapture(file), status: null };
    const { found, known, right, invented, wrong } = measure(sources.read(page).items, file);
    const cells = [
      name,
      Math.round(page.html.length / 1024),
      known,
      found,
      invented.length,
      right,
      medianCpuMs(ROUNDS, () => sources.read(page)).toFixed(0),
    ];
    console.log(`| ${cells.join(" | ")} |`);
    for (const line of wrong) console.log(`wrong: ${line}`);
  }
}

function printProducts(): void {
  const sources = createSources({});
  const judged = benchmarkPages().map((page) => {
    const reading = sources.read(
      { url: page.url, html: readBenchmarkPage(page), status: null },
      sources.byName("product-page"),
    );
    return { half: page.half, ...judge(page, reading) };
  });
  console.log(
    "\n| product pages | pages | price as annotated | as printed | invented | currency right | availability right |",
  );
  console.log("|---|--:|--:|--:|--:|--:|--:|");
  for (const half of ["developed on", "held out", "all"]) {
    const pages = judged.filter((page) => half === "all" || page.half === half);
    const share = (key: "priceAsAnnotated" | "price" | "currency" | "availability"): string => {
      const known = pages.filter((page) => page[key] !== null);
      return `${known.filter((page) => page[key]).length} of ${known.length}`;
    };
    const invented = pages.filter((page) => page.invented).length;
    const cells = [
      half,
      pages.length,
      share("priceAsAnnotated"),
      share("price"),
      invented,
      share("currency"),
      share("availability"),
    ];
    console.log(`| ${cells.join(" | ")} |`);
  }
  for (const { price, currency, availability, invented, line } of judged) {
    if (price === false || currency === false || !availability || invented) console.log(`wrong: ${line}`);
  }
}

function printBlocked(): void {
  const sources = createSources({});
  const pages = blockedPages();
  const right = pages.filter(({ file, state }) => {
    const reading = sources.read({ url: addressOf(file), html: readCapture(file), status: null });
    return reading.state === state && reading.items.length === 0;
  });
  console.log(`\nwalls told for what they are: ${right.length} of ${pages.length}`);
}
