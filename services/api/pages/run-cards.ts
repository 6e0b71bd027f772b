import type { findRuns } from "@pricefleet/database";
import type { progressOf } from "../progress/run-progress.ts";
import { waitingTime } from "../waiting-words.ts";
import { html, type Html, nothing } from "./html.ts";
import { duration, renderAge } from "./times.ts";

/** A run, and how far it is if it has not ended. */
export type ShownRun = Awaited<ReturnType<typeof findRuns>>["items"][number] & {
  progress: ReturnType<typeof progressOf> | null;
};

export function isBusy({ state }: Pick<ShownRun, "state">): boolean {
  return state === "initializing" || state === "processing";
}

export function renderRuns(runs: readonly ShownRun[], now: Date): Html {
  if (runs.length === 0)
    return html`<p class="empty">No run yet. <code>make demo</code> starts one, and so does <code>POST /runs</code>.</p>`;
  return html`<ul class="runs">${runs.map((run) => renderRun(run, now))}</ul>`;
}

function renderRun(run: ShownRun, now: Date): Html {
  const { pending, queued, running, done, failed, dead, cancelled } = run.counts;
  const ended = done + failed + dead + cancelled;
  const total = ended + pending + queued + running;
  const share =
    run.progress?.overall_progress ?? (run.state === "completed" ? 1 : ended / Math.max(total, 1));
  const percent = Math.floor(share * 100);
  const words = [
    `${run.found} found`,
    run.confirmed > 0 ? `${run.confirmed} confirmed by card` : "",
    pending + queued > 0 ? `${pending + queued} waiting` : "",
    running > 0 ? `${running} in work` : "",
    `${done} done`,
    failed + dead > 0 ? `${failed + dead} failed` : "",
  ];
  return html`<li${isBusy(run) ? html` data-busy` : nothing}>
<div class="run-head"><a href="runs/${run.id}">${run.term ?? run.url ?? ""}</a> <span class="state ${run.state}">${run.state}</span></div>
<progress max="100" value="${percent}" aria-label="${percent} percent of the work done"></progress>
<div class="eta">${renderEta(run, now)}</div>
<div class="quiet">${words.filter((word) => word !== "").join(" · ")}</div>
<div class="quiet">${run.source}, started ${renderAge(run.created_at, now)}</div>
</li>
`;
}

/** How long it takes still, or why nobody knows; of an ended run, how long it took or why it failed. */
function renderEta({ state, error, created_at, finished_at, progress }: ShownRun, now: Date): Html {
  if (state === "error") return html`<span class="bad">${error ?? "it failed, and gave no reason"}</span>`;
  if (finished_at !== null)
    return html`took ${duration((finished_at.getTime() - created_at.getTime()) / 1_000)}`;
  if (progress === null) return nothing;
  const { eta_seconds: eta, eta_range: range, eta_unknown_because: why, estimated_end_at: end } = progress;
  if (eta === null || range === null || end === null)
    return html`<span class="quiet">time left not known: ${why ?? "nothing to go by"}</span>`;
  const [low, high] = [duration(range.low_seconds), duration(range.high_seconds)];
  const between = low === high ? "" : ` (${low} to ${high})`;
  return html`about ${duration(eta)} left${between}, until ${waitingTime(end, now)}`;
}
