import type { Availability } from "@pricefleet/contracts";
import { currencyOf, parsePrice, parsePriceRange, parsePrices } from "@pricefleet/pricing";
import { type Element, isElement, shortText } from "../reading/index.ts";
import { type PageFacts, type ProductSays, saysNothing } from "./product-says.ts";
import { realAmount } from "./values.ts";
import { namesOf, type PieceOfText, type VisibleText } from "./visible-text.ts";
import {
  currentPriceName,
  inStockWords,
  listPriceLabel,
  notThePrice,
  otherLabel,
  outOfStockWords,
  priceName,
  soldWords,
} from "./visible-words.ts";

/** A price is a short text: "from EUR 1.299,00 incl. VAT". */
const LONGEST_PRICE = 40;
/** "You save:", "Instead of"; what is longer is a heading or a sentence. */
const LONGEST_LABEL = 30;
/** Names of so many elements around an amount tell what it is. */
const LEVELS_OF_NAMES = 4;
/** The product's price stands near its heading or its buy button; so many characters away is another part of the page. */
const FAR_CHARACTERS = 3_000;
const LEAST_SCORE = 4;

const currencySign = /\p{Sc}|\b[A-Z]{3}\b/u;

interface Candidate {
  amount: string;
  amountMax: string | null;
  currency: string | null;
  at: number;
  isStruck: boolean;
  score: number;
}

/**
 * The price that a visitor sees, by rules that hold for shops in general. Each amount with a currency gets points for
 * being called a price by the page's author, for standing soon after the heading and near the buy button; none are
 * considered that are savings, shipping, instalments, prices by measure, or links to other pages.
 */
export function readVisibleProduct(
  visible: VisibleText,
  page: PageFacts,
  currencyHint: string | null,
): ProductSays {
  const candidates = candidatesIn(visible, page, currencyHint);
  const best = candidates
    .filter(({ isStruck, score }) => !isStruck && score >= LEAST_SCORE)
    .reduce<Candidate | null>((best, next) => (best === null || next.score > best.score ? next : best), null);
  const list =
    best &&
    candidates.find(
      ({ isStruck, at, amount }) =>
        isStruck && Math.abs(at - best.at) < 300 && Number(amount) > Number(best.amount),
    );
  return {
    ...saysNothing,
    amount: best?.amount ?? null,
    amountMax: best?.amountMax ?? null,
    currency: best?.currency ?? null,
    listPrice: list?.amount ?? null,
    availability: availabilityIn(visible, best?.at ?? null),
  };
}

function candidatesIn(visible: VisibleText, page: PageFacts, currencyHint: string | null): Candidate[] {
  const hints = { domain: page.url.hostname, locale: page.locale, currencyHint };
  const known = new Set<Element>();
  return visible.pieces.flatMap((piece, index) => {
    if (!/\d/.test(piece.text) || piece.text.length > 60) return [];
    const element = priceElement(piece.element);
    if (element === null || known.has(element)) return [];
    known.add(element);

    const text = joinedCents(element);
    const price = parsePriceRange(text, hints);
    const amount = realAmount(price?.amount ?? null);
    const isSigned = printsCurrency(text, hints);
    if (price === null || amount === null) return [];

    const names = namesAround(element);
    if (!isSigned && !(currencyHint !== null && priceName.test(names))) return [];
    const label = visible.pieces
      .slice(Math.max(0, index - 3), index)
      .findLast((before) => !text.includes(before.text));
    const labelText = label !== undefined && piece.at - label.at < LONGEST_LABEL ? label.text : "";
    // With its label in front, a saving or an instalment is known for what it is.
    if (
      notThePrice.test(names) ||
      otherLabel.test(labelText) ||
      parsePrice(`${labelText} ${text}`, hints) === null
    )
      return [];
    const isStruck = piece.isStruck || listPriceLabel.test(labelText);
    return [
      {
        amount,
        amountMax: realAmount(price.amountMax),
        currency: price.currency,
        at: piece.at,
        isStruck,
        score: scoreOf(piece, names, visible),
      },
    ];
  });
}

/** A sign that several currencies share, such as "$" or "kr", is a currency as well, though not known which. */
function printsCurrency(
  text: string,
  { domain, locale }: { domain: string; locale: string | null },
): boolean {
  const possible = [null, "USD", "SEK", "JPY"];
  return possible.some((currencyHint) => currencyOf(text, { domain, locale, currencyHint }) !== null);
}

/** The largest element around a text with a digit that still is one price: "<b>19</b><sup>99</sup> €". */
function priceElement(innermost: Element): Element | null {
  let found: Element | null = null;
  let element: Element | null = innermost;
  while (element !== null) {
    const text = shortText(element, LONGEST_PRICE);
    if (text.length > LONGEST_PRICE) break;
    if (
      found !== null &&
      parsePrices(text).length > 1 &&
      parsePrices(shortText(found, LONGEST_PRICE)).length === 1
    )
      break;
    if (found !== null && runsIntoNumber(found, element, text)) break;
    found = element;
    const { parent }: Element = element;
    element = parent !== null && "attribs" in parent ? parent : null;
  }
  return found;
}

/** "$200" beside "2 bids" is not $2002: what ends in a whole price goes on with cents or not at all. */
function runsIntoNumber(inner: Element, outer: Element, outerText: string): boolean {
  const innerText = shortText(inner, LONGEST_PRICE);
  if (!currencySign.test(innerText) || !/\d$/.test(innerText)) return false;
  const after = outerText.slice(outerText.indexOf(innerText) + innerText.length);
  return /^\d/.test(after) && !outer.children.some((child) => isElement(child) && child.name === "sup");
}

/** Cents set as a superscript have no point before them. */
function joinedCents(element: Element): string {
  const text = shortText(element, LONGEST_PRICE);
  const whole = element.children.flatMap((child) =>
    "attribs" in child && child.name === "sup" ? shortText(child, 4) : [],
  );
  const cents = whole.find((text) => /^\d\d$/.test(text));
  return cents !== undefined && text.endsWith(cents) && !/[.,]\d\d$/.test(text)
    ? `${text.slice(0, -2)}.${cents}`
    : text;
}

function namesAround(element: Element): string {
  const names: string[] = [];
  let around: Element | null = element;
  for (let level = 0; level < LEVELS_OF_NAMES && around !== null; level++) {
    names.push(namesOf(around));
    const { parent }: Element = around;
    around = parent !== null && "attribs" in parent ? parent : null;
  }
  return names.join(" ");
}

function scoreOf(piece: PieceOfText, names: string, visible: VisibleText): number {
  let score = 0;
  if (priceName.test(names)) score += 4;
  if (priceName.test(names) && currentPriceName.test(names)) score += 1;
  if (piece.isLinked) score -= 5;
  if (visible.headingAt !== null) {
    const distance = piece.at - visible.headingAt;
    if (distance < 0) score -= 2;
    else score += 4 * Math.max(0, 1 - distance / FAR_CHARACTERS) - (distance > FAR_CHARACTERS ? 3 : 0);
  }
  const nearest = Math.min(
    ...visible.buyButtonsAt.slice(0, 100).map((at) => Math.abs(at - piece.at)),
    Number.POSITIVE_INFINITY,
  );
  if (nearest < FAR_CHARACTERS) score += 2 * (1 - nearest / FAR_CHARACTERS);
  return score;
}

/** What is said near the heading or the price; further down it is said of something else. */
function availabilityIn(visible: VisibleText, priceAt: number | null): Availability | null {
  const from = Math.min(visible.headingAt ?? 0, priceAt ?? Number.POSITIVE_INFINITY) - 200;
  const near = visible.pieces.filter(
    ({ at, isLinked }) => at >= from && at <= from + FAR_CHARACTERS && !isLinked,
  );
  if (near.some(({ text }) => soldWords.test(text))) return "sold";
  for (const { text } of near) {
    if (outOfStockWords.test(text)) return "out-of-stock";
    if (inStockWords.test(text)) return "in-stock";
  }
  return visible.buyButtonsAt.length > 0 ? "in-stock" : null;
}
