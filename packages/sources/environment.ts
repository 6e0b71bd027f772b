import { httpUrl } from "@pricefleet/contracts";
import { z } from "zod";
import type { SourcesOptions } from "./sources.ts";

/** What every service that reads pages takes from its environment. */
export const sourcesEnvironment = z.object({
  EBAY_BASE_URL: httpUrl.optional(),
  SAMPLE_BASE_URL: httpUrl.optional(),
});
type SourcesEnvironment = z.infer<typeof sourcesEnvironment>;

export function sourcesOptions(env: SourcesEnvironment): SourcesOptions {
  return {
    ...(env.EBAY_BASE_URL !== undefined && { ebayBaseUrl: env.EBAY_BASE_URL }),
    ...(env.SAMPLE_BASE_URL !== undefined && { sampleBaseUrl: env.SAMPLE_BASE_URL }),
  };
}

/** The addresses that stand in for sites; whoever names one means it, so its host is allowed even if it is private. */
export function baseUrlsIn(env: SourcesEnvironment): string[] {
  return [env.EBAY_BASE_URL, env.SAMPLE_BASE_URL].filter((url) => url !== undefined);
}
