import { type Html, type Selection, textOf } from "../reading/index.ts";
import type { CardText } from "./card-text.ts";

/**
 * The layout since 2025: `li.s-card`. Its classes say how a text looks, not what it means: a row is known
 * by its place, the other rows by their words.
 */
export function readSCardCard(html: Html, card: Selection): CardText {
  const linesOf = (selector: string): string[] =>
    card
      .find(selector)
      .toArray()
      .map((element) => textOf(html(element)));
  const lineOf = (selector: string): string | null => linesOf(selector).find((line) => line !== "") ?? null;

  const title = card.find(".s-card__title").first().clone();
  title.find(".clipped, .s-card__new-listing").remove();
  const image = card.find("img.s-card__image").first();
  const priceRows = card.find(".s-card__attribute-row:has(.s-card__price)").toArray();
  return {
    href: card.find('a[href*="/itm/"]').first().attr("href") ?? null,
    title: textOf(title),
    priceLines: priceRows.map((row) => joined(html, html(row).find(".s-card__price"))),
    listPrice: lineOf(".s-card__price ~ .su-spacer ~ .su-styled-text:last-child"),
    condition: conditionOf(html, card.find(".s-card__subtitle").last()),
    seller: sellerOf(linesOf(".su-card-container__attributes__secondary .s-card__attribute-row")),
    imageUrl: image.attr("data-defer-load") ?? image.attr("src") ?? null,
    timeLeft: lineOf(".s-card__time-left, .s-item__time-left"),
    endedLine: lineOf(".s-card__caption .su-styled-text"),
    lines: linesOf(".s-card__attribute-row"),
  };
}

/** The texts with a space between: neighbours in the markup have none, though they are read apart. */
function joined(html: Html, texts: Selection): string {
  return texts
    .toArray()
    .map((element) => textOf(html(element)))
    .join(" ");
}

/** A card's last subtitle is eBay's: "Neu | Gewerblich", "Open box · Lenovo"; a seller's own line stands before it. */
function conditionOf(html: Html, subtitle: Selection): string | null {
  const [condition] = joined(html, subtitle.find(".su-styled-text")).split(/\s*[|·]\s*/);
  return condition === undefined || condition === "" ? null : condition;
}

/** The row such as "goodtech1101 98,8% positivo (2,7K)". */
function sellerOf(rows: string[]): string | null {
  const seller = rows.map((row) => /^(\S+?)\s?\d[\d.,]*\s?%/.exec(row)?.[1]);
  return seller.find((name) => name !== undefined) ?? null;
}
