import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export interface OwnedProcessOptions {
  /** What people call it, for messages. */
  name: string;
  command: readonly string[];
  /** Options of setpriv(1) that say as whom it runs; by default the user who calls. */
  privileges?: readonly string[];
  environment: Record<string, string | undefined>;
  cwd?: string;
  /** Everything it prints is appended here. */
  logFile: string;
  /**
   * The signal the kernel sends it when the process that started it dies, so that even a SIGKILL of the parent leaves
   * nothing behind; null for a process that is to outlive its starter.
   */
  parentDeathSignal: "INT" | "TERM" | "KILL" | null;
}

export interface ProcessEnd {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
}

export interface OwnedProcess {
  readonly name: string;
  readonly logFile: string;
  readonly pid: number;
  isRunning(): boolean;
  /** Resolves when it is gone, for whatever reason. */
  readonly ended: Promise<ProcessEnd>;
  /** Sends the signal and waits until the process is gone; after `graceMs` its whole process group is killed. */
  end(signal: NodeJS.Signals, graceMs: number): Promise<void>;
}

/**
 * Starts a process in a process group of its own, so that a Ctrl-C at the terminal does not reach it before its owner
 * has stopped what depends on it.
 */
export function startOwnedProcess(options: OwnedProcessOptions): OwnedProcess {
  const { name, logFile, parentDeathSignal } = options;
  mkdirSync(dirname(logFile), { recursive: true });
  const log = openSync(logFile, "a");
  const deathSignal = parentDeathSignal === null ? [] : ["--pdeathsig", parentDeathSignal];
  const child = spawn("setpriv", [...(options.privileges ?? []), ...deathSignal, "--", ...options.command], {
    env: options.environment,
    cwd: options.cwd,
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) {
    child.once("error", () => undefined);
    throw new Error(`${name} could not be started: setpriv (Debian package util-linux) not found`);
  }
  if (parentDeathSignal === null) child.unref();
  const ended = new Promise<ProcessEnd>((resolve) => {
    child.once("exit", (exitCode, signal) => resolve({ exitCode, signal }));
  });
  const isRunning = () => child.exitCode === null && child.signalCode === null;

  async function end(signal: NodeJS.Signals, graceMs: number): Promise<void> {
    if (!isRunning()) return;
    child.kill(signal);
    const patience = new AbortController();
    const tooLong = delay(graceMs, true, { signal: patience.signal }).catch(() => false);
    const mustBeKilled = await Promise.race([ended.then(() => false), tooLong]);
    patience.abort();
    if (mustBeKilled && isRunning()) process.kill(-(pid ?? 0), "SIGKILL");
    await ended;
  }

  return { name, logFile, pid, isRunning, ended, end };
}

/**
 * Asks `probe` every 50 ms until it resolves.
 * @throws Error with the end of the process's log when it ends or `timeoutMs` passes first.
 */
export async function waitUntilReady(
  owned: OwnedProcess,
  probe: () => Promise<void>,
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown = null;
  while (owned.isRunning() && Date.now() < deadline) {
    try {
      await probe();
      return;
    } catch (error) {
      lastError = error;
    }
    await delay(50);
  }
  const what = owned.isRunning()
    ? `did not answer within ${timeoutMs / 1000} s (${String(lastError)})`
    : "ended while starting";
  await owned.end("SIGKILL", 0);
  throw new Error(`${owned.name} ${what}. The end of ${owned.logFile}:\n${lastLines(owned.logFile, 15)}`);
}

export function lastLines(file: string, count: number): string {
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-count).join("\n");
}
