export { decodeHtml } from "./decode-html.ts";
export { emptyItem, unreadable } from "./page-reading.ts";
export { parseHtml, textOf, type Html, type Selection } from "./parse-html.ts";
export { readStructuredOffer, type StructuredOffer } from "./structured-data.ts";
