import { NoWayOutError, PermanentError, type RobotsFile, TemporaryError } from "@pricefleet/contracts";
import robotsParser from "robots-parser";
import type { RawPage } from "./http-client.ts";

/** RFC 9309, 2.5: at least so much is to be read. */
export const MAX_ROBOTS_BYTES = 500 * 1024;
/** The group that speaks to us; without one, the group for `*`. The browser-like User-Agent header names no crawler. */
const PRODUCT_TOKEN = "Pricefleet";
const LONGEST_CRAWL_DELAY_MS = 3_600_000;

// Its types describe an ES module; what Node imports is the function itself.
const parseRobots = robotsParser as unknown as typeof robotsParser.default;

/** What a site says with its answer, by RFC 9309, 2.3.1. @throws what `get` throws, if the answer says nothing. */
export async function readRobotsFile(get: () => Promise<RawPage>): Promise<RobotsFile> {
  try {
    const { status, html } = await get();
    if (status >= 500) return { state: "unreachable", body: null, detail: `it answers ${status}` };
    if (status >= 300) return { state: "absent", body: null, detail: `it answers ${status}` };
    // PostgreSQL keeps no NUL in a text.
    return { state: "found", body: html.replaceAll("\u0000", ""), detail: null };
  } catch (error) {
    if (error instanceof NoWayOutError) throw error;
    if (error instanceof TemporaryError) return { state: "unreachable", body: null, detail: error.message };
    // No file, or one that leads nowhere: whatever is wrong with the address, its pages will say themselves.
    if (error instanceof PermanentError) return { state: "absent", body: null, detail: error.message };
    throw error;
  }
}

export interface RobotsRules {
  crawlDelayMs: number | null;
  /** The line that forbids this address, as it stands in the file; null if it may be fetched. */
  forbids(url: URL): { lineNumber: number; line: string } | null;
}

/** Pure. Reads any text. */
export function readRobotsRules(origin: string, body: string): RobotsRules {
  const robots = parseRobots(`${origin}/robots.txt`, body);
  const lines = body.split(/\r\n|\r|\n/);
  const seconds = robots.getCrawlDelay(PRODUCT_TOKEN);
  return {
    crawlDelayMs:
      seconds === undefined || !(seconds > 0)
        ? null
        : Math.min(LONGEST_CRAWL_DELAY_MS, Math.round(seconds * 1000)),
    forbids(url) {
      if (url.pathname === "/robots.txt" || robots.isAllowed(url.href, PRODUCT_TOKEN) !== false) return null;
      const lineNumber = robots.getMatchingLineNumber(url.href, PRODUCT_TOKEN);
      const line = lines[lineNumber - 1] ?? "";
      return { lineNumber, line: line.trim().slice(0, 200) };
    },
  };
}
