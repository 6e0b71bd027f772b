import { mkdirSync } from "node:fs";
import { amqpUrl, databaseUrl, parseEnvironment } from "@pricefleet/contracts";
import { z } from "zod";
import { composeStarter, dockerComposeWorks } from "./docker-compose.ts";
import { packageStarter } from "./package-servers.ts";

export interface ManagementAccess {
  url: string;
  userName: string;
  password: string;
}

/** A process that a later command may have to end. */
export interface StartedProcess {
  name: string;
  pid: number;
  stopSignal: NodeJS.Signals;
}

export interface StartedDatabase {
  /** Of a PostgreSQL role that may create roles and databases. */
  adminUrl: string;
  /** Where it comes from, for people. */
  origin: string;
  /** Null where it is not a process of ours: a container, or somebody else's server. */
  process: StartedProcess | null;
  /** The folder for which `stopCompose` ends its container; null where it is none. */
  composeFolder: string | null;
  /** Ends it if it was started here; the data stays. */
  stop(): Promise<void>;
}

export interface StartedBroker {
  amqpUrl: string;
  /** Null where the broker was named by AMQP_URL. */
  management: ManagementAccess | null;
  origin: string;
  process: StartedProcess | null;
  composeFolder: string | null;
  stop(): Promise<void>;
}

/** One way to come by servers. */
export interface ServerStarter {
  postgres(): Promise<StartedDatabase>;
  rabbitmq(): Promise<StartedBroker>;
}

export interface Servers {
  database: StartedDatabase;
  broker: StartedBroker;
  stop(): Promise<void>;
}

export interface ResolveOptions {
  /** Data, logs and passwords of what is started here. */
  dataDir: string;
  /** False for servers that go on when this process ends. */
  endsWithStarter: boolean;
  report: (line: string) => void;
}

const namedServers = z.object({ DATABASE_URL: databaseUrl.optional(), AMQP_URL: amqpUrl.optional() });

/** Docker Compose where it works, else Debian packages. */
export function findServerStarter(options: ResolveOptions): ServerStarter {
  mkdirSync(options.dataDir, { recursive: true });
  return dockerComposeWorks() ? composeStarter(options.dataDir) : packageStarter(options);
}

/**
 * PostgreSQL and RabbitMQ: each the one named by DATABASE_URL or AMQP_URL, else started by `findStarter`'s answer,
 * which is only asked for when one is missing.
 * @throws BadEnvironmentError for a variable that is no such URL.
 * @throws PackagesMissingError where packages are missing and cannot be installed.
 */
export async function resolveServers(
  options: ResolveOptions,
  environment: NodeJS.ProcessEnv = process.env,
  findStarter: (options: ResolveOptions) => ServerStarter = findServerStarter,
): Promise<Servers> {
  const named = parseEnvironment(namedServers, environment);
  let starter: ServerStarter | null = null;
  const start = () => (starter ??= findStarter(options));

  const database = named.DATABASE_URL ? databaseAt(named.DATABASE_URL) : await start().postgres();
  try {
    const broker = named.AMQP_URL ? brokerAt(named.AMQP_URL) : await start().rabbitmq();
    const stop = async () => {
      await Promise.all([database.stop(), broker.stop()]);
    };
    return { database, broker, stop };
  } catch (error) {
    await database.stop();
    throw error;
  }
}

/** Somebody else's servers are not ours to stop. */
const notOurs = { process: null, composeFolder: null, stop: () => Promise.resolve() };

function databaseAt(adminUrl: string): StartedDatabase {
  return { adminUrl, origin: "DATABASE_URL", ...notOurs };
}

function brokerAt(url: string): StartedBroker {
  return { amqpUrl: url, management: null, origin: "AMQP_URL", ...notOurs };
}
