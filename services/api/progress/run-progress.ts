import { type RunState, type TargetState, targetStates } from "@pricefleet/contracts";
import type { findRun, RunProgress, TargetCounts } from "@pricefleet/database";
import { waitingWords } from "../waiting-words.ts";
import { attemptsOf, sumOf } from "./attempts.ts";
import { type Eta, type MarketPace, marketEta, ratePerMinute, runEta } from "./eta.ts";

type FoundRun = NonNullable<Awaited<ReturnType<typeof findRun>>>;

/** How far a run is, all in all and in each of its markets. */
export function progressOf(run: FoundRun, now: Date) {
  const { progress } = run;
  const whole = countsOf(progress.counts);
  const rate = ratePerMinute(
    sumOf(progress.endedLately, ({ count }) => count),
    progress.windowSeconds,
  );
  const markets = marketsOf(progress).map((market) => describeMarket(market, run));
  const why = whyUnknown(run, rate, whole);
  const eta =
    why === null
      ? runEta(
          markets.map(({ pace }) => pace),
          rate,
        )
      : null;
  return {
    counts: whole,
    rate_per_minute: rate,
    ...describeEta(eta, why),
    overall_progress: overallProgress(run, whole),
    ...describeEnd(run, eta, now),
    attempts: attemptsOf(progress.outcomes),
    failures: failuresOf(progress.counts),
    markets: markets.map(({ description }) => description),
  };
}

/** Of the targets that have come to an end, the share that went well, 0 to 1; null before any has. */
export function successRate({ done, failed, dead }: TargetCounts): number | null {
  const ended = done + failed + dead;
  return ended === 0 ? null : Math.round((done / ended) * 10_000) / 10_000;
}

function describeMarket({ source, host, progress }: Market, run: FoundRun) {
  const counts = countsOf(progress.counts);
  const attempts = attemptsOf(progress.outcomes);
  const remaining = remainingOf(counts);
  const ended = counts.done + counts.failed + counts.dead;
  const rate = ratePerMinute(
    sumOf(progress.endedLately, ({ count }) => count),
    progress.windowSeconds,
  );
  const [clock] = progress.clocks;
  const pace: MarketPace = {
    remaining,
    ratePerMinute: rate,
    attemptsPerTarget: ended === 0 ? 1 : attempts.total / ended,
    averageMs: attempts.average_ms,
    minDelayMs: clock?.minDelayMs ?? 0,
    maxInFlight: clock?.maxInFlight ?? 1,
    lastWaitSeconds: clock?.lastWaitSeconds ?? 0,
  };
  const closed = run.closed_hosts.find((closing) => closing.host === host) ?? null;
  const why = closed === null ? whyUnknown({ ...run, closed_hosts: [] }, rate, counts) : waitingWords(closed);
  const description = {
    source,
    host,
    found: sumOf(progress.counts, ({ count }) => count),
    ...counts,
    success_rate: successRate(counts),
    attempts,
    rate_per_minute: rate,
    ...describeEta(why === null ? marketEta(pace) : null, why),
    closed: closed === null ? null : { until: closed.until, reason: closed.reason },
  };
  return { pace, description };
}

/** Null when it is known. */
function whyUnknown(
  run: Pick<FoundRun, "state" | "collected_at" | "closed_hosts">,
  rate: number | null,
  counts: TargetCounts,
): string | null {
  const reasonOfState: Partial<Record<RunState, string>> = {
    idle: "the run was reset",
    paused: "the run is paused",
    error: "the run ended in error",
  };
  const reason = reasonOfState[run.state];
  if (reason !== undefined) return reason;
  if (run.collected_at === null) return "search pages are left to read";
  const [closing] = run.closed_hosts;
  if (closing !== undefined) return waitingWords(closing);
  if (remainingOf(counts) > 0 && (rate === null || rate === 0))
    return "no target has ended in the last minutes";
  return null;
}

function describeEta(eta: Eta | null, why: string | null) {
  if (eta === null)
    return { eta_seconds: null, eta_minutes: null, eta_range: null, eta_unknown_because: why };
  return {
    eta_seconds: Math.ceil(eta.likely),
    eta_minutes: Math.ceil(eta.likely / 6) / 10,
    eta_range: { low_seconds: Math.floor(eta.low), high_seconds: Math.ceil(eta.high) },
    eta_unknown_because: null,
  };
}

/** The end that was, or that is expected; with it, how many minutes the whole run takes. */
function describeEnd(run: FoundRun, eta: Eta | null, now: Date) {
  const end = run.finished_at ?? (eta === null ? null : new Date(now.getTime() + eta.likely * 1_000));
  return {
    estimated_end_at: end,
    total_eta: end === null ? null : Math.round((end.getTime() - run.created_at.getTime()) / 6_000) / 10,
  };
}

/** How much of its search pages a run, or a market of one, has read. */
type PagesOfRun = Pick<
  FoundRun,
  "state" | "collected_at" | "confirmed" | "pages_read" | "max_pages" | "found" | "total_results"
>;

/** 0 to 1: of the listings found, those that need no more work; while pages are left to read, of the pages' share. */
export function overallProgress(run: PagesOfRun, counts: TargetCounts): number | null {
  if (run.state === "completed") return 1;
  const pagesShare = run.collected_at === null ? shareOfPages(run) : 1;
  if (pagesShare === null) return null;
  const ended = run.confirmed + counts.done + counts.failed + counts.dead;
  const known = ended + remainingOf(counts);
  return Math.round((known === 0 ? 0 : ended / known) * pagesShare * 10_000) / 10_000;
}

/** Null while nobody knows how many pages there are. */
function shareOfPages({ pages_read, max_pages, found, total_results }: PagesOfRun): number | null {
  const shares = [
    ...(max_pages > 0 ? [pages_read / max_pages] : []),
    ...(total_results !== null && total_results > 0 ? [found / total_results] : []),
  ];
  return shares.length === 0 ? (pages_read === 0 ? 0 : null) : Math.min(1, Math.max(...shares));
}

type Market = { source: string; host: string; progress: RunProgress };

/** The run's progress, taken apart by source and host. */
function marketsOf(progress: RunProgress): Market[] {
  const keys = new Map(progress.counts.map(({ source, host }) => [`${source} ${host}`, { source, host }]));
  return [...keys.values()]
    .toSorted((a, b) => a.source.localeCompare(b.source) || a.host.localeCompare(b.host))
    .map(({ source, host }) => {
      const isOfIt = (row: { source: string; host: string }) => row.source === source && row.host === host;
      return {
        source,
        host,
        progress: {
          counts: progress.counts.filter(isOfIt),
          outcomes: progress.outcomes.filter(isOfIt),
          endedLately: progress.endedLately.filter(isOfIt),
          clocks: progress.clocks.filter(isOfIt),
          windowSeconds: progress.windowSeconds,
        },
      };
    });
}

function countsOf(rows: RunProgress["counts"]): TargetCounts {
  const counts = Object.fromEntries(targetStates.map((state) => [state, 0])) as Record<TargetState, number>;
  for (const { state, count } of rows) counts[state] += count;
  return counts;
}

export function remainingOf({ pending, queued, running }: TargetCounts): number {
  return pending + queued + running;
}

function failuresOf(rows: RunProgress["counts"]): { reason: string; count: number }[] {
  const failures = new Map<string, number>();
  for (const { state, reason, count } of rows) {
    if (state === "failed" || state === "dead") failures.set(reason, (failures.get(reason) ?? 0) + count);
  }
  return [...failures]
    .map(([reason, count]) => ({ reason, count }))
    .toSorted((a, b) => b.count - a.count || a.reason.localeCompare(b.reason));
}
