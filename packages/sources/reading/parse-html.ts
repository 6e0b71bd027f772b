import { type CheerioAPI, load } from "cheerio/slim";
import { DomHandler, Parser } from "htmlparser2";

export type Html = CheerioAPI;
export type Selection = ReturnType<CheerioAPI>;

/**
 * Real pages nest 40 tags deep. The parser's time grows with the square of the depth and everything
 * that walks a tree recurses, so that a page of a million open tags would take the worker down.
 */
const DEEPEST_NESTING = 500;

class NestedTooDeepError extends Error {}

class BoundedDomHandler extends DomHandler {
  #depth = 0;

  override onopentag(name: string, attributes: Record<string, string>): void {
    this.#depth += 1;
    if (this.#depth > DEEPEST_NESTING) throw new NestedTooDeepError();
    super.onopentag(name, attributes);
  }

  override onclosetag(): void {
    this.#depth -= 1;
    super.onclosetag();
  }
}

/** Parses any text as HTML. Null when it is nested deeper than any real page. */
export function parseHtml(html: string): Html | null {
  const handler = new BoundedDomHandler();
  try {
    new Parser(handler).end(html);
  } catch (error) {
    if (error instanceof NestedTooDeepError) return null;
    throw error;
  }
  return load(handler.root);
}

/** The text of a selection as a person reads it: one line, no zero-width marks. */
export function textOf(selection: Selection): string {
  return selection
    .text()
    .replace(/[\u200b-\u200f\u2060-\u2064\ufeff]/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
