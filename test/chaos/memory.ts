import { readFileSync } from "node:fs";
import type { OwnedProcess } from "../../scripts/servers/index.ts";

/** What a process may have grown by between the middle of a run and its end, when all is quiet again. */
const MOST_GROWN_MB = 80;

/** Resident memory of those that run, in MB, by name. */
export function memoryOf(processes: readonly OwnedProcess[]): Map<string, number> {
  return new Map(
    processes.filter((owned) => owned.isRunning()).map(({ name, pid }) => [name, residentMb(pid)]),
  );
}

/** @returns the most that any has grown by. @throws Error naming one that has grown by more than it may. */
export function growthBetween(before: Map<string, number>, after: Map<string, number>): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const [name, mb] of after) {
    const grown = mb - (before.get(name) ?? mb);
    if (grown > MOST_GROWN_MB) throw new Error(`${name} has grown by ${grown} MB, to ${mb} MB`);
    most = Math.max(most, grown);
  }
  return most;
}

function residentMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Math.round(Number(kilobytes) / 1_024);
}
