/** What is known of how fast a market goes on. */
export interface MarketPace {
  remaining: number;
  /** Of targets that came to their end in the last minutes; null while no time has passed to measure over. */
  ratePerMinute: number | null;
  /** Requests made for each target that ended: more than 1 when some are tried again. */
  attemptsPerTarget: number;
  averageMs: number | null;
  minDelayMs: number;
  maxInFlight: number;
  /** Until the last of its targets that were set aside may be tried again. */
  lastWaitSeconds: number;
}

/** Seconds from now to the end: at best, most likely, at worst. */
export interface Eta {
  low: number;
  likely: number;
  high: number;
}

/** Rates of the last minutes are seldom off by more than this, up or down. */
const RATE_MAY_BE_OFF_BY = 1.25;

/** Null per minute while no time has passed to measure over. */
export function ratePerMinute(endedLately: number, windowSeconds: number): number | null {
  if (windowSeconds <= 0) return null;
  return Math.round((endedLately / windowSeconds) * 600) / 10;
}

/** Null when nothing has ended in the last minutes, so that nobody can say. */
export function marketEta(pace: MarketPace): Eta | null {
  if (pace.remaining === 0) return { low: 0, likely: 0, high: 0 };
  if (pace.ratePerMinute === null || pace.ratePerMinute === 0) return null;
  const atLeast = soonestSeconds(pace);
  const byRate = (pace.remaining / pace.ratePerMinute) * 60;
  return {
    low: Math.max(atLeast, byRate / RATE_MAY_BE_OFF_BY),
    likely: Math.max(atLeast, byRate),
    // As if each target left took as many requests as those before it did, on top of what the rate has seen of that.
    high: Math.max(atLeast, byRate * RATE_MAY_BE_OFF_BY) * Math.max(1, pace.attemptsPerTarget),
  };
}

/** No sooner: the host's limits, and the waits of those that are tried again later. */
function soonestSeconds({
  remaining,
  minDelayMs,
  maxInFlight,
  averageMs,
  lastWaitSeconds,
}: MarketPace): number {
  const byItsClock = (remaining * minDelayMs) / 1_000;
  const byItsWidth = (remaining * (averageMs ?? 0)) / 1_000 / maxInFlight;
  return Math.max(byItsClock, byItsWidth, lastWaitSeconds);
}

/** Markets go on side by side, so the run ends with its slowest; one that has not begun goes by its host's limits. */
export function runEta(markets: readonly MarketPace[], ofRun: number | null): Eta | null {
  const remaining = markets.reduce((sum, market) => sum + market.remaining, 0);
  if (remaining === 0) return { low: 0, likely: 0, high: 0 };
  if (ofRun === null || ofRun === 0) return null;
  const byRate = (remaining / ofRun) * 60;
  const etas = markets.map((market) => {
    const soonest = soonestSeconds(market);
    return marketEta(market) ?? { low: soonest, likely: soonest, high: soonest };
  });
  const latest = (of: (eta: Eta) => number) => Math.max(...etas.map(of));
  return {
    low: latest(({ low }) => low),
    likely: Math.max(
      latest(({ likely }) => likely),
      byRate,
    ),
    high: Math.max(
      latest(({ high }) => high),
      byRate * RATE_MAY_BE_OFF_BY,
    ),
  };
}
