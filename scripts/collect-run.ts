import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { ApiClient, RunStatus } from "./api-client.ts";
import { LogTail } from "./log-tail.ts";
import { patientQuestion } from "./patient-question.ts";
import { hasEnded } from "./run-progress.ts";
import { lastLines, type OwnedProcess, startOwnedProcess } from "./servers/index.ts";

const POLL_MS = 300;
const STOP_GRACE_MS = 30_000;
const root = join(import.meta.dirname, "..");

export interface CollectOptions {
  environment: Record<string, string>;
  logFolder: string;
  api: ApiClient;
  interrupted: AbortSignal;
  /** Called about three times a second with all runs of this collector. */
  onProgress(runs: readonly RunStatus[]): void;
  /** Called for every line that the collector logs. */
  onLogLine(line: string): void;
}

/** The collector could not be run, or ended before its runs did. */
export class CollectorFailedError extends Error {
  override readonly name = "CollectorFailedError";
  readonly exitCode: number;
  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/**
 * Runs the collector once and waits until the runs that it started have ended.
 * @returns the runs' last state, in the order they were started.
 * @throws CollectorFailedError with its last log lines when it ends without a run; InterruptedError.
 */
export async function collectRuns(options: CollectOptions): Promise<RunStatus[]> {
  const { interrupted, api } = options;
  const collector = startOwnedProcess({
    name: "collector",
    command: [process.execPath, "services/collector/main.ts"],
    environment: { ...process.env, ...options.environment, LOG_FORMAT: "json" },
    cwd: root,
    logFile: join(options.logFolder, `collector-${new Date().toISOString().replaceAll(":", "")}.log`),
    parentDeathSignal: "TERM",
  });
  try {
    const tail = new LogTail(collector.logFile);
    const runIds = new Set<string>();
    const runStatuses = patientQuestion(() => Promise.all([...runIds].map((id) => api.run(id))));
    for (;;) {
      interrupted.throwIfAborted();
      const wasRunning = collector.isRunning();
      for (const line of tail.newLines()) {
        options.onLogLine(line);
        const runId = runIdOf(line);
        if (runId !== null) runIds.add(runId);
      }
      if (!wasRunning && runIds.size === 0) throw await failureOf(collector);
      const runs = await runStatuses();
      if (runs !== null) options.onProgress(runs);
      if (runs?.every(hasEnded) && !wasRunning) return runs;
      await delay(POLL_MS);
    }
  } finally {
    await collector.end("SIGTERM", STOP_GRACE_MS);
  }
}

/** The collector names its run in each line that is about one. */
function runIdOf(line: string): string | null {
  return /"run_id":"(\d+)"/.exec(line)?.[1] ?? null;
}

async function failureOf(collector: OwnedProcess): Promise<CollectorFailedError> {
  const { exitCode } = await collector.ended;
  const lines = lastLines(collector.logFile, 5);
  return new CollectorFailedError(
    `the collector started no run (exit code ${exitCode}):\n${lines}`,
    exitCode ?? 1,
  );
}
