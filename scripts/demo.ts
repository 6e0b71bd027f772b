// make demo: the whole of Pricefleet on a sample marketplace, until Ctrl-C.
import { ExitCode, parseEnvironment, switchVariable } from "@pricefleet/contracts";
import { z } from "zod";
import { type ApiClient, apiClient, type RunStatus } from "./api-client.ts";
import { collectRuns } from "./collect-run.ts";
import { runCommand } from "./command.ts";
import { describeOutcome } from "./describe-outcome.ts";
import { untilAborted } from "./interruption.ts";
import { describeProgress } from "./run-progress.ts";
import { sampleMarketplace } from "./sample-marketplace.ts";
import type { Servers } from "./servers/index.ts";
import { apiPortFromEnvironment, requireFreePort, startStack } from "./stack.ts";
import { subscribeToSyntheticFeed, syntheticFeed } from "./synthetic-feed.ts";
import { listingTable } from "./terminal/listing-table.ts";
import { statusLine } from "./terminal/status-line.ts";

const WORKERS = 4;
const LISTINGS = 120;
const ROWS_SHOWN = 25;
const search = { SOURCE: "sample", SEARCH_TERM: "thinkpad x1" };

const say = (line: string) => console.error(line);

await runCommand(demo);

async function demo(interrupted: AbortSignal): Promise<number> {
  const { EXIT_AFTER_RUN: exitAfterRun } = parseEnvironment(
    z.object({ EXIT_AFTER_RUN: switchVariable.default(false) }),
  );
  const apiPort = apiPortFromEnvironment();
  await requireFreePort(apiPort, "make demo");
  await using closers = new AsyncDisposableStack();

  say("Starting PostgreSQL, RabbitMQ, a dispatcher, 4 workers, one for history, a streamer and the API …");
  const marketplace = await sampleMarketplace(LISTINGS);
  const feed = await syntheticFeed();
  const stack = await startStack({
    name: "demo",
    workers: WORKERS,
    quoteQueues: "history_sync:4",
    apiPort,
    environment: { SAMPLE_BASE_URL: marketplace.url, ...feed.environment },
    endWithStarter: true,
    watch: false,
    interrupted,
    report: say,
    onUnexpectedEnd: say,
  });
  closers.defer(async () => {
    say("Stopping …");
    await stack.stop();
  });
  stack.start(marketplace.service);
  stack.start(feed.service);
  await subscribeToSyntheticFeed(stack.workerEnvironment["DATABASE_URL"] ?? "", { report: say, interrupted });

  say(`Collecting "${search.SEARCH_TERM}" from the sample marketplace at ${marketplace.url}`);
  const api = apiClient(stack.apiUrl);
  const line = statusLine();
  const [run] = await collectRuns({
    environment: { ...stack.workerEnvironment, ...search },
    logFolder: stack.logFolder,
    api,
    interrupted,
    onProgress: ([current]) =>
      line.show(current ? describeProgress(current) : "reading the first search page"),
    onLogLine: () => undefined,
  }).finally(() => line.end());
  if (run === undefined) throw new Error("the collector started no run");

  await printListings(run, api);
  const { lines, everythingFinished } = describeOutcome(run);
  for (const outcomeLine of lines) console.log(outcomeLine);
  if (exitAfterRun) return everythingFinished ? ExitCode.ok : ExitCode.runFailed;

  printLinks(stack.apiUrl, run, stack.servers);
  await untilAborted(interrupted);
  return ExitCode.ok;
}

async function printListings(run: RunStatus, api: ApiClient): Promise<void> {
  const listings = await api.listings(run.search.id, ROWS_SHOWN);
  const rows = await Promise.all(
    listings.map(async (listing) => {
      const [, previous] = await api.prices(listing.id, 2);
      return { ...listing, previousAmount: previous?.amount ?? null };
    }),
  );
  console.log();
  for (const row of listingTable(rows, process.stdout.columns || 100)) console.log(row);
  if (run.found > rows.length) console.log(`… and ${run.found - rows.length} more`);
  if (rows.some((row) => row.previousAmount !== null)) console.log("▲ ▼: against the price seen before");
  console.log();
}

function printLinks(apiUrl: string, run: RunStatus, { broker: { management } }: Servers): void {
  console.log(`
Pricefleet is serving at ${apiUrl} until Ctrl-C.
  Listings   ${apiUrl}/listings?search_id=${run.search.id}
  This run   ${apiUrl}/runs/${run.id}
  Quotes     ${apiUrl}/quotes (of a synthetic feed)
  Bars       ${apiUrl}/market-data/bars?exchange=TVC&symbol=GOLD&interval=1m
  API        ${apiUrl}/docs`);
  if (management !== null) {
    console.log(
      `  RabbitMQ   ${management.url} (user ${management.userName}, password ${management.password})`,
    );
  }
}
