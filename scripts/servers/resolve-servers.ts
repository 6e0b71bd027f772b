import { mkdirSync } from "node:fs";
import { amqpUrl, databaseUrl, parseEnvironment } from "@pricefleet/contracts";
import { z } from "zod";
import { composeStarter, dockerComposeWorks } from "./docker-compose.ts";
import { packageStarter } from "./package-servers.ts";
import type { ResolveOptions, ServerStarter, StartedBroker, StartedDatabase } from "./started-servers.ts";
import type { ServerName } from "./server-packages.ts";

export interface Servers {
  database: StartedDatabase;
  broker: StartedBroker;
  stop(): Promise<void>;
}

const namedServers = z.object({ DATABASE_URL: databaseUrl.optional(), AMQP_URL: amqpUrl.optional() });

/** Docker Compose where it works, else Debian packages. */
function findServerStarter(options: ResolveOptions, missing: readonly ServerName[]): ServerStarter {
  mkdirSync(options.dataDir, { recursive: true });
  return dockerComposeWorks() ? composeStarter(options.dataDir) : packageStarter(options, missing);
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
  findStarter: typeof findServerStarter = findServerStarter,
): Promise<Servers> {
  const named = parseEnvironment(namedServers, environment);
  const missing: ServerName[] = [];
  if (named.DATABASE_URL === undefined) missing.push("postgres");
  if (named.AMQP_URL === undefined) missing.push("rabbitmq");
  let starter: ServerStarter | null = null;
  const start = () => (starter ??= findStarter(options, missing));

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
