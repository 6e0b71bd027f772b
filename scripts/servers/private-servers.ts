import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type PostgresServer, startPostgres } from "./postgres.ts";
import { type RabbitmqServer, startRabbitmq } from "./rabbitmq.ts";

export interface PrivateServers {
  postgres: PostgresServer;
  rabbitmq: RabbitmqServer;
  /** Ends both at once and removes their data. */
  stop(): Promise<void>;
}

/** A PostgreSQL and a RabbitMQ for one test alone, which may kill, restart and wipe them. Takes about 5 s. */
export async function startPrivateServers(): Promise<PrivateServers> {
  const folder = makeThrowawayFolder();
  const [postgres, rabbitmq] = await Promise.all([
    startPostgres({ dataDir: join(folder, "postgres"), fsync: false }),
    startRabbitmq({ dataDir: join(folder, "rabbitmq") }),
  ]);
  return {
    postgres,
    rabbitmq,
    async stop() {
      await Promise.all([postgres.stop(), rabbitmq.kill()]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** A new folder for data nobody keeps. The user `postgres` may pass through it, but not look into it. */
export function makeThrowawayFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "pricefleet-"));
  chmodSync(folder, 0o711);
  return folder;
}
