import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { type CollectorReport, describeExitCode, messageOf } from "@pricefleet/contracts";
import type { Logger } from "@pricefleet/logging";
import type { CollectorLauncher } from "./collector-launcher.ts";

interface LocalLauncherOptions {
  /** The collector's main.ts. */
  program: string;
  environment: Record<string, string | undefined>;
  logger: Logger;
}

const GRACE_MS = 20_000;
/** Ends are kept for this many runs, long enough to be looked at. */
const MAX_ENDED = 1_000;

/** Collectors as child processes of the dispatcher, for one machine without Kubernetes. */
export function createLocalLauncher({
  program,
  environment,
  logger,
}: LocalLauncherOptions): CollectorLauncher {
  const running = new Map<string, ChildProcess>();
  const ended = new Map<string, CollectorReport>();

  function noteEnd(runId: string, end: CollectorReport): void {
    ended.delete(runId);
    ended.set(runId, end);
    const [oldest] = ended.keys();
    if (ended.size > MAX_ENDED && oldest !== undefined) ended.delete(oldest);
  }

  return {
    goneBecause: "the dispatcher that started it leads no more",
    async launch(runId) {
      if (running.has(runId)) return;
      const child = spawn(process.execPath, [program], {
        // Not the dispatcher's heartbeat: a collector that touched it would hide that the dispatcher hangs.
        env: { ...environment, HEARTBEAT_FILE: "", RUN_ID: runId, SERVICE_NAME: "collector" },
        stdio: ["ignore", "inherit", "inherit"],
      });
      running.set(runId, child);
      child.once("error", (error) => {
        running.delete(runId);
        noteEnd(runId, failedToStart(error));
        logger.error("a collector could not be started", { run_id: runId, error: error.message });
      });
      child.once("close", (code, signal) => {
        if (running.get(runId) === child) {
          running.delete(runId);
          noteEnd(runId, reportOf(child, code, signal));
        }
        logger.info("a collector has ended", { run_id: runId, code, signal });
      });
      logger.info("started a collector", { run_id: runId, pid: child.pid });
    },
    async lookAt(runIds) {
      const reports = new Map<string, CollectorReport>();
      for (const runId of runIds) {
        const child = running.get(runId);
        const report = child === undefined ? ended.get(runId) : reportOf(child, null, null);
        if (report !== undefined) reports.set(runId, report);
      }
      return reports;
    },
    reportFailedLaunch: (_runId, error) => failedToStart(error),
    async close() {
      const children = [...running.values()];
      for (const child of children) child.kill("SIGTERM");
      const allEnded = Promise.all(children.map((child) => once(child, "close")));
      await Promise.race([allEnded, sleep(GRACE_MS, undefined, { ref: false })]);
      for (const child of running.values()) child.kill("SIGKILL");
    },
  };
}

function reportOf({ pid }: ChildProcess, code: number | null, signal: string | null): CollectorReport {
  const report = { kind: "process" as const, name: `process ${pid ?? "?"}`, pods: [] };
  if (signal !== null) return { ...report, state: "failed", message: `ended by ${signal}` };
  if (code === null) return { ...report, state: "running", message: null };
  if (code === 0) return { ...report, state: "completed", message: null };
  return { ...report, state: "failed", message: `ended with ${describeExitCode(code)}` };
}

function failedToStart(error: unknown): CollectorReport {
  const message = `it could not be started: ${messageOf(error)}`;
  return { kind: "process", name: "process", state: "failed", message, pods: [] };
}
