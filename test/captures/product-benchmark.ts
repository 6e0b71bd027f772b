import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { PageReading } from "@pricefleet/contracts";
import { currencyOf } from "@pricefleet/pricing";
import { capturesDir, readCapture } from "./index.ts";

/** What people wrote down about a page of the benchmark; what the page does not say is left out. */
interface Annotation {
  url: string;
  price?: string[];
  currency?: string[];
  availability: string[];
}

export interface BenchmarkPage {
  id: string;
  url: string;
  /** Rules were made looking at the pages of the first half only. */
  half: "developed on" | "held out";
  price: string | null;
  currency: string | null;
  availability: "in-stock" | "out-of-stock";
}

/** Annotated with a separator of thousands taken for a decimal point: the pages print "Rs 23,450", "$3.340" and "$5.000". */
const misannotated: Record<string, string> = { "0d1c89": "23450", "3f5c52": "3340", "9f0c6c": "5000" };

export function benchmarkPages(): BenchmarkPage[] {
  const file = join(capturesDir, "product/zyte-benchmark/ground-truth.json");
  const annotations: Record<string, Annotation> = JSON.parse(readFileSync(file, "utf8"));
  return Object.entries(annotations).map(([id, { url, price, currency, availability }]) => ({
    id,
    url,
    half: /^[02468ace]/.test(id) ? "developed on" : "held out",
    price: price?.[0]?.trim() ?? null,
    currency: currency?.[0] ?? null,
    availability: availability[0] === "OutOfStock" ? "out-of-stock" : "in-stock",
  }));
}

export const readBenchmarkPage = ({ id }: BenchmarkPage): string =>
  readCapture(`product/zyte-benchmark/html/${id}.html.gz`);

/** Holds a reading against what people read; null where they wrote nothing down. */
export function judge(page: BenchmarkPage, reading: PageReading) {
  const item = reading.items[0];
  const amount = item?.amount ?? null;
  const isPrice = (price: string | null): boolean | null =>
    price === null ? null : amount !== null && Number(amount) === Number(price);
  return {
    /** By the annotation as it stands. */
    priceAsAnnotated: isPrice(page.price),
    /** By what the page prints. */
    price: isPrice(misannotated[page.id.slice(0, 6)] ?? page.price),
    invented: page.price === null && amount !== null,
    currency:
      page.currency === null
        ? null
        : item?.currency != null &&
          currencyOf(page.currency, { currencyHint: item.currency }) === item.currency,
    availability: item?.availability === page.availability,
    line: `${new URL(page.url).host} ${page.id.slice(0, 6)}: ${page.price} ${page.currency} ${page.availability}, read ${amount} ${item?.currency} ${item?.availability}`,
  };
}
