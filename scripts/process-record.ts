import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";

/** A process that one command started and another will end. */
export interface ProcessRecord {
  name: string;
  pid: number;
  /** Tells this process from a later one that got the same pid. */
  identity: string;
  stopSignal: NodeJS.Signals;
}

export function recordProcess(name: string, pid: number, stopSignal: NodeJS.Signals): ProcessRecord {
  const identity = identityOf(pid);
  if (identity === null) throw new Error(`${name} (pid ${pid}) is gone already`);
  return { name, pid, identity, stopSignal };
}

/** Is the recorded process still there, and not another one with its pid? */
export function isStillRunning(record: ProcessRecord): boolean {
  return identityOf(record.pid) === record.identity;
}

/** Sends the stop signal and waits until the process is gone; after `graceMs` it is killed. A stale record is left alone. */
export async function endRecorded(
  record: ProcessRecord,
  graceMs: number,
): Promise<"ended" | "killed" | "was gone"> {
  if (!isStillRunning(record)) return "was gone";
  process.kill(record.pid, record.stopSignal);
  if (await isGoneWithin(record, graceMs)) return "ended";
  process.kill(record.pid, "SIGKILL");
  if (await isGoneWithin(record, 5_000)) return "killed";
  throw new Error(`${record.name} (pid ${record.pid}) does not end, not even by SIGKILL`);
}

async function isGoneWithin(record: ProcessRecord, timeoutMs: number): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (isStillRunning(record)) {
    if (Date.now() > deadline) return false;
    await delay(50);
  }
  return true;
}

/**
 * The boot's id and the process's start time in ticks (field 22 of /proc/<pid>/stat, see proc(5)); null without such a
 * process. A zombie, which nobody has waited for yet, is gone as well.
 */
function identityOf(pid: number): string | null {
  const stat = readIfThere(`/proc/${pid}/stat`);
  if (stat === null) return null;
  // The second field is the program's name in brackets, which may itself hold spaces and brackets.
  const [state, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  if (state === "Z" || state === "X") return null;
  const boot = readIfThere("/proc/sys/kernel/random/boot_id")?.trim() ?? "";
  return `${boot}:${fields[18] ?? ""}`;
}

function readIfThere(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return null;
    throw error;
  }
}
