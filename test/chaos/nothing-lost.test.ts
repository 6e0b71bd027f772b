import { expect, test } from "vitest";
import type { Fault } from "./fault.ts";
import { goThrough } from "./go-through.ts";

const LISTINGS = 200;

/** The short form of `make test-chaos`: everything is killed once, in one run. */
const everything: Fault = {
  name: "everything",
  async strike(stage) {
    const { collector, workers, dispatchers, servers } = stage;
    await stage.untilPagesRead(2);
    await collector.end("SIGKILL", 0);
    const { rows } = await stage.book.query("SELECT FROM runs WHERE collected_at IS NULL");
    expect(rows.length, "the collector is killed in the middle of collecting").toBe(1);

    await stage.untilEnded(0.05);
    await workers[0]?.end("SIGKILL", 0);
    stage.startWorker();

    await stage.untilEnded(0.12);
    await servers.rabbitmq.kill();
    await servers.rabbitmq.restart();

    await stage.untilEnded(0.2);
    await servers.postgres.kill();
    await servers.postgres.restart();

    await stage.untilEnded(0.3);
    await dispatchers[0]?.end("SIGKILL", 0);
    stage.startDispatcher();

    await stage.untilEnded(0.42);
    await servers.rabbitmq.wipe();
  },
};

test("a run in which everything is killed once, and which is stopped and resumed, loses nothing and leaves nothing behind", {
  timeout: 400_000,
}, async () => {
  const account = await goThrough(everything, LISTINGS);
  expect(account).toMatchObject({ dead: 0, poison: 0 });
});
