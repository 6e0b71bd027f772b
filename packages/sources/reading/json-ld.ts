import { elementsNamed, type Html } from "./parse-html.ts";

export type Json = Record<string, unknown>;

/** Structured data nests a few levels; a page made to hurt nests a million. */
const MOST_LEVELS = 24;
const MOST_NODES = 20_000;
/** The longest of real pages has a few hundred thousand. */
const MOST_CHARACTERS = 4_000_000;
/** V8 takes 60 bytes a level, and gives back none of them before it is through. */
const MOST_JSON_LEVELS = 1_000;

/** Every object of a page's JSON-LD that has a type, outermost first, and how many of its scripts do not parse. */
export function readJsonLd(html: Html): { nodes: Json[]; broken: number } {
  const nodes: Json[] = [];
  let broken = 0;
  for (const script of elementsNamed(html, "script")) {
    if (script.attribs["type"]?.startsWith("application/ld+json") !== true) continue;
    const text = html(script).text();
    if (text.trim() === "") continue;
    const data = parseLenientJson(text);
    if (data === undefined) broken += 1;
    else collectNodes(data, nodes, 0);
  }
  return { nodes, broken };
}

/** JSON as sites write it: in comments or CDATA, with line breaks inside strings, trailing commas. Undefined if it is none. */
export function parseLenientJson(text: string): unknown {
  if (text.length > MOST_CHARACTERS || nestsTooDeep(text)) return undefined;
  const trimmed = text.trim();
  // What closes a comment is looked for at the end alone, so that a million slashes take no time.
  const end = trimmed.slice(-60).replace(/[\s/*]*(?:-->|\]\]>)[\s*/]*$/, "");
  const bare = `${trimmed.slice(0, -60)}${end}`
    .replace(/^[\s/*]*(?:<!--|<!\[CDATA\[)[\s*/]*/, "")
    .trim()
    .replace(/;$/, "");
  return parseJson(bare) ?? parseJson(bare.replace(/\p{Cc}/gu, " ").replace(/,(?=\s{0,20}[}\]])/g, ""));
}

/** Brackets in strings count as well, which no real text has so many of. */
function nestsTooDeep(text: string): boolean {
  let level = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === 0x5b || code === 0x7b) level += 1;
    else if (code === 0x5d || code === 0x7d) level -= 1;
    if (level > MOST_JSON_LEVELS) return true;
  }
  return false;
}

/** Pages carry broken JSON often enough that it is not an error of ours: it says nothing, then. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) ?? undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Things that are named beside the page's own: other products, lists of them, and what a review is about elsewhere. */
const besideTheProduct = new Set([
  "isRelatedTo",
  "isSimilarTo",
  "isAccessoryOrSparePartFor",
  "isConsumableFor",
  "itemListElement",
  "offers",
  "hasVariant",
  "review",
]);

function collectNodes(data: unknown, nodes: Json[], level: number): void {
  if (level > MOST_LEVELS || nodes.length >= MOST_NODES) return;
  if (Array.isArray(data)) for (const inner of data) collectNodes(inner, nodes, level + 1);
  if (!isObject(data)) return;
  if (data["@type"] !== undefined) nodes.push(data);
  for (const [key, inner] of Object.entries(data)) {
    if (typeof inner === "object" && !besideTheProduct.has(key)) collectNodes(inner, nodes, level + 1);
  }
}

export function isObject(value: unknown): value is Json {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
