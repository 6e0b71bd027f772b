// make collect: one search against the real site. Uses what `make up` runs, else starts and stops its own.
import { BadEnvironmentError, ExitCode, parseEnvironment, wholeNumber } from "@pricefleet/contracts";
import { z } from "zod";
import { apiClient, type RunStatus } from "./api-client.ts";
import { collectRuns } from "./collect-run.ts";
import { runCommand } from "./command.ts";
import { describeOutcome } from "./describe-outcome.ts";
import { describeProgress, progressBar } from "./run-progress.ts";
import { findRunningStack } from "./running-stack.ts";
import { findFreePort } from "./servers/index.ts";
import { startStack } from "./stack.ts";
import { statusLine } from "./terminal/status-line.ts";

const BAR_WIDTH = 20;
const LOG_PROGRESS_EVERY_MS = 10_000;

/** The search's own variables go to the collector as they are, which knows what is right for them. */
const collectEnvironment = z.object({
  SOURCE: z.string().optional(),
  SEARCH_TERM: z.string().optional(),
  SEARCH_URL: z.string().optional(),
  WORKER_PARALLELISM: wholeNumber(1, 1_000).default(16),
});

await runCommand(async (interrupted) => {
  const {
    SOURCE,
    SEARCH_TERM,
    SEARCH_URL,
    WORKER_PARALLELISM: workers,
  } = parseEnvironment(collectEnvironment);
  // A catalog needs no words: without them the collector reads all of its markets.
  if (SEARCH_TERM === undefined && SEARCH_URL === undefined && SOURCE !== "json-api") {
    throw new BadEnvironmentError(
      "SEARCH_TERM",
      undefined,
      'words to search for (or SEARCH_URL a search page): make collect SEARCH_TERM="thinkpad x1"',
    );
  }
  await using closers = new AsyncDisposableStack();
  const running = findRunningStack();
  const stack = running ?? (await startOwnStack(workers, interrupted, closers));
  if (running !== null) {
    const goesOn = `\nWhat was found is still read in the background: ${running.apiUrl}/runs (make down stops it)`;
    interrupted.addEventListener("abort", () => console.error(goesOn), { once: true });
  }

  const isTerminal = process.stderr.isTTY;
  const line = statusLine();
  let loggedAt = Date.now();
  const runs = await collectRuns({
    environment: stack.workerEnvironment,
    logFolder: stack.logFolder,
    api: apiClient(stack.apiUrl),
    interrupted,
    onProgress: (current) => {
      if (isTerminal) line.show(current.map(oneLine).join("   ") || "starting the collector");
      else if (Date.now() - loggedAt >= LOG_PROGRESS_EVERY_MS) {
        loggedAt = Date.now();
        for (const run of current) console.error(progressLog(run));
      }
    },
    onLogLine: (logLine) => {
      if (!isTerminal) console.error(logLine);
    },
  }).finally(() => {
    if (isTerminal) line.end();
  });

  const outcomes = runs.map(describeOutcome);
  for (const outcomeLine of outcomes.flatMap(({ lines }) => lines)) console.log(outcomeLine);
  return outcomes.every(({ everythingFinished }) => everythingFinished) ? ExitCode.ok : ExitCode.runFailed;
});

async function startOwnStack(workers: number, interrupted: AbortSignal, closers: AsyncDisposableStack) {
  console.error(
    `Starting PostgreSQL, RabbitMQ, a dispatcher and ${workers} workers (make up keeps them running) …`,
  );
  const stack = await startStack({
    name: "up",
    workers,
    quoteQueues: null,
    apiPort: await findFreePort(),
    environment: {},
    endWithStarter: true,
    watch: false,
    interrupted,
    report: (line) => console.error(line),
    onUnexpectedEnd: (report) => console.error(report),
  });
  closers.defer(async () => {
    console.error("Stopping …");
    await stack.stop();
  });
  return stack;
}

function oneLine(run: RunStatus): string {
  return `${progressBar(run, BAR_WIDTH)}  ${describeProgress(run)}`;
}

/** As the services log, so that one program can read all lines. */
function progressLog(run: RunStatus): string {
  const { id, state, found, pending, queued, running, done, failed, dead } = run;
  const { rate_per_minute, eta_seconds, closed_hosts } = run;
  const counts = { state, found, pending, queued, running, done, failed, dead };
  const pace = { rate_per_minute, eta_seconds, closed_hosts };
  const head = {
    timestamp: new Date().toISOString(),
    level: "info",
    service: "collect",
    message: "progress",
  };
  return JSON.stringify({ ...head, run_id: id, ...counts, ...pace });
}
