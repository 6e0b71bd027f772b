import type { RunStatus } from "../api-client.ts";
import { describeProgress, progressBar } from "../run-progress.ts";
import type { ComponentState } from "./component-states.ts";
import type { QueueDepth } from "./queue-depths.ts";

const BAR_WIDTH = 10;
const MAX_ERRORS = 5;

/** "worker        15/16  the image … cannot be had": a line for each component, one more for each further reason. */
export function describeComponents(states: readonly ComponentState[]): string[] {
  if (states.length === 0) return ["nothing runs (make k8s-up starts it)"];
  const width = widest(states.map(({ component }) => component));
  return states.flatMap(({ component, ready, wanted, isDone, reasons }) => {
    const head = `${component.padEnd(width)}  ${`${ready}/${Math.max(ready, wanted)}`.padStart(5)}  `;
    const [first = isDone ? "done" : ready + wanted === 0 ? "nothing to do" : "ready", ...more] = reasons;
    return [head + first, ...more.map((reason) => " ".repeat(head.length) + reason)];
  });
}

/** Queues with something in them; of the work queues also the empty ones. */
export function describeQueues(queues: readonly QueueDepth[]): string[] {
  const shown = queues.filter(
    ({ name, ready, inHand }) => ready + inHand > 0 || !/\.retry\.|_dlq$/.test(name),
  );
  if (shown.length === 0) return ["none yet"];
  const width = widest(shown.map(({ name }) => name));
  return shown.map(({ name, ready, inHand }) => `${name.padEnd(width)}  ${ready} waiting, ${inHand} in hand`);
}

/** The newest first, with how the collector is doing where that is worth a word. */
export function describeRuns(runs: readonly RunStatus[]): string[] {
  if (runs.length === 0) return ["none yet (make k8s-collect starts one)"];
  return runs.flatMap((run) => {
    const { source, term, url } = run.search;
    const message = run.collector?.message ?? null;
    return [
      `${run.id}  ${source} ${term ?? url ?? ""}: ${run.state}  ${progressBar(run, BAR_WIDTH)}  ${describeProgress(run)}`,
      ...(run.error === null ? [] : [`   ${run.error}`]),
      ...(message === null ? [] : [`   ${run.collector?.name} is ${run.collector?.state}: ${message}`]),
    ];
  });
}

export function describeErrors(runs: readonly RunStatus[]): string[] {
  const errors = runs.flatMap(({ id, last_errors: lastErrors }) =>
    lastErrors.map(({ reason, url }) => `run ${id}: ${reason ?? "unknown"} at ${url}`),
  );
  return errors.length === 0 ? ["none"] : errors.slice(0, MAX_ERRORS);
}

function widest(words: readonly string[]): number {
  return Math.max(...words.map((word) => word.length));
}
