import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { messageOf, parseEnvironment, wholeNumber } from "@pricefleet/contracts";
import { ensureRoles, migrateToLatest } from "@pricefleet/database";
import { createLogger } from "@pricefleet/logging";
import { connectBelt } from "@pricefleet/queue";
import { z } from "zod";
import { apiClient } from "./api-client.ts";
import { Processes, type ServiceSpec } from "./processes.ts";
import {
  findOrInstallChromium,
  isPortFree,
  keptPasswords,
  type OwnedProcess,
  PackagesMissingError,
  resolveServers,
  type Servers,
} from "./servers/index.ts";

const API_START_TIMEOUT_MS = 60_000;
const BROKER_TRIES = 3;
const root = join(import.meta.dirname, "..");

/** The port that people open is taken. */
export class PortTakenError extends Error {
  override readonly name = "PortTakenError";
}

export interface StackOptions {
  /** Everything it keeps is under .local/<name>. */
  name: string;
  workers: number;
  /** What one worker for all instruments does, as in the chart: reads their pages, syncs their history; null: there is none. */
  quoteQueues: "quote_refresh:4,history_sync:4" | "history_sync:4" | null;
  apiPort: number;
  /** Added to the environment of every service. */
  environment: Record<string, string>;
  /** False for a stack that goes on when this process ends. */
  endWithStarter: boolean;
  /** Start services again as their files change. */
  watch: boolean;
  /** Ends the start between two steps. */
  interrupted: AbortSignal;
  report: (line: string) => void;
  /** A service ended by itself. */
  onUnexpectedEnd(report: string): void;
}

/** PostgreSQL, RabbitMQ, a dispatcher, workers, one for quotes if wanted, a streamer and the API. */
export interface Stack {
  servers: Servers;
  apiUrl: string;
  /** How a service reaches the servers, as pricefleet_worker. */
  workerEnvironment: Record<string, string>;
  services: readonly OwnedProcess[];
  logFolder: string;
  start(spec: ServiceSpec): OwnedProcess;
  /** Stops the services, then the servers. Their data stays. */
  stop(): Promise<void>;
}

/** PORT of the environment, 30080 by default. @throws BadEnvironmentError */
export function apiPortFromEnvironment(): number {
  return parseEnvironment(z.object({ PORT: wholeNumber(1, 65_535).default(30_080) })).PORT;
}

/** @throws PortTakenError naming the port and how to choose another. */
export async function requireFreePort(port: number, command: string): Promise<void> {
  if (await isPortFree(port, "0.0.0.0")) return;
  throw new PortTakenError(
    `Port ${port} is taken by another program. Stop that, or choose another port: PORT=${port + 1} ${command}`,
  );
}

/**
 * Starts all that serves: the servers, the schema, the services. What was started is stopped again if a later step fails.
 * @throws what resolveServers, connectBelt, ensureRoles and migrateToLatest throw; Error when the API does not get ready; InterruptedError.
 */
export async function startStack(options: StackOptions): Promise<Stack> {
  const { name, apiPort, report, endWithStarter, watch, interrupted } = options;
  const folder = join(root, ".local", name);
  const servers = await resolveServers({ dataDir: folder, endsWithStarter: endWithStarter, report });
  const logFolder = join(folder, "logs");
  const processes = new Processes({
    logFolder,
    endWithStarter,
    onUnexpectedEnd: (text) => options.onUnexpectedEnd(text),
  });
  const stop = async () => {
    await processes.stopAll();
    await servers.stop();
  };
  try {
    interrupted.throwIfAborted();
    await checkBroker(servers.broker.amqpUrl);
    interrupted.throwIfAborted();
    const { workerUrl, apiUrl: apiDatabaseUrl } = await prepareDatabase(servers.database.adminUrl, folder);
    const shared = {
      AMQP_URL: servers.broker.amqpUrl,
      LOG_FORMAT: "json",
      SNAPSHOT_DIR: join(folder, "snapshots"),
      DEBUG_DIR: join(folder, "debug"),
      PROFILE_DIR: join(folder, "profiles"),
      ...chromiumEnvironment(report),
      ...options.environment,
    };
    const workerEnvironment = { ...shared, DATABASE_URL: workerUrl };
    const services: OwnedProcess[] = [];
    const start = (spec: ServiceSpec) => processes.start({ watch, ...spec });
    const service = (serviceName: string, kind: string, environment: Record<string, string>) =>
      services.push(
        start({
          name: serviceName,
          file: `services/${kind}/main.ts`,
          environment: { ...environment, SERVICE_NAME: serviceName },
        }),
      );
    service("dispatcher", "dispatcher", workerEnvironment);
    service("api", "api", { ...shared, DATABASE_URL: apiDatabaseUrl, PORT: String(apiPort) });
    const apiUrl = `http://localhost:${apiPort}`;
    // Many workers that start at once keep a small machine busy; the API goes first.
    await untilReady(apiUrl, services, interrupted);
    // It connects to nobody while nothing is subscribed.
    service("streamer", "streamer", workerEnvironment);
    for (let number = 1; number <= options.workers; number++) {
      service(`worker-${number}`, "worker", workerEnvironment);
    }
    if (options.quoteQueues !== null) {
      service("quotes-worker", "worker", { ...workerEnvironment, WORKER_QUEUES: options.quoteQueues });
    }
    return { servers, apiUrl, workerEnvironment, services, logFolder, start, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Pages that need a browser fail without one; all others work, so its absence is said and nothing more. */
function chromiumEnvironment(report: (line: string) => void): Record<string, string> {
  try {
    return { CHROMIUM_PATH: findOrInstallChromium(report) };
  } catch (error) {
    if (!(error instanceof PackagesMissingError)) throw error;
    report(`Pages that need a browser will fail: ${messageOf(error)}`);
    return {};
  }
}

/** The services try for two minutes, in case RabbitMQ is still starting; who has just typed its URL wants to know at once. */
async function checkBroker(url: string): Promise<void> {
  const logger = createLogger({ service: "scripts", level: "error", format: "console" });
  const belt = await connectBelt({ url, name: "check", logger, startUpTries: BROKER_TRIES });
  await belt.close();
}

async function prepareDatabase(adminUrl: string, folder: string) {
  const passwords = keptPasswords(join(folder, "credentials.json"), [
    "pricefleet_owner",
    "pricefleet_worker",
    "pricefleet_api",
  ]);
  const { host, pathname } = new URL(adminUrl);
  const named = pathname.slice(1);
  const urls = await ensureRoles(
    adminUrl,
    {
      pricefleet_owner: passwords.pricefleet_owner,
      pricefleet_worker: passwords.pricefleet_worker,
      pricefleet_api: passwords.pricefleet_api,
    },
    named === "" || named === "postgres" ? "pricefleet" : named,
  ).catch((error: unknown) => {
    const wanted = "It has to run, and its role to be allowed to create roles and databases.";
    throw new Error(`PostgreSQL at ${host} cannot be used: ${messageOf(error)}. ${wanted}`, { cause: error });
  });
  await migrateToLatest(urls.ownerUrl);
  return urls;
}

async function untilReady(
  apiUrl: string,
  services: readonly OwnedProcess[],
  interrupted: AbortSignal,
): Promise<void> {
  const api = apiClient(apiUrl);
  const deadline = Date.now() + API_START_TIMEOUT_MS;
  let last = "";
  while (Date.now() < deadline) {
    interrupted.throwIfAborted();
    const gone = services.find((service) => !service.isRunning());
    if (gone !== undefined) throw new Error(`${gone.name} ended while starting; see ${gone.logFile}`);
    try {
      if (await api.isReady()) return;
      last = "it answers that it is not ready";
    } catch (error) {
      last = messageOf(error);
    }
    await delay(100);
  }
  throw new Error(`the API at ${apiUrl} was not ready within ${API_START_TIMEOUT_MS / 1000} s: ${last}`);
}
