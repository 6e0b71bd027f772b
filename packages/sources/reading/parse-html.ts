import { type CheerioAPI, load } from "cheerio/slim";
import { DomHandler, Parser } from "htmlparser2";

export type Html = CheerioAPI;
export type Selection = ReturnType<CheerioAPI>;
type Root = Exclude<Parameters<typeof load>[0], string | Buffer | readonly unknown[]>;
export type PageNode = Extract<Root, { children: unknown }>["children"][number];
export type Element = Extract<PageNode, { attribs: unknown }>;

/** The words between tags, and not a comment's. */
export type TextNode = Extract<PageNode, { nodeType: 3 }>;

export function isText(node: PageNode): node is TextNode {
  return node.nodeType === 3;
}

export function isElement(node: PageNode): node is Element {
  return "attribs" in node;
}

/**
 * Far above what real pages have (of 89 that we have, the largest: 37 levels, 2 elements at the root, 42 attributes in
 * a tag, 17,771 elements, 13,385 pieces of text). The parser's time grows with the square of the depth, a selector's with
 * the square of the elements at the root, what walks a tree recurses, and a million nodes take a gigabyte: a page made to
 * hurt would take the worker down.
 */
const most = { levels: 500, rootElements: 1_000, attributesOfATag: 1_000, elements: 60_000, texts: 100_000 };

class UnreasonableHtmlError extends Error {}

class BoundedDomHandler extends DomHandler {
  #level = 0;
  #elements = 0;
  #rootElements = 0;
  #attributes = 0;
  #texts = 0;

  onattribute(): void {
    this.#attributes += 1;
    this.#check();
  }

  override onopentag(name: string, attributes: Record<string, string>): void {
    if (this.#level === 0) this.#rootElements += 1;
    this.#level += 1;
    this.#elements += 1;
    this.#attributes = 0;
    this.#check();
    super.onopentag(name, attributes);
  }

  /** Once for each piece between tags, and between signs that might have been the beginning of one. */
  override ontext(data: string): void {
    this.#texts += 1;
    this.#check();
    super.ontext(data);
  }

  override onclosetag(): void {
    this.#level -= 1;
    super.onclosetag();
  }

  #check(): void {
    const isReasonable =
      this.#level <= most.levels &&
      this.#elements <= most.elements &&
      this.#texts <= most.texts &&
      this.#rootElements <= most.rootElements &&
      this.#attributes <= most.attributesOfATag;
    if (!isReasonable) throw new UnreasonableHtmlError();
  }
}

/** Parses any text as HTML. Null when it is deeper or has more elements than any real page. */
export function parseHtml(html: string): Html | null {
  const handler = new BoundedDomHandler();
  try {
    new Parser(handler).end(html);
  } catch (error) {
    if (error instanceof UnreasonableHtmlError) return null;
    throw error;
  }
  return load(handler.root);
}

interface ElementIndex {
  all: Element[];
  byName: Map<string, Element[]>;
}
const indexes = new WeakMap<Html, ElementIndex>();

/** All elements of the page in its order, as parsed. */
export function allElements(html: Html): readonly Element[] {
  return indexOf(html).all;
}

/** Those of one name. A selector would walk the whole page for each question; this walks it once for all of them. */
export function elementsNamed(html: Html, name: string): readonly Element[] {
  return indexOf(html).byName.get(name) ?? [];
}

function indexOf(html: Html): ElementIndex {
  const known = indexes.get(html);
  if (known !== undefined) return known;
  const index: ElementIndex = { all: [], byName: new Map() };
  const walk = (nodes: readonly PageNode[]): void => {
    for (const node of nodes) {
      if (!isElement(node)) continue;
      index.all.push(node);
      const same = index.byName.get(node.name);
      if (same === undefined) index.byName.set(node.name, [node]);
      else same.push(node);
      walk(node.children);
    }
  };
  for (const root of html.root().toArray()) walk(root.children);
  indexes.set(html, index);
  return index;
}

/** The text of a selection as a person reads it: one line, no zero-width marks. */
export function textOf(selection: Selection): string {
  return selection
    .text()
    .replace(/[\u200b-\u200f\u2060-\u2064\ufeff]/g, "")
    .replace(/\s+/g, " ")
    .trim();
}
