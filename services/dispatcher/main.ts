import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";
import { ExitCode, messageOf, readEnvironment, startHeartbeat } from "@pricefleet/contracts";
import { connectDatabase, defaultBelt, distrustTheBelt, leadUntilStopped } from "@pricefleet/database";
import { createDebugStore, createSnapshotStore } from "@pricefleet/fetching";
import { createJobLauncher, createLocalLauncher } from "@pricefleet/kubernetes";
import { createServiceLogger, runService } from "@pricefleet/logging";
import { connectBelt } from "@pricefleet/queue";
import { createSources, sourcesOptions } from "@pricefleet/sources";
import { doDuties } from "./do-duties.ts";
import { dispatcherEnvironment } from "./environment.ts";

const GIB = 2 ** 30;

const env = readEnvironment(dispatcherEnvironment);
const logger = createServiceLogger(env, "dispatcher");
const stopping = new AbortController();

process.exitCode = await runService("dispatcher", env, logger, run);

async function run(): Promise<ExitCode> {
  await using closers = new AsyncDisposableStack();
  const db = await connectDatabase({
    url: env.DATABASE_URL,
    poolMax: env.DATABASE_POOL_MAX,
    name: "dispatcher",
    logger,
  });
  closers.defer(() => db.destroy());
  const belt = await connectBelt({ url: env.AMQP_URL, name: "dispatcher", logger, onReconnect: distrust });
  closers.defer(() => belt.close());
  // Until here nothing is in hand, and a signal just ends the process.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stopping.abort());
  const launcher =
    env.COLLECTOR_CRONJOB === undefined
      ? createLocalLauncher({
          program: fileURLToPath(new URL("../collector/main.ts", import.meta.url)),
          environment: process.env,
          logger,
        })
      : await createJobLauncher({ cronJob: env.COLLECTOR_CRONJOB, logger });
  closers.defer(() => launcher.close());

  const office = {
    db,
    belt,
    launcher,
    sources: createSources(sourcesOptions(env)),
    logger,
    longestBelt: defaultBelt.longestBelt,
    blockedHostHours: env.BLOCKED_HOST_HOURS,
    layoutRule: { halfLifePages: env.LAYOUT_PAGES, bound: env.LAYOUT_BOUND_PERCENT / 100 },
    republishAfterSeconds: env.REPUBLISH_AFTER_SECONDS,
    pausedRunBlocksHours: env.PAUSED_RUN_BLOCKS_HOURS,
    barRetention: env.BAR_RETENTION_DAYS,
    baseCurrency: env.BASE_CURRENCY,
    observationMaxAgeDays: env.OBSERVATION_MAX_AGE_DAYS,
    snapshots: {
      store: createSnapshotStore(env.SNAPSHOT_DIR),
      olderThanDays: env.SNAPSHOT_MAX_AGE_DAYS,
      maxBytes: env.SNAPSHOT_MAX_GIB * GIB,
    },
    debugPages: {
      store: createDebugStore(env.DEBUG_DIR),
      olderThanDays: env.DEBUG_MAX_AGE_DAYS,
      maxBytes: env.DEBUG_MAX_GIB * GIB,
    },
  };
  closers.defer(startHeartbeat(env.HEARTBEAT_FILE ?? null));
  await leadUntilStopped({
    db,
    logger,
    name: "dispatcher",
    holder: `${hostname()}/${process.pid}/${randomUUID()}`,
    stopping: stopping.signal,
    work: (term, over) => doDuties(term, over, office),
  });
  return ExitCode.ok;

  function distrust(): void {
    distrustTheBelt(db).then(
      (targets) => logger.warn("RabbitMQ was away: what was on the belt is published again", { targets }),
      (error: unknown) => logger.error("could not note that RabbitMQ was away", { error: messageOf(error) }),
    );
  }
}
