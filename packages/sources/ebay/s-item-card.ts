import { type Html, type Selection, textOf } from "../reading/index.ts";
import type { CardText } from "./card-text.ts";

/** The layout of 2018 to 2025: `li.s-item`, each thing in a class of its own. */
export function readSItemCard(html: Html, card: Selection): CardText {
  const linesOf = (selector: string): string[] =>
    card
      .find(selector)
      .toArray()
      .map((element) => textOf(html(element)));
  const lineOf = (selector: string): string | null => linesOf(selector).find((line) => line !== "") ?? null;

  const title = card.find(".s-item__title").first().clone();
  title.find(".LIGHT_HIGHLIGHT, .clipped").remove();
  const image = card.find(".s-item__image img, .s-item__image-img").first();
  return {
    href: card.find("a.s-item__link, .s-item__image a").first().attr("href") ?? null,
    title: textOf(title),
    priceLines: linesOf(".s-item__price"),
    listPrice: lineOf(".STRIKETHROUGH:not(.s-item__price .STRIKETHROUGH)"),
    condition: lineOf(".SECONDARY_INFO"),
    seller: sellerOf(lineOf(".s-item__seller-info-text, .s-item__etrs-text")),
    imageUrl: image.attr("data-src") ?? image.attr("src") ?? null,
    timeLeft: lineOf(".s-item__time-left"),
    endedLine: endedLine(
      lineOf(".s-item__title--tag .POSITIVE, .s-item__caption"),
      lineOf(".s-item__ended-date"),
    ),
    lines: linesOf(".s-item__detail"),
  };
}

/** "Sold Mar 6, 2026" in the caption; a listing that ended unsold has the date alone, in another place. */
function endedLine(caption: string | null, endedDate: string | null): string | null {
  return caption ?? (endedDate === null ? null : `Ended ${endedDate}`);
}

/** "missing.parts 100% positive (9.6K)"; the same place says "Top Rated Plus" on older pages. */
function sellerOf(line: string | null): string | null {
  return line === null ? null : (/^(\S+)\s.*\d\s?%/.exec(line)?.[1] ?? null);
}
