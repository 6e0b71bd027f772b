import { httpUrl } from "@pricefleet/contracts";
import { z } from "zod";
import { createSources, type SourcesOptions } from "./sources.ts";

/** All there are, as SOURCE names them. */
export const sourceNames = createSources({}).all.map(({ name }) => name);

/** What every service that reads pages takes from its environment. */
export const sourcesEnvironment = z.object({
  EBAY_BASE_URL: httpUrl.optional(),
  SAMPLE_BASE_URL: httpUrl.optional(),
  /** Whose robots.txt is not asked for: the operator's own decision. */
  ROBOTS_IGNORE_SOURCES: z
    .string()
    .transform((text) =>
      text
        .split(/[,;]/)
        .map((name) => name.trim())
        .filter((name) => name !== ""),
    )
    .pipe(z.array(z.enum(sourceNames, { error: `of ${sourceNames.join(", ")}, split by commas` })))
    .default([]),
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
