import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { messageOf } from "@pricefleet/contracts";
import { endRecorded, isStillRunning, type ProcessRecord, recordProcess } from "./process-record.ts";
import { stopCompose } from "./servers/index.ts";
import type { Stack } from "./stack.ts";

const SERVICE_GRACE_MS = 30_000;
const SERVER_GRACE_MS = 20_000;
const root = join(import.meta.dirname, "..");
const recordFile = join(root, ".local", "run", "stack.json");

/** What `make up` left running, or `make dev` runs, for `make collect` and `make down`. */
export interface RunningStack {
  apiUrl: string;
  logFolder: string;
  /** How a service reaches the servers; has their passwords. */
  workerEnvironment: Record<string, string>;
  services: ProcessRecord[];
  servers: ProcessRecord[];
  /** The folder whose containers run; null without Docker. */
  composeFolder: string | null;
}

export function recordStack(stack: Stack): void {
  const { database, broker } = stack.servers;
  const record: RunningStack = {
    apiUrl: stack.apiUrl,
    logFolder: stack.logFolder,
    workerEnvironment: stack.workerEnvironment,
    services: stack.services.map(({ name, pid }) => recordProcess(name, pid, "SIGTERM")),
    servers: [database.process, broker.process]
      .filter((process) => process !== null)
      .map(({ name, pid, stopSignal }) => recordProcess(name, pid, stopSignal)),
    composeFolder: database.composeFolder ?? broker.composeFolder,
  };
  mkdirSync(dirname(recordFile), { recursive: true });
  writeFileSync(recordFile, JSON.stringify(record, null, 2), { mode: 0o600 });
}

/** Null when nothing was left running, or all of it is gone (a reboot). */
export function findRunningStack(): RunningStack | null {
  const record = readRecord();
  return record !== null && [...record.services, ...record.servers].some(isStillRunning) ? record : null;
}

/** Ends the services, then the servers, by their pids. @returns a line for each; none when nothing was left. */
export async function stopRunningStack(): Promise<string[]> {
  const record = readRecord();
  if (record === null) return [];
  const lines = [
    ...(await endAll(record.services, SERVICE_GRACE_MS)),
    ...(await endAll(record.servers, SERVER_GRACE_MS)),
  ];
  if (record.composeFolder !== null) {
    stopCompose(record.composeFolder);
    lines.push("containers: ended");
  }
  forgetStack();
  return lines;
}

export function forgetStack(): void {
  rmSync(recordFile, { force: true });
}

async function endAll(records: readonly ProcessRecord[], graceMs: number): Promise<string[]> {
  return await Promise.all(
    records.map(async (record) => `${record.name}: ${await endRecorded(record, graceMs)}`),
  );
}

function readRecord(): RunningStack | null {
  if (!existsSync(recordFile)) return null;
  try {
    return JSON.parse(readFileSync(recordFile, "utf8")) as RunningStack;
  } catch (error) {
    throw new Error(
      `${recordFile}, which says what runs, is damaged (${messageOf(error)}). End what runs by hand, and remove this file.`,
      { cause: error },
    );
  }
}
