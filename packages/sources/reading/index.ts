export { decodeHtml } from "./decode-html.ts";
export { isObject, type Json, parseLenientJson, readJsonLd } from "./json-ld.ts";
export { readMicrodata, readRdfa, shortText } from "./marked-up-items.ts";
export { emptyItem, unreadable } from "./page-reading.ts";
export {
  allElements,
  type Element,
  elementsNamed,
  type Html,
  isElement,
  isText,
  type PageNode,
  parseHtml,
  type Selection,
  textOf,
} from "./parse-html.ts";
export { keptVotes, markupVote, voteOf } from "./price-votes.ts";
export { countedBroken, readStructuredOffer, type StructuredOffer } from "./structured-data.ts";
export { quotesRead, readQuote, readQuotePage, whatIsWrongWithSelector } from "./quotes.ts";
