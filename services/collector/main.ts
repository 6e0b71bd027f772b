import {
  ALL_MARKETS,
  ExitCode,
  messageOf,
  nextTime,
  PricefleetError,
  readEnvironment,
  startHeartbeat,
} from "@pricefleet/contracts";
import {
  changeRunState,
  type CollectingRun,
  connectDatabase,
  type Database,
  isRetryable,
  releaseRun,
  quotesOfCurrencies,
  robotsStore,
  RunNotOursError,
  runsWithoutCollector,
  RunUnderWayError,
  startDueSearches,
  startRun,
  takeOverRun,
} from "@pricefleet/database";
import { createDebugStore, createRobotsGate, fetcherFromEnvironment } from "@pricefleet/fetching";
import {
  createServiceLogger,
  reportUnexpected,
  runService,
  traced,
  withLogFields,
} from "@pricefleet/logging";
import { createBaseRates } from "@pricefleet/pricing";
import { connectBelt } from "@pricefleet/queue";
import { baseUrlsIn, createSources, sourcesOptions } from "@pricefleet/sources";
import { collectRun } from "./collect-run.ts";
import type { Desk } from "./desk.ts";
import { collectorEnvironment } from "./environment.ts";
import { doRounds } from "./rounds.ts";

const env = readEnvironment(collectorEnvironment);
const logger = createServiceLogger(env, "collector");
const stopping = new AbortController();

process.exitCode = await runService("collector", env, logger, run);

async function run(): Promise<ExitCode> {
  await using closers = new AsyncDisposableStack();
  const db = await connectDatabase({
    url: env.DATABASE_URL,
    poolMax: env.DATABASE_POOL_MAX,
    name: "collector",
    logger,
  });
  closers.defer(() => db.destroy());
  const belt = await connectBelt({ url: env.AMQP_URL, name: "collector", logger });
  closers.defer(() => belt.close());
  // Until here nothing is in hand, and a signal just ends the process.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stopping.abort());
  const sources = createSources(sourcesOptions(env, process.env));
  const fetcher = await fetcherFromEnvironment(env, baseUrlsIn(env), logger, stopping.signal);
  closers.defer(() => fetcher.close());
  closers.defer(startHeartbeat(env.HEARTBEAT_FILE ?? null));
  const desk: Desk = {
    db,
    belt,
    fetcher,
    sources,
    baseRates: createBaseRates(env.BASE_CURRENCY, () => quotesOfCurrencies(db)),
    debugPages: createDebugStore(env.DEBUG_DIR),
    logger,
    fetchMode: env.FETCH_MODE,
    enrichMaxAgeHours: env.ENRICH_MAX_AGE_HOURS,
    republishAfterSeconds: env.REPUBLISH_AFTER_SECONDS,
    goneAfterMisses: env.GONE_AFTER_MISSES,
    hostMinDelayMs: env.HOST_MIN_DELAY_MS ?? null,
    robots: createRobotsGate({ fetcher, store: robotsStore(db), ignoredSources: env.ROBOTS_IGNORE_SOURCES }),
    blockedHostHours: env.BLOCKED_HOST_HOURS,
    stopping: stopping.signal,
  };

  const round = () => collectAll(runsToCollect(db), desk);
  // Awaited here, or all that is open would be closed before the round has begun. A run that is named is one round.
  if (env.COLLECTOR_MODE === "oneshot" || env.RUN_ID !== undefined) return await round();
  await doRounds({
    round,
    leftovers: () => collectAll(runsWithNobody(db), desk),
    nextRoundAt,
    stopping: stopping.signal,
    logger,
  });
  return ExitCode.ok;
}

/** A daemon begins at once; by a schedule the first round waits for its time, too. */
function nextRoundAt(startedAt: Date | null): Date {
  if (env.COLLECTOR_MODE === "cron")
    return nextTime({ cron: env.COLLECT_SCHEDULE, time_zone: env.COLLECT_TIME_ZONE }, new Date(), 0);
  if (startedAt === null) return new Date();
  return new Date(startedAt.getTime() + env.COLLECT_INTERVAL_SECONDS * 1_000);
}

async function collectAll(runs: AsyncGenerator<CollectingRun>, desk: Desk): Promise<ExitCode> {
  let exitCode: ExitCode = ExitCode.ok;
  for await (const run of runs) {
    const code = await collectAndSettle(run, desk);
    if (code !== ExitCode.ok) exitCode = code;
    if (stopping.signal.aborted) break;
  }
  return exitCode;
}

/** RUN_ID continues one run; searches given by hand each start one; without either, every enabled search that is due. */
async function* runsToCollect(db: Database): AsyncGenerator<CollectingRun> {
  if (env.RUN_ID !== undefined) {
    const run = await takeOverRun(db, env.RUN_ID);
    if (run === null)
      logger.info("nothing to collect: the run has ended, or another collector has it", {
        run_id: env.RUN_ID,
      });
    else yield run;
    return;
  }
  const searches = [
    ...env.SEARCH_TERM.map((term) => ({ term, url: null })),
    ...env.SEARCH_URL.map((url) => ({ term: null, url })),
  ];
  // An API's markets need no words: without them, all.
  if (searches.length === 0 && env.SOURCE === "json-api") searches.push({ term: ALL_MARKETS, url: null });
  for (const search of searches) {
    try {
      yield await startRun(db, {
        source: env.SOURCE,
        ...search,
        maxPages: env.MAX_PAGES,
        enrichLimit: env.ENRICH_LIMIT,
      });
    } catch (error) {
      if (!(error instanceof RunUnderWayError)) throw error;
      logger.warn("not started again", { run_id: error.runId, because: error.message, ...search });
    }
  }
  if (searches.length > 0) return;
  await startDueSearches(db, env.PAUSED_RUN_BLOCKS_HOURS);
  yield* runsWithNobody(db);
}

/** Runs that were asked for and not begun, and those whose collector is gone. */
async function* runsWithNobody(db: Database): AsyncGenerator<CollectingRun> {
  for (const runId of await runsWithoutCollector(db)) {
    const run = await takeOverRun(db, runId);
    if (run !== null) yield run;
  }
}

function collectAndSettle(run: CollectingRun, desk: Desk): Promise<ExitCode> {
  return withLogFields({ run_id: run.id, request_id: run.requestId }, () =>
    traced("collect", () => collectOrBreakOff(run, desk)),
  );
}

async function collectOrBreakOff(run: CollectingRun, desk: Desk): Promise<ExitCode> {
  const { source, term, url, nextPage } = run;
  logger.info("collecting", { source, term, url, from_page: nextPage });
  try {
    await collectRun(run, desk);
    logger.info("all search pages read");
    return ExitCode.ok;
  } catch (error) {
    return settleBrokenOff(error, run, desk);
  }
}

/**
 * A collector that was stopped gives the run back for another to continue; one that lost the database cannot, and its
 * lease runs out. A run that cannot be collected ends in error with the reason, and keeps what was found.
 */
async function settleBrokenOff(error: unknown, run: CollectingRun, desk: Desk): Promise<ExitCode> {
  if (error instanceof RunNotOursError) {
    logger.info("this run is no longer ours to collect", { because: error.message });
    return ExitCode.ok;
  }
  if (desk.stopping.aborted) {
    await releaseRun(desk.db, run.id);
    logger.info("stopped; the run can be continued");
    return ExitCode.ok;
  }
  const isExpected = error instanceof PricefleetError;
  if (!isExpected && isRetryable(error)) {
    logger.error("the database is away; the run can be continued", {
      error: messageOf(error),
    });
    return ExitCode.databaseUnavailable;
  }
  const reason = isExpected ? error.reason : "unexpected";
  reportUnexpected(error);
  logger.error("the run cannot be collected", {
    reason,
    error: messageOf(error),
    stack: !isExpected && error instanceof Error ? error.stack : undefined,
  });
  await changeRunState(desk.db, run.id, "error", `${reason}: ${messageOf(error)}`);
  return isExpected ? ExitCode.runFailed : ExitCode.unexpected;
}
