import type { RunStatus } from "./api-client.ts";

const endedStates = ["completed", "error", "idle"];

/** Has the run come to an end, one way or another? A paused one has not. */
export function hasEnded(run: RunStatus): boolean {
  return endedStates.includes(run.state);
}

/** "found 120 · queued 40 · running 4 · done 75 · failed 1 · 300/min · 8 s left" */
export function describeProgress(run: RunStatus): string {
  const queued = run.pending + run.queued;
  const parts = [
    // First, because a narrow terminal cuts the end off.
    ...run.closed_hosts.map(describeClosing),
    `found ${run.found}`,
    ...(run.confirmed > 0 ? [`unchanged ${run.confirmed}`] : []),
    `queued ${queued}`,
    `running ${run.running}`,
    `done ${run.done}`,
    `failed ${run.failed + run.dead}`,
  ];
  if (run.rate_per_minute !== null) parts.push(`${Math.round(run.rate_per_minute)}/min`);
  if (run.eta_seconds !== null && !hasEnded(run)) parts.push(`${describeSeconds(run.eta_seconds)} left`);
  if (run.state === "paused") parts.push("paused");
  return parts.join(" · ");
}

/** "▓▓▓▓▓░░░░░ 50%" of the targets known so far. */
export function progressBar(run: RunStatus, width: number): string {
  const finished = run.done + run.failed + run.dead + run.cancelled;
  const total = finished + run.pending + run.queued + run.running;
  const share = total === 0 ? (hasEnded(run) ? 1 : 0) : finished / total;
  const full = Math.round(share * width);
  return `${"▓".repeat(full)}${"░".repeat(width - full)} ${String(Math.floor(share * 100)).padStart(3)}%`;
}

function describeClosing({ host, until, reason }: RunStatus["closed_hosts"][number]): string {
  const seconds = Math.max(0, (Date.parse(until) - Date.now()) / 1000);
  return `${host} is closed for ${describeSeconds(seconds)} (${reason ?? "unknown"})`;
}

function describeSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.ceil(seconds / 60)} min`;
  return `${(seconds / 3600).toFixed(1)} h`;
}
