import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

export interface ServerCommand {
  /** What people call it, for messages. */
  name: string;
  command: readonly string[];
  /** Options of setpriv(1) that say as whom it runs; empty for the user who calls. */
  privileges: readonly string[];
  environment: Record<string, string>;
  /** Everything the server prints is appended here. */
  logFile: string;
  /**
   * The signal the kernel sends the server when the process that started it dies, so that even a SIGKILL of the
   * parent leaves no server behind; null for a server that is to outlive its starter.
   */
  parentDeathSignal: "INT" | "KILL" | null;
}

export interface ServerProcess {
  readonly pid: number;
  isRunning(): boolean;
  /** Sends the signal and waits until the process is gone; after `graceMs` it is killed. */
  end(signal: NodeJS.Signals, graceMs: number): Promise<void>;
}

/**
 * Starts a server in a process group of its own, so that a Ctrl-C at the terminal does not reach it before
 * its owner has stopped what depends on it.
 */
export function startServerProcess(server: ServerCommand): ServerProcess {
  mkdirSync(dirname(server.logFile), { recursive: true });
  const log = openSync(server.logFile, "a");
  const deathSignal = server.parentDeathSignal === null ? [] : ["--pdeathsig", server.parentDeathSignal];
  const child = spawn("setpriv", [...server.privileges, ...deathSignal, "--", ...server.command], {
    env: server.environment,
    detached: true,
    stdio: ["ignore", log, log],
  });
  closeSync(log);
  if (server.parentDeathSignal === null) child.unref();
  let failure: Error | null = null;
  child.on("error", (error) => {
    failure = error;
  });
  if (child.pid === undefined)
    throw new Error(`${server.name} could not be started: setpriv (package util-linux) not found`);
  const isRunning = () => failure === null && child.exitCode === null && child.signalCode === null;
  return {
    pid: child.pid,
    isRunning,
    end: (signal, graceMs) => endProcess(child, isRunning, signal, graceMs),
  };
}

async function endProcess(
  child: ChildProcess,
  isRunning: () => boolean,
  signal: NodeJS.Signals,
  graceMs: number,
): Promise<void> {
  if (!isRunning()) return;
  const gone = new Promise((resolve) => child.once("exit", resolve));
  child.kill(signal);
  const patience = new AbortController();
  const tooLong = delay(graceMs, undefined, { signal: patience.signal }).then(
    () => child.kill("SIGKILL"),
    () => false,
  );
  await gone;
  patience.abort();
  await tooLong;
}

/**
 * Asks `probe` every 50 ms until it resolves.
 * @throws Error with the end of the server's log when it ends or `timeoutMs` passes first.
 */
export async function waitUntilReady(
  server: ServerCommand,
  process: ServerProcess,
  probe: () => Promise<void>,
  timeoutMs: number,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  let lastError: unknown = null;
  while (process.isRunning() && Date.now() < deadline) {
    try {
      await probe();
      return;
    } catch (error) {
      lastError = error;
    }
    await delay(50);
  }
  const what = process.isRunning()
    ? `did not answer within ${timeoutMs / 1000} s (${String(lastError)})`
    : "ended while starting";
  await process.end("SIGKILL", 0);
  throw new Error(`${server.name} ${what}. The end of ${server.logFile}:\n${lastLines(server.logFile, 15)}`);
}

export function lastLines(file: string, count: number): string {
  return readFileSync(file, "utf8").trimEnd().split("\n").slice(-count).join("\n");
}
