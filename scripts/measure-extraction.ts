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

const ROUNDS = 15;

if (hasCaptures) {
  printSite("ebay", (items, file) => measureEbay(items, ebayTruth(file)));
  printSite("olx", (items, file) => measureOlx(items, olxTruth(file)));
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
      medianCpuMs(() => sources.read(page)).toFixed(0),
    ];
    console.log(`| ${cells.join(" | ")} |`);
    for (const line of wrong) console.log(`wrong: ${line}`);
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
