import { PermanentError, type RobotsAnswer, type RobotsFile, TemporaryError } from "@pricefleet/contracts";
import type { Fetcher } from "./fetcher.ts";
import { readRobotsRules, type RobotsRules } from "./robots-file.ts";

/** Where the fleet keeps the files, so that one process fetches for all. */
export interface RobotsStore {
  take(origin: string, host: string): Promise<RobotsAnswer>;
  keep(
    origin: string,
    host: string,
    file: RobotsFile & { crawlDelayMs: number | null; keptForSeconds: number },
  ): Promise<void>;
  release(origin: string): Promise<void>;
}

export interface RobotsGate {
  /**
   * May a page be fetched, as far as its host's robots.txt goes? `to-be-fetched`: the caller is the one of the fleet who
   * fetches that file, by `fetch` in a slot of its own; `being-fetched`: another does.
   * @throws PermanentError `robots-disallowed`, quoting the rule; TemporaryError `robots-unreachable`.
   */
  look(url: string, source: string): Promise<"allowed" | "to-be-fetched" | "being-fetched">;
  /** @throws RateLimitedError; the reason of the signal when it stops the fetch. */
  fetch(url: string, signal?: AbortSignal): Promise<void>;
}

interface RobotsGateOptions {
  fetcher: Pick<Fetcher, "fetchRobots">;
  store: RobotsStore;
  /** ROBOTS_IGNORE_SOURCES. */
  ignoredSources: readonly string[];
}

/** RFC 9309, 2.4: not longer than a day. */
const KEPT_FOR_SECONDS = 24 * 3_600;
/** Long enough that sixteen workers ask a site in trouble once, not sixteen times. */
const UNREACHABLE_KEPT_FOR_SECONDS = 5;
/** A process looks at the fleet's file again after this long. */
const KNOWN_FOR_MS = 600_000;
const ORIGINS_IN_MEMORY = 500;

interface KnownRules {
  rules: RobotsRules;
  untilMs: number;
}

export function createRobotsGate({ fetcher, store, ignoredSources }: RobotsGateOptions): RobotsGate {
  const known = new Map<string, KnownRules>();

  return {
    async look(address, source) {
      const url = httpUrlOf(address);
      if (url === null || ignoredSources.includes(source)) return "allowed";
      let rules = freshRules(url.origin);
      if (rules === null) {
        const answer = await store.take(url.origin, url.host);
        if (answer.is !== "kept") return answer.is;
        if (answer.file.state === "unreachable") throw unreachable(url, answer.file, source);
        rules = readRobotsRules(url.origin, answer.file.body ?? "");
        remember(url.origin, {
          rules,
          untilMs: performance.now() + Math.min(KNOWN_FOR_MS, answer.freshForMs),
        });
      }
      const rule = rules.forbids(url);
      if (rule === null) return "allowed";
      throw new PermanentError(
        "robots-disallowed",
        `${url.origin}/robots.txt forbids ${url.pathname}: line ${rule.lineNumber}, "${rule.line}"; ` +
          `ROBOTS_IGNORE_SOURCES=${source} ignores it, which is yours to decide`,
      );
    },

    async fetch(address, signal) {
      const url = httpUrlOf(address);
      if (url === null) return;
      const { origin, host } = url;
      try {
        const file = await fetcher.fetchRobots(origin, signal);
        const { crawlDelayMs } = readRobotsRules(origin, file.body ?? "");
        const keptForSeconds = file.state === "unreachable" ? UNREACHABLE_KEPT_FOR_SECONDS : KEPT_FOR_SECONDS;
        await store.keep(origin, host, { ...file, crawlDelayMs, keptForSeconds });
      } catch (error) {
        await store.release(origin);
        throw error;
      }
    },
  };

  function freshRules(origin: string): RobotsRules | null {
    const found = known.get(origin);
    return found !== undefined && found.untilMs > performance.now() ? found.rules : null;
  }

  function remember(origin: string, rules: KnownRules): void {
    known.delete(origin);
    known.set(origin, rules);
    const oldest = known.keys().next().value;
    if (known.size > ORIGINS_IN_MEMORY && oldest !== undefined) known.delete(oldest);
  }
}

/** Any other address is refused by the fetch itself, in its own words. */
function httpUrlOf(address: string): URL | null {
  const url = URL.parse(address);
  return url !== null && /^https?:$/.test(url.protocol) ? url : null;
}

function unreachable(url: URL, file: RobotsFile, source: string): TemporaryError {
  return new TemporaryError(
    "robots-unreachable",
    `${url.origin}/robots.txt cannot be read (${file.detail ?? "no answer"}), and while that is so nothing is fetched ` +
      `there; ROBOTS_IGNORE_SOURCES=${source} does not ask for it`,
  );
}
