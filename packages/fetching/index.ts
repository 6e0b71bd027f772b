export { fetcherFromEnvironment, fetchingEnvironment } from "./environment.ts";
export {
  createFetcher,
  type FetchedBy,
  type FetchedPage,
  type Fetcher,
  type FetcherOptions,
  type FetchMode,
  fetchModes,
  type FetchRequest,
  type FetchResult,
} from "./fetcher.ts";
export { findChromium } from "./find-chromium.ts";
