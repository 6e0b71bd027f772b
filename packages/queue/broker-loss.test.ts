import { rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it, vi } from "vitest";
import { findFreePort, makeThrowawayFolder, startRabbitmq } from "../../scripts/servers/index.ts";
import { connectBelt, QueueUnavailableError } from "./index.ts";
import { silentLogger as logger, targetNumber, targetNumbers } from "./targets-for-tests.ts";

const folder = makeThrowawayFolder();
const broker = await startRabbitmq({ dataDir: join(folder, "rabbitmq") });
afterAll(async () => {
  await broker.kill();
  rmSync(folder, { recursive: true });
});

const patience = { timeout: 30_000, interval: 50 };

describe("a broker that goes away", () => {
  it("kills and restarts in the middle of publishing and consuming lose no confirmed target", async () => {
    const reconnects = vi.fn<() => void>();
    const belt = await connectBelt({ url: broker.url, name: "restart", logger, onReconnect: reconnects });
    const handled = new Set<string>();
    await belt.consume({
      queue: "listing_enrichment",
      concurrency: 4,
      handle: async ({ message }) => void handled.add(message.target_id),
    });

    const confirmed = new Set<string>();
    const enough = new AbortController();
    const publishing = (async () => {
      for (let number = 1; !enough.signal.aborted; number++) {
        const [outcome] = await belt.publishTargets([targetNumber(number)]);
        if (outcome === "confirmed") confirmed.add(String(number));
      }
    })();
    await vi.waitFor(() => expect(handled.size).toBeGreaterThan(50), patience);
    await broker.kill();
    await broker.restart();
    await vi.waitFor(() => expect(reconnects).toHaveBeenCalledTimes(1), patience);
    const handledBefore = handled.size;
    await vi.waitFor(() => expect(handled.size).toBeGreaterThan(handledBefore + 50), patience);
    enough.abort();
    await publishing;
    await vi.waitFor(() => expect([...confirmed].filter((id) => !handled.has(id))).toEqual([]), patience);
    await belt.close();
  }, 90_000);

  it("after its data was wiped, the queues are there again and targets flow, without a restart of the process", async () => {
    const belt = await connectBelt({ url: broker.url, name: "wipe", logger });
    const handled: string[] = [];
    await belt.consume({
      queue: "quote_refresh",
      concurrency: 1,
      handle: async ({ message }) => void handled.push(message.target_id),
    });
    await broker.wipe();
    await vi.waitFor(() => expect(belt.isReady()).toBe(true), patience);
    const outcomes = await belt.publishTargets([targetNumber(1, { queue: "quote_refresh" })]);
    expect(outcomes).toEqual(["confirmed"]);
    await vi.waitFor(() => expect(handled).toEqual(["1"]), patience);
    expect(Object.keys(await belt.queueDepths())).toHaveLength(21);
    await belt.close();
  }, 90_000);

  it("while it is away publishing fails without a crash, and a drain still ends", async () => {
    const belt = await connectBelt({ url: broker.url, name: "away", logger });
    const gate = Promise.withResolvers<void>();
    const consumer = await belt.consume({
      queue: "history_sync",
      concurrency: 1,
      handle: () => gate.promise,
    });
    await belt.publishTargets([targetNumber(1, { queue: "history_sync" })]);
    await vi.waitFor(() => expect(consumer.inHand).toBe(1), patience);
    const inFlight = belt.publishTargets(targetNumbers(20_000));
    await broker.kill();
    await vi.waitFor(() => expect(belt.isReady()).toBe(false), patience);
    gate.resolve();
    expect(await consumer.drain(10_000)).toEqual({ drained: true });
    await belt.close();
    expect(await inFlight).toContain("unconfirmed");
    await expect(belt.publishLater(targetNumber(1), 1_000)).rejects.toThrow(QueueUnavailableError);
    await broker.restart();
  }, 90_000);

  it("a service that starts before its broker waits for it", async () => {
    await broker.stop();
    const connecting = connectBelt({ url: broker.url, name: "early", logger });
    await broker.restart();
    const belt = await connecting;
    expect(belt.isReady()).toBe(true);
    await belt.close();
  }, 90_000);

  it("a service whose broker never comes gives up after its tries", async () => {
    const url = `amqp://someone:secret@127.0.0.1:${await findFreePort()}`;
    const start = connectBelt({ url, name: "alone", logger, startUpTries: 3 });
    await expect(start).rejects.toThrow(QueueUnavailableError);
    await expect(start).rejects.toThrow(/could not be reached in 3 tries: connect ECONNREFUSED/);
    await expect(start).rejects.not.toThrow(/secret/);
  });
});
