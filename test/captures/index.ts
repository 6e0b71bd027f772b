import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Item } from "@pricefleet/contracts";
import { decodeHtml } from "@pricefleet/sources";
import { capturesDir } from "./captures-dir.ts";
import type { Measure } from "./measure.ts";

export { capturesDir, hasCaptures } from "./captures-dir.ts";
export type { Measure } from "./measure.ts";
export { measureOlx, type OlxTruth, olxTruth } from "./olx-truth.ts";

export function readCapture(file: string): string {
  const bytes = readFileSync(join(capturesDir, file));
  return decodeHtml(file.endsWith(".gz") ? gunzipSync(bytes) : bytes);
}

/** The address that a captured page was read from; pages of unknown shops get one of an unknown shop. */
export function addressOf(file: string): string {
  const rows = readFileSync(join(capturesDir, "urls.tsv"), "utf8").split("\n");
  const row = rows.find((line) => line.startsWith(`${file}\t`));
  return row?.split("\t")[1]?.trim() ?? "https://shop.example/page";
}

/** The state that each page of blocked/ is in, by file. */
export function blockedPages(): { file: string; state: string }[] {
  const [, ...rows] = readFileSync(join(capturesDir, "blocked/states.tsv"), "utf8").trim().split("\n");
  return rows.map((row) => {
    const [file = "", state = ""] = row.trim().split("\t");
    return { file: `blocked/${file}`, state };
  });
}

/** What is known of an item of a captured eBay page. */
export interface EbayTruth {
  item_id: string;
  title: string;
  /** As printed: one price; bid and Buy It Now; or the ends of a range with a word between. */
  price_text: string[];
  currency: string;
  /** As printed; null where the thing is not auctioned. Item pages' truth leaves it out. */
  bids?: string | null;
  ended?: boolean;
}

export function ebayTruth(file: string): EbayTruth[] {
  const path = join(capturesDir, file.replace(/^ebay\//, "ebay/truth/").replace(/html$/, "jsonl"));
  const lines = readFileSync(path, "utf8").trim().split("\n");
  return lines.map((line): EbayTruth => JSON.parse(line));
}

/**
 * Holds items that were read against the truth. An item that a page prints twice (eBay repeats results in carousels,
 * at times with another price) is right by either. Reads the printed prices by itself, not by the code under test.
 */
export function measureEbay(items: readonly Item[], truths: readonly EbayTruth[]): Measure {
  const printed = Map.groupBy(truths, (truth) => truth.item_id);
  const found = items.filter((item) => printed.has(item.external_id));
  const wrong = found.filter((item) => !printed.get(item.external_id)?.some((truth) => isRight(item, truth)));
  return {
    found: new Set(found.map((item) => item.external_id)).size,
    known: printed.size,
    invented: items.map((item) => item.external_id).filter((id) => !printed.has(id)),
    right: found.length - wrong.length,
    wrong: wrong.map(
      (item) =>
        `${item.external_id}: printed ${printed
          .get(item.external_id)
          ?.map((truth) => truth.price_text.join(" "))
          .join(" or ")}, ` +
        `read ${item.amount} to ${item.amount_max}, Buy It Now ${item.buy_it_now} (${item.currency})`,
    ),
  };
}

function isRight(item: Item, truth: EbayTruth): boolean {
  const line = truth.price_text.join(" | ");
  const [first, second = null] = (line.match(/\d[\d.,\s]*/g) ?? []).map(centsPrinted);
  const isRange = /\b(bis|to)\b/.test(line);
  return (
    item.currency === truth.currency &&
    centsRead(item.amount) === first &&
    centsRead(isRange ? item.amount_max : item.buy_it_now) === second
  );
}

/** All prices of the captures have two decimals, or none. "1.199,00" is 119900. */
function centsPrinted(number: string): number {
  const digits = number.replace(/\D/g, "");
  return Number(/[.,]\d\d\s*$/.test(number) ? digits : `${digits}00`);
}

function centsRead(amount: string | null): number | null {
  return amount === null ? null : Math.round(Number(amount) * 100);
}
