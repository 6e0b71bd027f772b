import type { PageState } from "@pricefleet/contracts";
import { createFetcher, type FetcherOptions, type FetchMode } from "../fetcher.ts";
import { findChromium } from "../find-chromium.ts";
import { listeningLogger } from "./local-site.ts";

export type ReadState = (html: string, status: number) => PageState;

/** A fetcher with the real Chromium, which only closes with it. */
export function openBrowserFetcher(options: Partial<FetcherOptions> = {}) {
  const chromiumPath = findChromium();
  if (chromiumPath === null) throw new Error("These tests want a Chromium; set CHROMIUM_PATH or install one");
  const { logger, lines } = listeningLogger();
  const fetcher = createFetcher({
    logger,
    profileDir: null,
    chromiumPath,
    allowedPrivateHosts: ["127.0.0.1"],
    proxyUrls: [],
    ...options,
  });
  return {
    lines,
    fetch: (
      url: string,
      {
        mode = "browser",
        rememberedMode = null,
        state = () => "ok",
        signal,
        asStranger = false,
      }: {
        mode?: FetchMode;
        rememberedMode?: "http" | "browser" | null;
        state?: ReadState;
        signal?: AbortSignal;
        asStranger?: boolean;
      } = {},
    ) =>
      fetcher.fetchAndRead({
        url,
        mode,
        rememberedMode,
        asStranger,
        read: ({ html, status }) => ({ state: state(html, status) }),
        ...(signal === undefined ? {} : { signal }),
      }),
    [Symbol.asyncDispose]: () => fetcher.close(),
  };
}
