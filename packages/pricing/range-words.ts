import type { Token } from "./scan-tokens.ts";

const rangeWords = new Set("- – ~ 〜 to till bis do à až al tot até hasta до".split(" "));

/** Is this a word or dash that stands between the two ends of a range? */
export function opensRange(token: Token): boolean {
  return (token.kind === "word" || token.kind === "mark") && rangeWords.has(token.text);
}
