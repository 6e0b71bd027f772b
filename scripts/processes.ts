import { rmSync } from "node:fs";
import { join } from "node:path";
import { lastLines, type OwnedProcess, startOwnedProcess } from "./servers/index.ts";

/** Workers finish the page in hand; after this they are killed, and their leases bring the work back. */
const STOP_GRACE_MS = 30_000;
const root = join(import.meta.dirname, "..");
/**
 * Small processes, many of them: V8 collects early and glibc keeps two arenas instead of sixteen, which costs a worker no
 * speed that a page would show, and saves it about 80 MB after some thousand pages (docs/performance.md).
 */
const nodeFlags = ["--optimize-for-size"];
const sparing = {
  MALLOC_ARENA_MAX: "2",
  // Stripped and compiled code is shared by all processes and kept for their next start.
  NODE_COMPILE_CACHE: join(root, ".local", "compile-cache"),
};

export interface ServiceSpec {
  /** Its log is <logFolder>/<name>.log. */
  name: string;
  /** Path of the .ts file from the repository's root. */
  file: string;
  /** Added to this process's environment. */
  environment: Record<string, string>;
  /** Start it again whenever a file that it imports changes. */
  watch?: boolean;
}

interface ProcessesOptions {
  /** Emptied at the start: its logs are of this set alone. */
  logFolder: string;
  /** False for services that go on when this process ends. */
  endWithStarter: boolean;
  /** Called for each service that ends though nobody stopped it, with which, how, and its last lines. */
  onUnexpectedEnd(report: string): void;
}

/** The services of a demo, a development session or `make up`: started one by one, stopped the last one first. */
export class Processes {
  readonly #options: ProcessesOptions;
  readonly #started: { spec: ServiceSpec; owned: OwnedProcess }[] = [];
  #stopping = false;

  constructor(options: ProcessesOptions) {
    this.#options = options;
    rmSync(options.logFolder, { recursive: true, force: true });
  }

  start(spec: ServiceSpec): OwnedProcess {
    const { logFolder, endWithStarter } = this.#options;
    const owned = startOwnedProcess({
      name: spec.name,
      command: [
        process.execPath,
        ...nodeFlags,
        ...(spec.watch ? ["--watch", "--watch-preserve-output"] : []),
        spec.file,
      ],
      environment: { ...sparing, ...process.env, ...spec.environment },
      cwd: root,
      logFile: join(logFolder, `${spec.name}.log`),
      parentDeathSignal: endWithStarter ? "TERM" : null,
    });
    this.#started.push({ spec, owned });
    void this.#watchOver(owned);
    return owned;
  }

  async #watchOver(owned: OwnedProcess): Promise<void> {
    const { exitCode, signal } = await owned.ended;
    if (this.#stopping) return;
    const how = signal === null ? `with exit code ${exitCode}` : `by ${signal}`;
    const lines = lastLines(owned.logFile, 10);
    this.#options.onUnexpectedEnd(
      `${owned.name} ended ${how}. Its last lines (all in ${owned.logFile}):\n${lines}`,
    );
  }

  /** Ends all; services of one file at the same time, for sixteen workers must not wait for one another. */
  async stopAll(graceMs: number = STOP_GRACE_MS): Promise<void> {
    this.#stopping = true;
    const groups = Map.groupBy(this.#started.toReversed(), ({ spec }) => spec.file);
    for (const group of groups.values()) {
      await Promise.all(group.map(({ owned }) => owned.end("SIGTERM", graceMs)));
    }
  }
}
