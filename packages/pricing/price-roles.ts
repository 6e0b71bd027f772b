import type { Token } from "./scan-tokens.ts";

/**
 * What an amount is to the thing for sale, the best first. parsePrice takes the best role of a text, and of `partial`
 * nothing: an instalment, a price per 100 g and a saving are amounts that nobody pays for the thing.
 * `periodic` is paid each month or hour; `beside` is a former price, shipping, or a negative amount.
 */
export type Role = "price" | "periodic" | "beside" | "partial";

const set = (words: string): ReadonlySet<string> => new Set(words.split(" "));

const timesMarks = set("x х × ✕");
const fillers = set("de of à a por po по от from je of zu zum");
const perWords = set("per pro je par por za за на na al la the a an am im pr / w в");
const periods = set(
  "mo mos month months monthly mon monat monats monate monatlich mtl mth mois mensuel mes mês meses mensual mensais mese mies " +
    "miesiąc miesiącu miesięcznie měsíc měsíčně maand luna lună мес месяц місяць міс week weekly woche semaine semana " +
    "tydzień нед неделю day daily tag jour día dia dzień doba dobę день сутки добу year yearly annum jahr an año ano rok " +
    "год рік hour hr h stunde std heure hora godz godzinę час годину night nacht nuit noche noc ночь yr",
);
const measures = set(
  "g gr kg mg dag l lt ltr ml cl dl m mm cm km qm m2 sqft sqm ft yd lb lbs oz gal wh kwh gram grams gramm kilo kilogram " +
    "kilogramm kilogramme liter litre litro litr litra metro mètre meter quadratmeter г гр кг мл л м м2 кв",
);
const formerWords = set(
  "was were statt rrp msrp mrp uvp list retail regular běžná bežná instead zamiast antes avant ehemals vorher bisher originally раньше было стара старая było",
);
/** "Rabatt 5 €" is no price of the thing, but "Discount price 5 €" is, so these only come second. */
const rebateWords = set(
  "discount rabatt rabat rabais remise descuento desconto sconto zľava zľavy sleva slevy скидка знижка zniżka",
);
const savingWords = set(
  "save saved saving savings spare sparen ersparnis économie économisez ahorra ahorro risparmi risparmia oszczędzasz",
);
const savingWordsAfter = set("off rabatt rabais discount скидки скидка saved ersparnis sparen");
const shippingWords = set(
  "shipping postage delivery versand versandkosten lieferung porto livraison envío envio frete spedizione wysyłka " +
    "dostawa doprava доставка доставки verzendkosten verzending frakt",
);
/** "On orders over $49": what to spend, not what the thing costs. */
const thresholdWords = set("orders bestellwert");
const clauseEnds = set(", ; | ( )");
const equals = set("=");
const partWords = set(
  "payments payment instalments installments instalment installment raten rate ratenzahlung rat cuotas cuota parcelas " +
    "mensualités rates платежей платежа платежи",
);

/** What the amount between the tokens `first` and `last` is, by the few words beside it. */
export function roleOf(tokens: readonly Token[], first: number, last: number): Role {
  if (first === 0 && last === tokens.length - 1) return "price";
  if (isInstalment(tokens, first, last) || isPerMeasure(tokens, first, last)) return "partial";
  if (isWordBefore(tokens, first, thresholdWords) || isWordBefore(tokens, first, savingWords))
    return "partial";
  if (isWordAfter(tokens, last, savingWordsAfter)) return "partial";
  if (isWordBefore(tokens, first, formerWords) || isWordBefore(tokens, first, rebateWords)) return "beside";
  if (isShipping(tokens, first, last)) return "beside";
  const after = skipPer(tokens, last + 1);
  return textAt(tokens, after, periods) ? "periodic" : "price";
}

/** "12 x", "12x de", "$44 x 12", "12 payments of". */
function isInstalment(tokens: readonly Token[], first: number, last: number): boolean {
  let before = first - 1;
  if (textAt(tokens, before, fillers)) before--;
  if (textAt(tokens, before, partWords)) return true;
  if (textAt(tokens, before, timesMarks) && tokens[before - 1]?.kind === "number") return true;
  return textAt(tokens, last + 1, timesMarks) && tokens[last + 2]?.kind === "number";
}

/** "/100 g", "per kg", "pro Liter", and before the amount "100 g =". */
function isPerMeasure(tokens: readonly Token[], first: number, last: number): boolean {
  let after = skipPer(tokens, last + 1);
  if (after > last + 1) {
    if (tokens[after]?.kind === "number") after++;
    if (textAt(tokens, after, measures)) return true;
  }
  const isEquation = textAt(tokens, first - 1, equals);
  return isEquation && textAt(tokens, first - 2, measures) && tokens[first - 3]?.kind === "number";
}

function isShipping(tokens: readonly Token[], first: number, last: number): boolean {
  const before = tokens[first - 1];
  if (before?.kind === "mark" && before.text === "+") return true;
  if (isWordBefore(tokens, first, shippingWords)) return true;
  // Words between two amounts belong to the second one: "19,99 € Versand 4,90 €".
  const next = tokens.slice(last + 1, last + 4);
  return (
    isWordAfter(tokens, last, shippingWords) && !next.some(({ kind }) => kind === "number" || kind === "sign")
  );
}

/** After a "/", a "per" or both, the index of what the price is for; else the index given. */
function skipPer(tokens: readonly Token[], index: number): number {
  let after = index;
  while (after < index + 2 && textAt(tokens, after, perWords)) after++;
  return after;
}

function isWordBefore(tokens: readonly Token[], first: number, words: ReadonlySet<string>): boolean {
  return isWordNear(tokens, first, -1, 3, words);
}

function isWordAfter(tokens: readonly Token[], last: number, words: ReadonlySet<string>): boolean {
  return isWordNear(tokens, last, 1, 2, words);
}

/** Is a word of the list among the next tokens? Another amount, or the end of the clause, ends the search. */
function isWordNear(
  tokens: readonly Token[],
  from: number,
  step: 1 | -1,
  reach: number,
  words: ReadonlySet<string>,
): boolean {
  for (let index = from + step; index !== from + step * (reach + 1); index += step) {
    const token = tokens[index];
    if (token === undefined || token.kind === "number" || token.kind === "sign") return false;
    if (clauseEnds.has(token.text)) return false;
    if (words.has(token.text)) return true;
  }
  return false;
}

function textAt(tokens: readonly Token[], index: number, words: ReadonlySet<string>): boolean {
  const token = tokens[index];
  return token !== undefined && (token.kind === "word" || token.kind === "mark") && words.has(token.text);
}

/** Is this number a count, as the 12 of "12 x 44,00" and of "44,00 € x 12"? */
export function isCount(tokens: readonly Token[], index: number): boolean {
  if (textAt(tokens, index + 1, timesMarks)) return true;
  const kind = tokens[index - 2]?.kind;
  return textAt(tokens, index - 1, timesMarks) && (kind === "number" || kind === "sign");
}
