import type { Source } from "@pricefleet/contracts";
import { unreadable } from "../reading/index.ts";
import { readProductPage, sourceName } from "./listing-page.ts";
import { productAddress } from "./urls.ts";

/** The page of a product anywhere on the web. It takes every address that no site of its own claims, so it comes last. */
export function createProductPageSource(): Source {
  return {
    name: sourceName,
    politeness: { minDelayMs: 5_000, maxInFlight: 1 },
    matches: (url) => /^https?:$/.test(url.protocol),
    kindOf: () => "listing",
    searchUrl: (search) => productAddress(search).href,
    read(page, kind) {
      if (kind === "listing") return readProductPage(page);
      return unreadable(sourceName, kind, "changed", `a product's page is no ${kind} page`);
    },
  };
}
