import { PermanentError } from "@pricefleet/contracts";
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

export const onInterruption = z
  .enum(["resume", "pause"], { error: "resume or pause" })
  .describe("When the collector of a run is lost: another one continues at its page, or the run is paused");

/** @throws Problem 400 for a source that is not known, and for an address that is no search page of it. */
export function refuseUnreadable(
  sources: Sources,
  { source, term, url }: { source: string; term: string | null; url: string | null },
): void {
  const known = sources.all.find(({ name }) => name === source);
  if (known === undefined) {
    const names = sources.all.map(({ name }) => name).join(", ");
    throw badField("source", `is ${JSON.stringify(source)}; it should be one of ${names}`);
  }
  try {
    known.searchUrl({ term, url }, 1);
  } catch (error) {
    if (!(error instanceof PermanentError)) throw error;
    throw badField(url === null ? "term" : "url", `cannot be searched for: ${error.message}`);
  }
}

function badField(field: string, message: string): Problem {
  return new Problem("bad-request", `${field} ${message}`, { errors: [{ field, message }] });
}
