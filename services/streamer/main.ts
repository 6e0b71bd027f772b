import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { ExitCode, readEnvironment, startHeartbeat } from "@pricefleet/contracts";
import { connectDatabase, leadUntilStopped } from "@pricefleet/database";
import { namedSocketIn, openTradingviewFeed } from "@pricefleet/feeds";
import { dispatcherFromEnvironment } from "@pricefleet/fetching";
import { createServiceLogger, runService } from "@pricefleet/logging";
import { streamerEnvironment } from "./environment.ts";
import { streamForOneTerm } from "./stream-for-one-term.ts";

const env = readEnvironment(streamerEnvironment);
const logger = createServiceLogger(env, "streamer");
const stopping = new AbortController();

process.exitCode = await runService("streamer", env, logger, run);

async function run(): Promise<ExitCode> {
  await using closers = new AsyncDisposableStack();
  const db = await connectDatabase({
    url: env.DATABASE_URL,
    poolMax: env.DATABASE_POOL_MAX,
    name: "streamer",
    logger,
  });
  closers.defer(() => db.destroy());
  // Until here nothing is in hand, and a signal just ends the process.
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => stopping.abort());
  const wayOut = await dispatcherFromEnvironment(env, namedSocketIn(env), logger, stopping.signal);
  closers.defer(() => wayOut.close());
  closers.defer(startHeartbeat(env.HEARTBEAT_FILE ?? null));
  await leadUntilStopped({
    db,
    logger,
    name: "streamer",
    holder: `${hostname()}/${process.pid}/${randomUUID()}`,
    stopping: stopping.signal,
    work: (term, over) =>
      streamForOneTerm(term, over, {
        db,
        logger,
        intervals: env.BAR_INTERVALS,
        openFeed: (listener) =>
          openTradingviewFeed({
            url: env.TRADINGVIEW_WS_URL,
            dispatcher: wayOut.dispatcher,
            logger,
            listener,
          }),
      }),
  });
  return ExitCode.ok;
}
