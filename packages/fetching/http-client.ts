import { messageOf, PermanentError, PricefleetError, TemporaryError } from "@pricefleet/contracts";
import { Agent, type Dispatcher, errors } from "undici";
import type { Egress } from "./egress.ts";
import { connectorOver } from "./egress-dispatcher.ts";
import type { HostProfile } from "./host-profiles.ts";
import { navigationHeaders } from "./identity.ts";
import { pageAddress } from "./page-address.ts";
import { decodeText, isText, isTimeOutOrAbort, readBody } from "./response-body.ts";
import { rateLimitOf, refuseServerError } from "./response-status.ts";
import type { Timeouts } from "./timeouts.ts";

/** What one fetch brought, before anybody read it. */
export interface RawPage {
  /** After redirects. */
  url: string;
  status: number;
  headers: Record<string, string>;
  html: string;
  sizeBytes: number;
}

interface HttpGetOptions {
  /** Called before each document is asked for: the page, and each redirect on the way to it. */
  onDocument?: ((url: URL) => void) | undefined;
  /** In place of a browser's own of the same name, for each address on the way. */
  headers?: ((url: URL) => Record<string, string>) | undefined;
  /** Keep only the first bytes of what is longer, instead of refusing it. */
  cutAfterBytes?: number;
}

export interface HttpClient {
  /**
   * Gets a page, redirects followed by hand so that each hop is checked.
   * @throws PermanentError `url-too-long`, `not-http`, `private-address`, `too-large`, `too-many-redirects`,
   * `not-a-page`; TemporaryError `network`, `timeout`, `truncated`; RateLimitedError; the signal's reason.
   */
  get(
    url: string,
    profile: HostProfile,
    signal: AbortSignal | undefined,
    options?: HttpGetOptions,
  ): Promise<RawPage>;
  /**
   * Gets a picture, as a browser asks for one on a page of another site.
   * @throws as get, with `not-a-photo` for an answer that is none.
   */
  getPhoto(url: string, profile: HostProfile, options: PhotoOptions): Promise<Buffer>;
  close(): Promise<void>;
}

export interface PhotoOptions {
  maxBytes: number;
  timeoutMs: number;
  /** Called before each address is asked for. */
  onDocument?: ((url: URL) => void) | undefined;
}

/** In place of a navigation's own. No JPEG XL: those who compare photos cannot read it. */
const photoHeaders = {
  Accept: "image/avif,image/webp,image/png,image/jpeg,image/gif,image/*;q=0.5",
  "Sec-Fetch-Dest": "image",
  "Sec-Fetch-Mode": "no-cors",
  "Sec-Fetch-Site": "cross-site",
};

const MAX_REDIRECTS = 10;
export const MAX_PAGE_BYTES = 8 * 1024 * 1024;
const redirectStatuses = new Set([301, 302, 303, 307, 308]);

export function createHttpClient(options: { egress: Egress; timeouts: Timeouts }): HttpClient {
  const { egress, timeouts } = options;
  const agent = new Agent({
    connect: connectorOver(egress, timeouts.connectMs),
    allowH2: false,
    headersTimeout: timeouts.headersMs,
    bodyTimeout: timeouts.bodyIdleMs,
    keepAliveTimeout: 15_000,
    // Shops send policies and cookies that Node's 16 KiB do not hold.
    maxHeaderSize: 64 * 1024,
  });

  async function follow<T>(
    first: URL,
    profile: HostProfile,
    signal: AbortSignal,
    options: Pick<HttpGetOptions, "onDocument" | "headers">,
    readAnswer: (response: Dispatcher.ResponseData, headers: Record<string, string>, url: URL) => Promise<T>,
  ): Promise<T> {
    let url = first;
    for (let hop = 0; hop <= MAX_REDIRECTS; hop += 1) {
      options.onDocument?.(url);
      const response = await send(agent, url, profile, signal, options.headers?.(url) ?? {});
      const headers = flat(response.headers);
      await keepCookies(profile, response.headers["set-cookie"], url);
      const location = headers["location"];
      if (!redirectStatuses.has(response.statusCode) || location === undefined) {
        return readAnswer(response, headers, url);
      }
      await response.body.dump();
      url = pageAddress(location, url.href);
    }
    throw new PermanentError(
      "too-many-redirects",
      `${first.href} redirects more than ${MAX_REDIRECTS} times`,
    );
  }

  return {
    async get(text, profile, signal, options = {}) {
      const url = pageAddress(text);
      const total = AbortSignal.timeout(timeouts.httpTotalMs);
      try {
        return await follow(
          url,
          profile,
          signal === undefined ? total : AbortSignal.any([total, signal]),
          options,
          (response, headers, at) => readPage(response, headers, at, options.cutAfterBytes ?? null),
        );
      } catch (error) {
        signal?.throwIfAborted();
        throw asFailure(error, url, timeouts.httpTotalMs);
      }
    },
    async getPhoto(text, profile, { maxBytes, timeoutMs, onDocument }) {
      const url = pageAddress(text);
      try {
        return await follow(
          url,
          profile,
          AbortSignal.timeout(timeoutMs),
          { onDocument, headers: () => photoHeaders },
          (response, headers, at) => readPhoto(response, headers, at, maxBytes),
        );
      } catch (error) {
        throw asFailure(error, url, timeoutMs);
      }
    },
    close: () => agent.destroy(),
  };
}

async function send(
  agent: Agent,
  url: URL,
  profile: HostProfile,
  signal: AbortSignal,
  own: Record<string, string>,
) {
  const ownNames = new Set(Object.keys(own).map((name) => name.toLowerCase()));
  const headers = navigationHeaders(profile.identity, url).filter(
    ([name]) => !ownNames.has(name.toLowerCase()),
  );
  headers.push(...Object.entries(own));
  const cookies = await profile.jar.getCookieString(url.href);
  if (cookies !== "") headers.push(["Cookie", cookies]);
  const request: Dispatcher.RequestOptions = {
    origin: url.origin,
    path: `${url.pathname}${url.search}`,
    method: "GET",
    headers: headers.flat(),
    signal,
  };
  try {
    return await agent.request(request);
  } catch (error) {
    // A kept connection that the server has just closed says nothing about the page.
    if (error instanceof errors.SocketError && !signal.aborted) return agent.request(request);
    throw error;
  }
}

async function readPage(
  response: Dispatcher.ResponseData,
  headers: Record<string, string>,
  url: URL,
  cutAfterBytes: number | null,
): Promise<RawPage> {
  const status = response.statusCode;
  const contentType = headers["content-type"];
  const refusal = rateLimitOf(status, headers, url.href);
  if (refusal !== null || !isText(contentType)) {
    // Read to its end, unread by anybody, so that the connection can be used again.
    await response.body.dump();
    if (refusal !== null) throw refusal;
    if (status < 400) throw new PermanentError("not-a-page", `${url.href} is ${contentType}, not a page`);
    return { url: url.href, status, headers, html: "", sizeBytes: 0 };
  }
  const bytes = await readBody(response.body, {
    contentEncoding: headers["content-encoding"],
    maxBytes: cutAfterBytes ?? MAX_PAGE_BYTES,
    cut: cutAfterBytes !== null,
  });
  return { url: url.href, status, headers, html: decodeText(bytes, contentType), sizeBytes: bytes.length };
}

async function readPhoto(
  response: Dispatcher.ResponseData,
  headers: Record<string, string>,
  url: URL,
  maxBytes: number,
): Promise<Buffer> {
  const status = response.statusCode;
  const contentType = headers["content-type"] ?? "";
  const refusal = rateLimitOf(status, headers, url.href);
  if (status < 300 && /^(image\/|application\/octet-stream|$)/i.test(contentType))
    return readBody(response.body, { contentEncoding: headers["content-encoding"], maxBytes });
  await response.body.dump();
  if (refusal !== null) throw refusal;
  refuseServerError(status, url.href);
  throw new PermanentError("not-a-photo", `${url.href} answered ${status}, ${contentType}`);
}

async function keepCookies(profile: HostProfile, setCookie: string | string[] | undefined, url: URL) {
  for (const cookie of [setCookie ?? []].flat()) {
    await profile.jar.setCookie(cookie, url.href, { ignoreError: true });
    profile.changed();
  }
}

function flat(headers: Dispatcher.ResponseData["headers"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined ? [] : [[name.toLowerCase(), Array.isArray(value) ? value.join(", ") : value]],
    ),
  );
}

function asFailure(error: unknown, url: URL, totalMs: number): PricefleetError {
  if (error instanceof PricefleetError) return error;
  if (isTimeOutOrAbort(error)) {
    const isTotal = error instanceof Error && error.name === "TimeoutError";
    const words = isTotal ? `took over ${totalMs} ms` : `did not answer in time: ${messageOf(error)}`;
    return new TemporaryError("timeout", `${url.href} ${words}`, { cause: error });
  }
  return new TemporaryError("network", `${url.href} could not be fetched: ${messageOf(error)}`, {
    cause: error,
  });
}
