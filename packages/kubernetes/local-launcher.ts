import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Logger } from "@pricefleet/logging";
import type { CollectorLauncher } from "./collector-launcher.ts";

interface LocalLauncherOptions {
  /** The collector's main.ts. */
  program: string;
  environment: Record<string, string | undefined>;
  logger: Logger;
}

const GRACE_MS = 20_000;

/** Collectors as child processes of the dispatcher, for one machine without Kubernetes. */
export function createLocalLauncher({
  program,
  environment,
  logger,
}: LocalLauncherOptions): CollectorLauncher {
  const running = new Map<string, ChildProcess>();
  return {
    async launch(runId) {
      if (running.has(runId)) return;
      const child = spawn(process.execPath, [program], {
        env: { ...environment, RUN_ID: runId, SERVICE_NAME: "collector" },
        stdio: ["ignore", "inherit", "inherit"],
      });
      running.set(runId, child);
      child.once("error", (error) =>
        logger.error("a collector could not be started", { run_id: runId, error: error.message }),
      );
      child.once("close", (code, signal) => {
        running.delete(runId);
        logger.info("a collector has ended", { run_id: runId, code, signal });
      });
      logger.info("started a collector", { run_id: runId, pid: child.pid });
    },
    async close() {
      const children = [...running.values()];
      for (const child of children) child.kill("SIGTERM");
      const allEnded = Promise.all(children.map((child) => once(child, "close")));
      await Promise.race([allEnded, sleep(GRACE_MS, undefined, { ref: false })]);
      for (const child of running.values()) child.kill("SIGKILL");
    },
  };
}
