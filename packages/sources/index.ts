export {
  baseUrlsIn,
  namesOfListingSources,
  sourceNames,
  sourcesEnvironment,
  sourcesOptions,
} from "./environment.ts";
export { jsonApiSettings } from "./json-api/index.ts";
export { detectPageState, type Wall } from "./page-state.ts";
export { decodeHtml, whatIsWrongWithSelector } from "./reading/index.ts";
export type { WantedQuote } from "./read-wanted-quote.ts";
export { createSources, type Sources, type SourcesOptions } from "./sources.ts";
