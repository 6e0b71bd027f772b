import { type Html, textOf } from "../reading/index.ts";

/**
 * What the seller wrote about the thing. eBay shows it in a frame from another host, so mostly only the beginning
 * is there, in the text for link previews; where the seller wrote none, that is eBay's own and says so.
 */
export function readDescription(html: Html, ownPlace: string): string | null {
  const own = html(ownPlace).clone();
  own.find("script, style, iframe").remove();
  if (textOf(own) !== "") return textOf(own);
  const preview = html('meta[name="description"], meta[property="og:description"]').attr("content")?.trim();
  return preview === undefined || preview === "" || /ebay/i.test(preview) ? null : preview;
}
