import type { Buckets, RunProgress } from "@pricefleet/database";

type Outcome = Pick<RunProgress["outcomes"][number], "outcome" | "count" | "durationMs" | "buckets">;

/** Requests that came to an end, whether or not their target did. */
export interface Attempts {
  total: number;
  successes: number;
  failures: { error_class: string; count: number }[];
  /** Of the successes, from claim to finish; null before there is one. */
  average_ms: number | null;
  p95_ms: number | null;
}

export function attemptsOf(outcomes: readonly Outcome[]): Attempts {
  const failures = new Map<string, number>();
  const successes = outcomes.filter(({ outcome }) => outcome === "ok");
  for (const { outcome, count } of outcomes) {
    if (outcome !== "ok") failures.set(outcome, (failures.get(outcome) ?? 0) + count);
  }
  const succeeded = sumOf(successes, ({ count }) => count);
  return {
    total: sumOf(outcomes, ({ count }) => count),
    successes: succeeded,
    failures: [...failures]
      .map(([error_class, count]) => ({ error_class, count }))
      .toSorted((a, b) => b.count - a.count || a.error_class.localeCompare(b.error_class)),
    average_ms:
      succeeded === 0 ? null : Math.round(sumOf(successes, ({ durationMs }) => durationMs) / succeeded),
    p95_ms: quantileMs(
      successes.map(({ buckets }) => buckets),
      0.95,
    ),
  };
}

/** Right within a tenth: the middle of its bucket, of which there are four an octave. */
export function quantileMs(histograms: readonly Buckets[], quantile: number): number | null {
  const counts = new Map<number, number>();
  for (const buckets of histograms) {
    for (const [bucket, count] of Object.entries(buckets)) {
      counts.set(Number(bucket), (counts.get(Number(bucket)) ?? 0) + count);
    }
  }
  const total = sumOf([...counts.values()], (count) => count);
  let seen = 0;
  for (const [bucket, count] of [...counts].toSorted(([one], [other]) => one - other)) {
    seen += count;
    if (seen >= total * quantile) return Math.round(2 ** ((bucket + 0.5) / 4));
  }
  return null;
}

export function sumOf<T>(things: readonly T[], number: (thing: T) => number): number {
  return things.reduce((sum, thing) => sum + number(thing), 0);
}
