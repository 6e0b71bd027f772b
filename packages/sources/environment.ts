import { BadEnvironmentError, httpUrl } from "@pricefleet/contracts";
import { z } from "zod";
import { jsonApiSettingsFile } from "./json-api/index.ts";
import { olxCountries } from "./olx/index.ts";
import { createSources, type SourcesOptions } from "./sources.ts";

/** All there are, as SOURCE names them. */
export const sourceNames = createSources({}).all.map(({ name }) => name);
/** Those that can be searched. */
export const namesOfListingSources = createSources({}).withListings.map(({ name }) => name);

/** What every service that reads pages takes from its environment. */
export const sourcesEnvironment = z.object({
  EBAY_BASE_URL: httpUrl.optional(),
  OLX_BASE_URL: httpUrl.optional(),
  OLX_COUNTRY: z.enum(olxCountries, { error: `one of ${olxCountries.join(", ")}` }).optional(),
  AMAZON_BASE_URL: httpUrl.optional(),
  MERCARI_BASE_URL: httpUrl.optional(),
  YAHOO_AUCTIONS_BASE_URL: httpUrl.optional(),
  SAMPLE_BASE_URL: httpUrl.optional(),
  /** A file: which API the source json-api asks, and where in its answers things stand. */
  JSON_API_CONFIG: jsonApiSettingsFile.optional(),
  TRADINGVIEW_BASE_URL: httpUrl.optional(),
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

/**
 * @param secrets the environment of a process that fetches, for the headers that mention variables; without it they are
 * left out. @throws BadEnvironmentError for a variable that is mentioned and not set.
 */
export function sourcesOptions(
  env: Omit<SourcesEnvironment, "ROBOTS_IGNORE_SOURCES">,
  secrets: Record<string, string | undefined> | null = null,
): SourcesOptions {
  return {
    ...(env.EBAY_BASE_URL !== undefined && { ebayBaseUrl: env.EBAY_BASE_URL }),
    ...(env.OLX_BASE_URL !== undefined && { olxBaseUrl: env.OLX_BASE_URL }),
    ...(env.OLX_COUNTRY !== undefined && { olxCountry: env.OLX_COUNTRY }),
    ...(env.AMAZON_BASE_URL !== undefined && { amazonBaseUrl: env.AMAZON_BASE_URL }),
    ...(env.MERCARI_BASE_URL !== undefined && { mercariBaseUrl: env.MERCARI_BASE_URL }),
    ...(env.YAHOO_AUCTIONS_BASE_URL !== undefined && { yahooAuctionsBaseUrl: env.YAHOO_AUCTIONS_BASE_URL }),
    ...(env.SAMPLE_BASE_URL !== undefined && { sampleBaseUrl: env.SAMPLE_BASE_URL }),
    ...(env.JSON_API_CONFIG !== undefined && {
      jsonApi: { ...env.JSON_API_CONFIG, headers: filledHeaders(env.JSON_API_CONFIG.headers, secrets) },
    }),
    ...(env.TRADINGVIEW_BASE_URL !== undefined && { tradingviewBaseUrl: env.TRADINGVIEW_BASE_URL }),
  };
}

/** The addresses that stand in for sites; whoever names one means it, so its host is allowed even if it is private. */
export function baseUrlsIn(env: SourcesEnvironment): string[] {
  return [
    env.EBAY_BASE_URL,
    env.OLX_BASE_URL,
    env.AMAZON_BASE_URL,
    env.MERCARI_BASE_URL,
    env.YAHOO_AUCTIONS_BASE_URL,
    env.SAMPLE_BASE_URL,
    env.TRADINGVIEW_BASE_URL,
    env.JSON_API_CONFIG?.base_url,
  ].filter((url) => url !== undefined);
}

function filledHeaders(
  headers: Record<string, string>,
  secrets: Record<string, string | undefined> | null,
): Record<string, string> {
  if (secrets === null) return {};
  const filled = (text: string) =>
    text.replaceAll(/\$\{(\w+)\}/g, (_mention, name: string) => {
      const value = secrets[name];
      if (value === undefined || value === "")
        throw new BadEnvironmentError(name, undefined, "set, for a header in JSON_API_CONFIG mentions it");
      return value;
    });
  return Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, filled(text)]));
}
