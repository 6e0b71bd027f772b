import { execFileSync, spawnSync } from "node:child_process";
import { chownSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Client } from "pg";
import { keptPasswords } from "./credentials.ts";
import { findFreePort } from "./free-port.ts";
import {
  type OwnedProcess,
  type OwnedProcessOptions,
  startOwnedProcess,
  waitUntilReady,
} from "./owned-process.ts";

const START_TIMEOUT_MS = 30_000;
const STOP_GRACE_MS = 15_000;
const OLDEST_VERSION = 15;
const installedVersions = "/usr/lib/postgresql";

export interface PostgresOptions {
  /** Folder of everything the server keeps: cluster, log, password. Made if missing, used again if there. */
  dataDir: string;
  /** A free one by default. */
  port?: number;
  /** Switch off only for tests: a crash of the machine may then lose data, a crash of the server does not. */
  fsync?: boolean;
  /** False for a server that goes on when the process that started it ends. */
  endsWithStarter?: boolean;
}

export interface PostgresServer {
  /** As superuser `postgres`, database `postgres`. */
  readonly adminUrl: string;
  readonly port: number;
  readonly pid: number;
  /** Stops at once and in order (a fast shutdown); killed after 15 s. */
  stop(): Promise<void>;
  /** SIGKILL: the crash of a server. It stays down until `restart`. */
  kill(): Promise<void>;
  /** Stops if it runs, and starts on the same port with the same data. */
  restart(): Promise<void>;
  /** Stops, forgets all data, and starts empty on the same port with the same password. */
  wipe(): Promise<void>;
}

/** The bin folder of the newest installed PostgreSQL from 15 up; null without one. */
export function findPostgres(): string | null {
  if (!existsSync(installedVersions)) return null;
  const newest = readdirSync(installedVersions)
    .map(Number)
    .filter((version) => version >= OLDEST_VERSION)
    .toSorted((a, b) => b - a)
    .map((version) => join(installedVersions, String(version), "bin"))
    .find((folder) => existsSync(join(folder, "initdb")) && existsSync(join(folder, "postgres")));
  return newest ?? null;
}

/** Starts a PostgreSQL of its own on loopback. @throws Error with the end of its log when it does not start. */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const binFolder = findPostgres();
  if (binFolder === null) throw new Error("PostgreSQL 15 or newer is not installed (package postgresql)");
  const { dataDir, fsync = true, endsWithStarter = true } = options;
  const port = options.port ?? (await findFreePort());
  const cluster = join(dataDir, "cluster");
  const passwords = keptPasswords(join(dataDir, "credentials.json"), ["postgres"]);
  const adminUrl = `postgres://postgres:${passwords.postgres}@127.0.0.1:${port}/postgres`;
  const settings = {
    listen_addresses: "127.0.0.1",
    port: String(port),
    unix_socket_directories: "",
    max_connections: "200",
    ...(fsync ? {} : { fsync: "off", full_page_writes: "off" }),
  };
  const privileges = whoMayRunPostgres(dataDir);
  const server: OwnedProcessOptions = {
    name: "PostgreSQL",
    command: [
      join(binFolder, "postgres"),
      "-D",
      cluster,
      ...Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
    ],
    privileges,
    environment: { LC_ALL: "C.UTF-8", PATH: process.env["PATH"] ?? "/usr/bin:/bin" },
    logFile: join(dataDir, "postgresql.log"),
    parentDeathSignal: endsWithStarter ? "INT" : null,
  };

  const start = async () => {
    if (!existsSync(join(cluster, "PG_VERSION"))) {
      createCluster({ binFolder, cluster, dataDir, privileges, password: passwords.postgres });
    }
    return await startCluster(server, adminUrl);
  };
  let running = await start();
  const stop = () => running.end("SIGINT", STOP_GRACE_MS);
  return {
    adminUrl,
    port,
    get pid() {
      return running.pid;
    },
    stop,
    kill: () => running.end("SIGKILL", 0),
    async restart() {
      await stop();
      running = await start();
    },
    async wipe() {
      await stop();
      rmSync(cluster, { recursive: true });
      running = await start();
    },
  };
}

/** After a SIGKILL the old server's own children need a moment to go, and until then a new one refuses to start. */
async function startCluster(server: OwnedProcessOptions, adminUrl: string): Promise<OwnedProcess> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    const process = startOwnedProcess(server);
    try {
      await waitUntilReady(process, () => answers(adminUrl), START_TIMEOUT_MS);
      return process;
    } catch (error) {
      const oldChildrenLive = String(error).includes("shared memory block");
      if (!oldChildrenLive || Date.now() > deadline) throw error;
      await delay(100);
    }
  }
}

async function answers(adminUrl: string): Promise<void> {
  const client = new Client({ connectionString: adminUrl, connectionTimeoutMillis: 2_000 });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.query("SELECT 1");
  } finally {
    await client.end();
  }
}

interface NewCluster {
  binFolder: string;
  cluster: string;
  dataDir: string;
  privileges: readonly string[];
  password: string;
}

function createCluster({ binFolder, cluster, dataDir, privileges, password }: NewCluster): void {
  const passwordFile = join(dataDir, "password");
  mkdirSync(cluster, { recursive: true, mode: 0o700 });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (privileges.length > 0) {
    const { uid, gid } = postgresUser();
    for (const path of [cluster, passwordFile]) chownSync(path, uid, gid);
  }
  const initdb = [
    join(binFolder, "initdb"),
    "-D",
    cluster,
    "--username=postgres",
    `--pwfile=${passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C.UTF-8",
    "--no-sync",
  ];
  try {
    execFileSync("setpriv", [...privileges, "--", ...initdb], { stdio: "pipe", timeout: 60_000, cwd: "/" });
  } finally {
    rmSync(passwordFile);
  }
}

/**
 * PostgreSQL refuses to run as root, so root runs it as the user `postgres` that the package made. Where that user
 * cannot reach the folder (a clone under /root), it keeps the one capability that looks past closed folders.
 */
function whoMayRunPostgres(dataDir: string): string[] {
  mkdirSync(dataDir, { recursive: true });
  if (process.getuid?.() !== 0) return [];
  const asPostgres = ["--reuid=postgres", "--regid=postgres", "--init-groups"];
  const tryIt = spawnSync("setpriv", [...asPostgres, "test", "-x", dataDir], { timeout: 10_000 });
  const pastClosedFolders = ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"];
  return [...asPostgres, ...(tryIt.status === 0 ? [] : pastClosedFolders)];
}

function postgresUser(): { uid: number; gid: number } {
  return { uid: idOfPostgres("-u"), gid: idOfPostgres("-g") };
}

function idOfPostgres(flag: "-u" | "-g"): number {
  return Number(execFileSync("id", [flag, "postgres"], { encoding: "utf8" }));
}
