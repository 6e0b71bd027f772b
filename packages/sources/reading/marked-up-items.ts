import type { Json } from "./json-ld.ts";
import { allElements, type Element, type Html, isElement, isText, type PageNode } from "./parse-html.ts";

/** How a vocabulary is written into attributes. */
const microdata = { scope: "itemscope", type: "itemtype", property: "itemprop" } as const;
const rdfa = { scope: "typeof", type: "typeof", property: "property" } as const;
type Syntax = typeof microdata | typeof rdfa;

/** More characters than any value that is read; a description is cut here. */
const MOST_TEXT = 2_000;

/** Each may hold most of the page, which is then walked again. */
const MOST_REFERENCES = 100;

interface Items {
  nodes: Json[];
  /** Properties that stand in no item at all; half of the pages with microdata forget the item. */
  orphans: Json;
}

/** The page's microdata, each item as an object as JSON-LD would have it. */
export function readMicrodata(html: Html): Items {
  return readItems(html, microdata);
}

/** The page's RDFa, likewise, but no orphans where it has no items: those are OpenGraph's tags. */
export function readRdfa(html: Html): Items {
  const hasItems = allElements(html).some(({ attribs }) => attribs[rdfa.scope] !== undefined);
  return hasItems ? readItems(html, rdfa) : { nodes: [], orphans: {} };
}

function readItems(html: Html, syntax: Syntax): Items {
  const items: Items = { nodes: [], orphans: {} };
  const referred = referredElements(html, syntax);
  const walk = (nodes: readonly PageNode[], owner: Json): void => {
    for (const node of nodes) {
      if (!isElement(node)) continue;
      const own = visit(node, owner);
      walk(node.children, own);
    }
  };
  const visit = (element: Element, owner: Json): Json => {
    const names = (element.attribs[syntax.property] ?? "").split(/\s+/).filter((name) => name !== "");
    if (element.attribs[syntax.scope] === undefined) {
      for (const name of names) add(owner, localName(name), valueOf(element));
      return owner;
    }
    const types = (element.attribs[syntax.type] ?? "").split(/\s+/).map(localName);
    const item: Json = { "@type": types };
    for (const name of names) add(owner, localName(name), item);
    if (names.length === 0 || owner === items.orphans) items.nodes.push(item);
    for (const id of (element.attribs["itemref"] ?? "").split(/\s+/)) {
      const part = referred.get(id);
      // Once only, or an item that refers to its own ancestor would never end.
      if (part !== undefined && referred.delete(id)) walk([part], item);
    }
    return item;
  };
  walk(
    html
      .root()
      .toArray()
      .flatMap((root) => root.children),
    items.orphans,
  );
  return items;
}

function referredElements(html: Html, syntax: Syntax): Map<string, Element> {
  if (syntax === rdfa) return new Map();
  const ids = allElements(html).flatMap((element) => element.attribs["itemref"]?.split(/\s+/) ?? []);
  if (ids.length === 0 || ids.length > MOST_REFERENCES) return new Map();
  const wanted = new Set(ids);
  const found = allElements(html).filter((element) => wanted.has(element.attribs["id"] ?? ""));
  return new Map(found.map((element) => [element.attribs["id"] ?? "", element]));
}

function add(owner: Json, name: string, value: unknown): void {
  const before = owner[name];
  if (before === undefined) owner[name] = value;
  else if (!Array.isArray(before)) owner[name] = [before, value];
  else if (before.length < 1_000) before.push(value);
}

/** "https://schema.org/Product" and "schema:Product" are Product. */
function localName(name: string): string {
  return name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf("#"), name.lastIndexOf(":")) + 1);
}

function valueOf(element: Element): string {
  const { content, href, src, value, datetime } = element.attribs;
  if (content !== undefined) return content;
  if (href !== undefined && /^(a|link|area)$/.test(element.name)) return href;
  return src ?? datetime ?? (element.name === "data" ? value : undefined) ?? shortText(element, MOST_TEXT);
}

/** The text of an element as one line, cut at so many characters; what scripts and styles hold is no text. */
export function shortText(element: Element, mostCharacters: number): string {
  let text = "";
  // Blanks between the tags are no text, or an indented price would seem long, and a long text that ends in them short.
  const add = (nodes: readonly PageNode[]): void => {
    for (const node of nodes) {
      if (text.length > mostCharacters && !text.endsWith(" ")) return;
      if (isText(node)) {
        const more = node.data.replace(/\s+/g, " ");
        text += text === "" || text.endsWith(" ") ? more.trimStart() : more;
      } else if (isElement(node) && !/^(script|style|template|noscript)$/.test(node.name)) add(node.children);
    }
  };
  add(element.children);
  return text
    .replace(/[\u200b-\u200f\u2060-\u2064\ufeff]/g, "")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, mostCharacters + 1);
}
