import { PermanentError } from "@pricefleet/contracts";

const MAX_URL_LENGTH = 2048;

/**
 * The address of a page to fetch, also of each redirect.
 * @throws PermanentError `url-too-long`, `not-http`.
 */
export function pageAddress(text: string, base?: string): URL {
  if (text.length > MAX_URL_LENGTH) {
    throw new PermanentError(
      "url-too-long",
      `A URL of ${text.length} characters; at most ${MAX_URL_LENGTH} are fetched`,
    );
  }
  const url = URL.canParse(text, base) ? new URL(text, base) : null;
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new PermanentError("not-http", `"${text.slice(0, 200)}" is not an http or https URL`);
  }
  return url;
}

/** The port a URL connects to. */
export function portOf(url: URL): number {
  if (url.port !== "") return Number(url.port);
  return url.protocol === "https:" ? 443 : 80;
}
