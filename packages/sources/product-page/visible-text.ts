import {
  type Element,
  elementsNamed,
  type Html,
  isElement,
  isText,
  type PageNode,
} from "../reading/index.ts";
import { beside, buyWords, struck } from "./visible-words.ts";

/** A piece of text that could be a price or say whether the thing can be bought, with where it stands. */
export interface PieceOfText {
  text: string;
  element: Element;
  /** How many characters of visible text stand before it. */
  at: number;
  isStruck: boolean;
  /** Inside a link that leads to another page: it says something of what is there. */
  isLinked: boolean;
}

export interface VisibleText {
  pieces: PieceOfText[];
  /** Where the first heading ends; null where the page has none. */
  headingAt: number | null;
  /** Where the buttons and links stand that put the thing into a basket. */
  buyButtonsAt: number[];
}

/** Texts longer than this are prose. */
const LONGEST_PIECE = 120;
const MOST_PIECES = 20_000;

const unseen = /^(script|style|noscript|template|svg|select|head|iframe|textarea)$/;

/** What an element's names make of it. */
interface Called {
  names: string;
  isBeside: boolean;
  isStruck: boolean;
}

interface Around {
  isStruck: boolean;
  isLinked: boolean;
}

/** What a visitor sees of the page in order, without what stands beside the product: menus, footers, other products. */
export function readVisibleText(html: Html): VisibleText {
  // Names come again: a page has a hundred times as many elements as ways to call them.
  const knownNames = new Map<string, Called>();
  const called = (element: Element): Called => {
    const written = writtenNames(element);
    let known = knownNames.get(written);
    if (known === undefined) {
      const names = wordsApart(written);
      known = { names, isBeside: beside.test(names), isStruck: struck.test(names) };
      knownNames.set(written, known);
    }
    return known;
  };
  const seen: VisibleText = { pieces: [], headingAt: null, buyButtonsAt: [] };
  const aroundHeading = new Set(html(elementsNamed(html, "h1")[0]).parents().toArray());
  let at = 0;

  const walk = (nodes: readonly PageNode[], parent: Element | null, around: Around): void => {
    for (const node of nodes) {
      if (isText(node) && parent !== null) {
        const text = node.data.replace(/\s+/g, " ").trim();
        if (text === "") continue;
        if (text.length <= LONGEST_PIECE && seen.pieces.length < MOST_PIECES)
          seen.pieces.push({ text, element: parent, at, ...around });
        at += text.length;
      } else if (isElement(node)) visit(node, around);
    }
  };
  const visit = (element: Element, around: Around): void => {
    if (unseen.test(element.name) || isHidden(element)) return;
    const { names, isBeside: isCalledBeside, isStruck } = called(element);
    // What holds the heading is the page itself, whatever it is called.
    const isBeside = /^(nav|footer|aside)$/.test(element.name) || isCalledBeside;
    if (isBeside && !/^(html|body|main)$/.test(element.name) && !aroundHeading.has(element)) return;
    const start = at;
    walk(element.children, element, {
      isStruck: around.isStruck || /^(del|s|strike)$/.test(element.name) || isStruck,
      isLinked: around.isLinked || isLinkAway(element),
    });
    if (element.name === "h1" && seen.headingAt === null && at > start) seen.headingAt = at;
    if (isBuyButton(element, names)) seen.buyButtonsAt.push(start);
  };
  walk(
    html
      .root()
      .toArray()
      .flatMap((root) => root.children),
    null,
    { isStruck: false, isLinked: false },
  );
  return seen;
}

/** All that the page's author calls an element, in lower case, its words apart: "product-price buyBox" and the like. */
export function namesOf(element: Element): string {
  return wordsApart(writtenNames(element));
}

function writtenNames({ attribs }: Element): string {
  const { id = "", class: classes = "", itemprop = "" } = attribs;
  const test = attribs["data-testid"] ?? attribs["data-test"] ?? attribs["data-qa"] ?? "";
  return id === "" && classes === "" && itemprop === "" && test === ""
    ? ""
    : `${id} ${classes} ${itemprop} ${test}`;
}

function wordsApart(names: string): string {
  return names
    .replace(/([a-z])([A-Z])/g, "$1-$2")
    .replace(/_+/g, "-")
    .toLowerCase();
}

function isHidden(element: Element): boolean {
  const { style, hidden } = element.attribs;
  return (
    hidden !== undefined ||
    element.attribs["aria-hidden"] === "true" ||
    (style !== undefined && /display\s*:\s*none|visibility\s*:\s*hidden/i.test(style))
  );
}

function isLinkAway(element: Element): boolean {
  return element.name === "a" && /^(?!#|javascript:)./i.test(element.attribs["href"] ?? "");
}

function isBuyButton(element: Element, names: string): boolean {
  if (!/^(button|input|a)$/.test(element.name)) return false;
  const { value = "", title = "" } = element.attribs;
  const label = element.attribs["aria-label"] ?? "";
  const text = element.children.flatMap((child) => (isText(child) ? child.data : [])).join(" ");
  return buyWords.test(`${names} ${value} ${title} ${label} ${text}`.slice(0, 500));
}
