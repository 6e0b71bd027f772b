import { queueNames, runStates, targetStates } from "@pricefleet/contracts";
import { type BookMeasurements, type Database, measureBook } from "@pricefleet/database";
import { Gauge, type Registry } from "prom-client";

/** However many ask for /metrics, the book is asked no more often than this. */
const FRESH_FOR_MS = 5_000;

/**
 * What the book says of work under way. A PostgreSQL that does not answer is told by `pricefleet_database_up` 0, and
 * nothing is told of the rest: an old number would look like a new one.
 * @returns what is to be awaited before the registry is read.
 */
export function addBookGauges(registry: Registry, db: Database): () => Promise<void> {
  const registers = [registry];
  const databaseUp = new Gauge({
    name: "pricefleet_database_up",
    help: "1 when PostgreSQL answered this API",
    registers,
  });
  const runs = new Gauge({
    name: "pricefleet_runs",
    help: "Runs by state",
    labelNames: ["state"],
    registers,
  });
  const targets = new Gauge({
    name: "pricefleet_targets",
    help: "Targets by queue and state, of runs that have not ended and of instruments",
    labelNames: ["queue", "state"],
    registers,
  });
  const hostsClosed = new Gauge({
    name: "pricefleet_hosts_closed",
    help: "Hosts that are not asked for now, because they showed a wall or asked for patience",
    registers,
  });

  let measuredAtMs = -Infinity;
  let measuring: Promise<void> = Promise.resolve();

  async function measure(): Promise<void> {
    const book = await measureBook(db).catch(() => null);
    databaseUp.set(book === null ? 0 : 1);
    for (const gauge of [runs, targets, hostsClosed]) gauge.reset();
    if (book === null) hostsClosed.remove();
    else tell(book);
  }

  function tell(book: BookMeasurements): void {
    for (const state of runStates) runs.set({ state }, 0);
    for (const queue of queueNames) for (const state of targetStates) targets.set({ queue, state }, 0);
    for (const { state, count } of book.runs) runs.set({ state }, count);
    for (const { queue, state, count } of book.targets) targets.set({ queue, state }, count);
    hostsClosed.set(book.closedHosts);
  }

  return () => {
    const nowMs = performance.now();
    if (nowMs - measuredAtMs >= FRESH_FOR_MS) {
      measuredAtMs = nowMs;
      measuring = measure();
    }
    return measuring;
  };
}
