import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { keptPasswords } from "./credentials.ts";
import { findFreePort } from "./free-port.ts";
import { type OwnedProcessOptions, startOwnedProcess, waitUntilReady } from "./owned-process.ts";

const START_TIMEOUT_MS = 60_000;
const STOP_GRACE_MS = 20_000;
/** Debian's /usr/sbin/rabbitmq-server insists on the user rabbitmq; this, which it calls, does not. */
const serverScript = "/usr/lib/rabbitmq/bin/rabbitmq-server";
const userName = "pricefleet";

export interface RabbitmqOptions {
  /** Folder of everything the server keeps: data, log, configuration, password. Made if missing, used again if there. */
  dataDir: string;
  /** Free ones by default. */
  port?: number;
  managementPort?: number;
  /** False for a server that goes on when the process that started it ends. */
  endsWithStarter?: boolean;
}

export interface RabbitmqServer {
  /** Of the vhost `/`. */
  readonly url: string;
  /** Of the management UI and API; user and password beside it. */
  readonly managementUrl: string;
  readonly userName: string;
  readonly password: string;
  readonly pid: number;
  /** Stops in order; killed after 20 s. */
  stop(): Promise<void>;
  /** SIGKILL: the crash of a broker. It stays down until `restart`. */
  kill(): Promise<void>;
  /** Stops if it runs, and starts on the same ports with the same data. */
  restart(): Promise<void>;
  /** Kills it, forgets every queue, message and vhost, and starts empty on the same ports with the same password. */
  wipe(): Promise<void>;
}

export function findRabbitmq(): boolean {
  return existsSync(serverScript);
}

/** Starts a RabbitMQ of its own on loopback. @throws Error with the end of its log when it does not start. */
export async function startRabbitmq(options: RabbitmqOptions): Promise<RabbitmqServer> {
  if (!findRabbitmq()) throw new Error("RabbitMQ is not installed (package rabbitmq-server)");
  const { dataDir, endsWithStarter = true } = options;
  const port = options.port ?? (await findFreePort());
  const managementPort = options.managementPort ?? (await findFreePort());
  const { password } = keptPasswords(join(dataDir, "credentials.json"), ["password"]);
  const managementUrl = `http://127.0.0.1:${managementPort}`;
  const data = join(dataDir, "mnesia");
  const server: OwnedProcessOptions = {
    name: "RabbitMQ",
    command: [serverScript, "-noinput"],
    environment: {
      ...brokerEnvironment(dataDir, data, await findFreePort()),
      PATH: process.env["PATH"] ?? "/usr/bin:/bin",
    },
    logFile: join(dataDir, "rabbitmq.log"),
    parentDeathSignal: endsWithStarter ? "KILL" : null,
  };
  writeConfiguration(dataDir, { port, managementPort, password });

  const start = async () => {
    const process = startOwnedProcess(server);
    await waitUntilReady(process, () => answers(managementUrl, password), START_TIMEOUT_MS);
    return process;
  };
  let running = await start();
  const stop = () => running.end("SIGTERM", STOP_GRACE_MS);
  return {
    url: `amqp://${userName}:${password}@127.0.0.1:${port}`,
    managementUrl,
    userName,
    password,
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
      await running.end("SIGKILL", 0);
      rmSync(data, { recursive: true });
      running = await start();
    },
  };
}

/** The management plugin starts after the AMQP listener, so its answer means that both are there. */
async function answers(managementUrl: string, password: string): Promise<void> {
  const authorization = `Basic ${Buffer.from(`${userName}:${password}`).toString("base64")}`;
  const response = await fetch(`${managementUrl}/api/vhosts/%2F`, {
    headers: { authorization },
    signal: AbortSignal.timeout(2_000),
  });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
}

/** Settings that are valid on RabbitMQ 3.10 and 4 alike. */
function writeConfiguration(
  dataDir: string,
  { port, managementPort, password }: { port: number; managementPort: number; password: string },
): void {
  mkdirSync(dataDir, { recursive: true });
  const lines = [
    `listeners.tcp.1 = 127.0.0.1:${port}`,
    "management.tcp.ip = 127.0.0.1",
    `management.tcp.port = ${managementPort}`,
    `default_user = ${userName}`,
    `default_pass = ${password}`,
    "default_user_tags.administrator = true",
    "vm_memory_high_watermark.absolute = 1GiB",
    "disk_free_limit.absolute = 50MB",
    "log.console = true",
    "log.console.level = info",
    "log.file = false",
  ];
  writeFileSync(join(dataDir, "rabbitmq.conf"), `${lines.join("\n")}\n`, { mode: 0o600 });
  writeFileSync(join(dataDir, "enabled_plugins"), "[rabbitmq_management].\n");
  writeFileSync(join(dataDir, "advanced.config"), "[].\n");
}

/**
 * Nothing of the machine's own RabbitMQ is read. The node runs its Erlang distribution by a fixed port, because
 * epmd, the usual way, is a daemon that would stay behind.
 */
function brokerEnvironment(dataDir: string, data: string, distributionPort: number): Record<string, string> {
  const nodeName = "pricefleet@localhost";
  return {
    HOME: dataDir,
    LC_ALL: "C.UTF-8",
    RABBITMQ_NODENAME: nodeName,
    RABBITMQ_CONF_ENV_FILE: join(dataDir, "rabbitmq-env.conf"),
    RABBITMQ_CONFIG_FILE: join(dataDir, "rabbitmq.conf"),
    RABBITMQ_ADVANCED_CONFIG_FILE: join(dataDir, "advanced.config"),
    RABBITMQ_ENABLED_PLUGINS_FILE: join(dataDir, "enabled_plugins"),
    RABBITMQ_MNESIA_BASE: data,
    RABBITMQ_LOG_BASE: join(dataDir, "log"),
    // Makes the script become the server instead of waiting for it, so that signals by pid reach it.
    RABBITMQ_ALLOW_INPUT: "1",
    RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS: [
      `-sname ${nodeName} -start_epmd false -erl_epmd_port ${distributionPort}`,
      "-kernel inet_dist_use_interface {127,0,0,1} +S 2:2",
    ].join(" "),
  };
}
