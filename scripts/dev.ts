// make dev: everything on the sample marketplace; a service starts again when a file that it imports changes.
import { spawn } from "node:child_process";
import { ExitCode } from "@pricefleet/contracts";
import { runCommand } from "./command.ts";
import { untilAborted } from "./interruption.ts";
import { findRunningStack, forgetStack, recordStack } from "./running-stack.ts";
import { sampleMarketplace } from "./sample-marketplace.ts";
import { apiPortFromEnvironment, requireFreePort, startStack } from "./stack.ts";
import { subscribeToSyntheticFeed, syntheticFeed } from "./synthetic-feed.ts";

const WORKERS = 2;
const LISTINGS = 120;

await runCommand(async (interrupted) => {
  const running = findRunningStack();
  if (running !== null) throw new Error(`Another stack runs at ${running.apiUrl}. Stop it first: make down`);
  const apiPort = apiPortFromEnvironment();
  await requireFreePort(apiPort, "make dev");
  await using closers = new AsyncDisposableStack();
  const marketplace = await sampleMarketplace(LISTINGS);
  const feed = await syntheticFeed();
  const stack = await startStack({
    name: "dev",
    workers: WORKERS,
    quoteQueues: "history_sync:4",
    apiPort,
    environment: { SAMPLE_BASE_URL: marketplace.url, ...feed.environment },
    endWithStarter: true,
    watch: true,
    interrupted,
    report: (line) => console.error(line),
    onUnexpectedEnd: (report) => console.error(report),
  });
  closers.defer(() => stack.stop());
  stack.start(marketplace.service);
  stack.start(feed.service);
  await subscribeToSyntheticFeed(stack.workerEnvironment["DATABASE_URL"] ?? "", {
    report: (line) => console.error(line),
    interrupted,
  });
  recordStack(stack);
  closers.defer(async () => forgetStack());

  console.log(`Pricefleet is serving at ${stack.apiUrl} until Ctrl-C; the sample marketplace is at ${marketplace.url}.
Collect from it in another terminal:  make collect SOURCE=sample SEARCH_TERM="thinkpad x1"`);
  const logs = spawn("sh", ["-c", `exec tail -n +1 -F ${stack.logFolder}/*.log`], { stdio: "inherit" });
  closers.defer(async () => void logs.kill());
  await untilAborted(interrupted);
  return ExitCode.ok;
});
