import { readdirSync, readFileSync } from "node:fs";
import type { OwnedProcess } from "../../../scripts/servers/index.ts";
import { waitFor } from "../../fleet/index.ts";
import type { Arrangement } from "../stage.ts";
import type { Fault } from "../fault.ts";

const SHARE = 0.1;
const MOST_TARGETS = 120;
const inBrowser = (): Arrangement => ({
  environment: { FETCH_MODE: "browser", LEASE_SECONDS: "100" },
  workers: 2,
  pagesAtOnce: 2,
});

/** What happens to Chromium. A browser's page costs fifty times what plain HTTP does, so these runs are shorter. */
export const browserFaults: Fault[] = [
  {
    name: "chromium-killed",
    mostTargets: MOST_TARGETS,
    arrange: inBrowser,
    async strike({ untilEnded, workers }) {
      await untilEnded(SHARE);
      for (const worker of workers) process.kill(await chromiumOf(worker), "SIGKILL");
    },
  },
  {
    name: "chromium-hung",
    mostTargets: MOST_TARGETS,
    arrange: inBrowser,
    async strike({ untilEnded, workers: [worker] }) {
      await untilEnded(SHARE);
      if (worker === undefined) throw new Error("there is no worker");
      const pid = await chromiumOf(worker);
      process.kill(pid, "SIGSTOP");
      // Nobody wakes it up: the worker must notice, and end it.
      await waitFor("an end of the Chromium that hangs", 180_000, async () =>
        parentOf(String(pid)) === null ? true : null,
      );
    },
  },
  {
    name: "chromium-out-of-memory",
    mostTargets: MOST_TARGETS,
    arrange: () => ({ ...inBrowser(), rules: [{ fault: "devours-memory", share: 0.2, times: 1 }] }),
    strike: ({ untilEnded }) => untilEnded(SHARE),
  },
];

/** Its main process. Debian starts it by a shell script that waits for it. */
async function chromiumOf(worker: OwnedProcess): Promise<number> {
  return await waitFor(`a Chromium of ${worker.name}`, 60_000, async () => {
    const [started] = childrenOf(worker.pid);
    if (started === undefined) return null;
    const isMain = (pid: number) => !readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("--type=");
    return childrenOf(started).find(isMain) ?? started;
  });
}

function childrenOf(parent: number): number[] {
  return readdirSync("/proc")
    .filter((entry) => /^\d+$/.test(entry) && parentOf(entry) === parent)
    .map(Number);
}

function parentOf(pid: string): number | null {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    // One that has ended and was not asked for its exit code yet is no process any more.
    if (/^State:\s+Z/m.test(status)) return null;
    return Number(/^PPid:\s+(\d+)$/m.exec(status)?.[1]);
  } catch {
    // It ended while the list was read.
    return null;
  }
}
