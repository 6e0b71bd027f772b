// make up: everything in the background, until make down.
import { ExitCode, parseEnvironment, wholeNumber } from "@pricefleet/contracts";
import { z } from "zod";
import { runCommand } from "./command.ts";
import { findRunningStack, recordStack } from "./running-stack.ts";
import { apiPortFromEnvironment, requireFreePort, startStack } from "./stack.ts";

const upEnvironment = z.object({ WORKER_PARALLELISM: wholeNumber(1, 1_000).default(16) });

await runCommand(async (interrupted) => {
  const { WORKER_PARALLELISM: workers } = parseEnvironment(upEnvironment);
  const running = findRunningStack();
  if (running !== null) {
    console.log(`It runs already, at ${running.apiUrl}. Stop it by: make down`);
    return ExitCode.ok;
  }
  const apiPort = apiPortFromEnvironment();
  await requireFreePort(apiPort, "make up");
  console.error(
    `Starting PostgreSQL, RabbitMQ, a dispatcher, ${workers} workers, a quotes worker, a streamer and the API …`,
  );
  const stack = await startStack({
    name: "up",
    workers,
    quoteQueues: "quote_refresh:4,history_sync:4",
    apiPort,
    environment: {},
    endWithStarter: false,
    watch: false,
    interrupted,
    report: (line) => console.error(line),
    onUnexpectedEnd: (report) => console.error(report),
  });
  recordStack(stack);
  console.log(`Pricefleet is serving at ${stack.apiUrl}; logs are in ${stack.logFolder}.
Collect a search:  make collect SOURCE=ebay SEARCH_TERM="thinkpad x1" MAX_PAGES=2
Stop everything:   make down`);
  return ExitCode.ok;
});
