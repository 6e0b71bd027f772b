import { PermanentError } from "@pricefleet/contracts";
import type { MarketOrder } from "@pricefleet/database";
import type { Sources } from "@pricefleet/sources";
import { z } from "zod";
import { numberInBody, text } from "./fields.ts";
import { Problem } from "./problem.ts";

/** What is given to order a search, by POST /searches and POST /runs alike. */
export const sourceName = z
  .string({ error: "the name of a source such as ebay" })
  .regex(/^[a-z][a-z0-9-]{0,40}$/, { error: "the name of a source such as ebay" });

export const wording = {
  term: text(300).optional().describe("The words to search for"),
  url: z
    .url({ protocol: /^https?$/, error: "the address of a search page, http or https" })
    .max(2_000, { error: "an address of at most 2000 characters" })
    .optional()
    .describe("The address of a search page, pasted from a browser"),
};

export const limits = {
  max_pages: numberInBody(0, 10_000).optional().describe("How many search pages to read; 0: all"),
  enrich_limit: numberInBody(0, 1_000_000).optional().describe("How many listing pages to read; 0: all"),
};

const MOST_MARKETS = 500;

const market = z
  .strictObject({
    source: sourceName,
    ...wording,
    ...limits,
    at_once: numberInBody(1, 1_000)
      .optional()
      .describe(
        "At most so many of its targets are published or in hand; left out: as many as its host allows",
      ),
  })
  .refine(({ term, url }) => (term === undefined) !== (url === undefined), {
    error: "given without url, or left out with it: a market is either words or an address",
    path: ["term"],
  });

export const markets = z
  .array(market, { error: "a list of markets, each with a source and a term or url" })
  .min(1, { error: "at least one market" })
  .max(MOST_MARKETS, { error: `at most ${MOST_MARKETS} markets` })
  .refine(
    (list) =>
      new Set(list.map(({ source, term, url }) => JSON.stringify([source, term, url]))).size === list.length,
    {
      error: "markets that differ: one is given twice",
    },
  )
  .optional()
  .describe(
    "Several markets in one run, in place of source with term or url. Limits beside the list are the most that each market gets",
  );

/** As the database takes them. @throws Problem 400 naming the market that cannot be read. */
export function marketOrders(sources: Sources, list: NonNullable<z.output<typeof markets>>): MarketOrder[] {
  return list.map(({ source, term = null, url = null, max_pages, enrich_limit, at_once }, index) => {
    refuseUnreadable(sources, { source, term, url }, `markets.${index}.`);
    return {
      source,
      term,
      url,
      max_pages: max_pages ?? 0,
      enrich_limit: enrich_limit ?? 0,
      at_once: at_once ?? null,
    };
  });
}

export const onInterruption = z
  .enum(["resume", "pause"], { error: "resume or pause" })
  .describe("When the collector of a run is lost: another one continues at its page, or the run is paused");

/** @throws Problem 400 for a source that is not known or has nothing to search for, and for an address that is no search page of it. */
export function refuseUnreadable(
  sources: Sources,
  { source, term, url }: { source: string; term: string | null; url: string | null },
  within = "",
): void {
  const known = sources.withListings.find(({ name }) => name === source);
  if (known === undefined) {
    const isOfQuotes = sources.all.some(({ name }) => name === source);
    const why = isOfQuotes ? ", which has quotes and no listings to search for" : "";
    const names = sources.withListings.map(({ name }) => name).join(", ");
    throw badField(`${within}source`, `is ${JSON.stringify(source)}${why}; it should be one of ${names}`);
  }
  try {
    known.searchUrl({ term, url }, 1);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    throw badField(within + (url === null ? "term" : "url"), `cannot be searched for: ${error.message}`);
  }
}

function badField(field: string, message: string): Problem {
  return new Problem("bad-request", `${field} ${message}`, { errors: [{ field, message }] });
}
