import type { RunStatus } from "./api-client.ts";

export interface Outcome {
  /** For people: what happened to every target. */
  lines: string[];
  /** The run is completed, and nothing in it failed. */
  everythingFinished: boolean;
}

/** What became of a run that has ended. */
export function describeOutcome(run: RunStatus): Outcome {
  const targets = run.done + run.failed + run.dead + run.cancelled + run.pending + run.queued + run.running;
  const byState = (["done", "failed", "dead", "cancelled", "pending", "queued", "running"] as const)
    .filter((state) => run[state] > 0)
    .map((state) => `${run[state]} ${state}`);
  const unchanged = run.confirmed > 0 ? `, ${run.confirmed} unchanged since they were read last` : "";
  const listings = `${run.found} listings found on ${run.pages_read} search ${run.pages_read === 1 ? "page" : "pages"}${unchanged}`;
  return {
    lines: [
      `Run ${run.id} ${run.error === null ? `is ${run.state}` : `ended with an error (${run.error})`}: ${listings}.`,
      ...(targets === 0 ? [] : [`Of ${targets} pages to read: ${byState.join(", ")}.`]),
      ...run.failures.map(
        (failure) => `  ${failure.count} ${failure.reason}${exampleOf(run, failure.reason)}`,
      ),
    ],
    everythingFinished: run.state === "completed" && run.failed === 0 && run.dead === 0,
  };
}

function exampleOf(run: RunStatus, reason: string): string {
  const example = run.last_errors.find((error) => error.reason === reason);
  return example === undefined ? "" : `, such as ${example.url}`;
}
