import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { parsePrice } from "../packages/pricing/index.ts";

const ROUNDS = 15;
const STRINGS_A_ROUND = 200_000;

const sampleTexts = [
  "$19.99",
  "EUR 17,72 bis EUR 18,66",
  "US $1,234.50",
  "1 200 грн.",
  "12 097 800 сум",
  "2 800 zł do negocjacji",
  "CHF 1'049.95",
  "Was $120.00 Now $60.00",
  "R$ 528,00 ou 12x de R$ 44,00 sem juros",
  "2,99 € (29,90 €/kg)",
];
const capturesDir = resolve(process.env.CAPTURES_DIR ?? join(import.meta.dirname, "../../shared/captures"));
const pricesFile = join(capturesDir, "prices/price-strings.jsonl");

/** The collected strings where they are present, else a few of the same kind. */
function readTexts(): string[] {
  if (!existsSync(pricesFile)) return sampleTexts;
  const rows = readFileSync(pricesFile, "utf8").trim().split("\n");
  return rows.flatMap((row) => {
    const { raw_price } = JSON.parse(row) as { raw_price: string | null };
    return raw_price === null ? [] : [raw_price];
  });
}

/** Time of the processor, not of the clock, so that other programs on the machine do not count. */
function microsecondsAString(
  texts: readonly string[],
  options: { currencyHint?: string; locale?: string },
): number[] {
  const passes = Math.ceil(STRINGS_A_ROUND / texts.length);
  return Array.from({ length: ROUNDS }, () => {
    const started = process.cpuUsage();
    for (let pass = 0; pass < passes; pass++) for (const text of texts) parsePrice(text, options);
    const { user, system } = process.cpuUsage(started);
    return (user + system) / (passes * texts.length);
  }).toSorted((a, b) => a - b);
}

const texts = readTexts();
console.log(`${texts.length} strings, ${ROUNDS} rounds`);
for (const [name, options] of [
  ["no hints", {}],
  ["currencyHint and locale", { currencyHint: "USD", locale: "en-US" }],
] as const) {
  const times = microsecondsAString(texts, options);
  const median = times[Math.floor(times.length / 2)] ?? Number.NaN;
  console.log(`${name}: ${median.toFixed(2)} µs a string (fastest round ${times[0]?.toFixed(2)})`);
}
