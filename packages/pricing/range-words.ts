import type { Token } from "./scan-tokens.ts";

const rangeWords = new Set("- – ~ 〜 to till bis do à až al tot até hasta до".split(" "));

/** Is this a word or dash that stands between the two ends of a range? */
export function opensRange(token: Token): boolean {
  return (token.kind === "word" || token.kind === "mark") && rangeWords.has(token.text);
}

/** What may stand before a lower end that prints no currency; "Model 2023 – 15 000 €" is no range. */
const fromWords = new Set(
  (
    "from between von zwischen ab vanaf tussen de da dès desde entre od pomiędzy от від между між price prices preis " +
    "prix precio preço prezzo cena ціна цена pris : ( > ="
  ).split(" "),
);

/** Can a range begin after this token? */
export function mayPrecedeRange(token: Token | undefined): boolean {
  if (token === undefined || token.kind === "sign") return true;
  return token.kind !== "number" && fromWords.has(token.text);
}
