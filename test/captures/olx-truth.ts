import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Item } from "@pricefleet/contracts";
import { capturesDir } from "./captures-dir.ts";
import type { Measure } from "./measure.ts";

/** What is known of an ad of a captured OLX page. */
export interface OlxTruth {
  /** Left out of ads' own pages. */
  url?: string;
  /** The ad's number; null where the card does not tell it. */
  id?: string | null;
  title: string;
  /** As printed: "2 800 zł do negocjacji"; without digits where no price is named. */
  price_text: string;
  currency: string;
}

export function olxTruth(file: string): OlxTruth[] {
  const path = join(capturesDir, file.replace(/^olx\//, "olx/truth/").replace(/html$/, "jsonl"));
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return lines.map((line): OlxTruth => JSON.parse(line));
}

/** Holds ads against the truth, by their addresses. Reads the printed prices by itself, not by the code under test. */
export function measureOlx(items: readonly Item[], truths: readonly OlxTruth[]): Measure {
  const known = new Map(truths.map((truth) => [keyOf(truth.url ?? items[0]?.url ?? ""), truth]));
  const truthOf = (item: Item) => known.get(keyOf(item.url));
  const found = items.filter((item) => truthOf(item) !== undefined);
  const wrong = found.filter((item) => !isRight(item, truthOf(item)));
  return {
    found: new Set(found.map((item) => keyOf(item.url))).size,
    known: known.size,
    invented: items.filter((item) => truthOf(item) === undefined).map((item) => item.external_id),
    right: found.length - wrong.length,
    wrong: wrong.map(
      (item) =>
        `${item.external_id}: printed ${truthOf(item)?.price_text} by ${truthOf(item)?.id}, read ${item.amount} ${item.currency}`,
    ),
  };
}

/** The last part of an ad's path: the title and the number. */
function keyOf(url: string): string {
  return /[^/]+\.html/.exec(url)?.[0] ?? url;
}

function isRight(item: Item, truth: OlxTruth | undefined): boolean {
  if (truth === undefined) return false;
  const isNumberRight = truth.id == null || item.external_id.startsWith(`${truth.id}-`);
  const printed = /\d[\d\s]*(,\d+)?/.exec(truth.price_text)?.[0].replace(/\s/g, "").replace(",", ".") ?? null;
  const isPriceRight = item.amount === printed && (printed === null || item.currency === truth.currency);
  return isNumberRight && isPriceRight;
}
