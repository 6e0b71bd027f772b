import { readdirSync, readFileSync } from "node:fs";
import type { OwnedProcess } from "../../scripts/servers/index.ts";
import { waitFor } from "../fleet/index.ts";

/** The main process of a worker's Chromium. Debian starts it by a shell script that waits for it. */
export async function chromiumOf(worker: OwnedProcess): Promise<number> {
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

/** Null when it is no more. */
export function parentOf(pid: string): number | null {
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
