import { httpUrl } from "@pricefleet/contracts";
import { z } from "zod";
import { createSources, type Sources } from "./sources.ts";

/** What every service that reads pages takes from its environment. */
export const sourcesEnvironment = z.object({
  EBAY_BASE_URL: httpUrl.optional(),
  SAMPLE_BASE_URL: httpUrl.optional(),
});

export function sourcesFromEnvironment(env: z.infer<typeof sourcesEnvironment>): Sources {
  return createSources({
    ...(env.EBAY_BASE_URL !== undefined && { ebayBaseUrl: env.EBAY_BASE_URL }),
    ...(env.SAMPLE_BASE_URL !== undefined && { sampleBaseUrl: env.SAMPLE_BASE_URL }),
  });
}
