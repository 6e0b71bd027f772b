import { type Html, type Selection, textOf } from "../reading/index.ts";
import { nonEmpty, oneLine, type PrintedAd } from "./build-item.ts";
import { piecedTextOf } from "./text-pieces.ts";

export interface Card extends PrintedAd {
  href: string;
  /** The ad's number; cards before 2023 do not tell it. */
  number: string | null;
  /** Does its link say that OLX widened the search to find it? */
  isExtended: boolean;
}

/** A result as all layouts since 2022 print it; null for a placeholder without a link. */
export function readCard(html: Html, card: Selection): Card | null {
  const href = card.find("a[href]").first().attr("href");
  if (href === undefined) return null;
  const id = card.attr("id") ?? "";
  const image = card.find("img").first();
  const titles = card.find("h3, h4, h5, h6").toArray();
  const title = titles.map((element) => textOf(html(element))).find((text) => text !== "");
  return {
    href,
    number: /^\d+$/.test(id) ? id : null,
    isExtended: /[?&](search_)?reason=[^&]*extended/.test(href),
    title: title ?? oneLine(image.attr("alt") ?? ""),
    priceText: piecedTextOf(card.find('[data-testid="ad-price"]').first()),
    condition: nonEmpty(card.find("span[title]").first().attr("title")),
    seller: null,
    imageUrl: image.attr("src") ?? null,
  };
}
