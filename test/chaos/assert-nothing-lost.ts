import { expect } from "vitest";
import { countsByState, endOf, waitFor } from "../fleet/index.ts";
import { deadLettersIn, messagesByQueue } from "./look-at-broker.ts";
import type { Scene } from "./stage.ts";

const RUN_PATIENCE_MS = 600_000;
/** The longest delay queue holds a message for five minutes. */
const QUEUES_PATIENCE_MS = 330_000;
const DEAD_LETTERS_PATIENCE_MS = 90_000;
const DLQ = "listing_enrichment_dlq";

export interface Account {
  done: number;
  dead: number;
  poison: number;
}

/** Waits for the run's end, and looks at everything that a fault could have lost, doubled or left behind. */
export async function assertNothingLost(scene: Scene, poison: number): Promise<Account> {
  const { book, expected, servers } = scene;
  const runId = await scene.runId();
  const doomed = expected.items.filter(({ isDoomed }) => isDoomed);

  expect(await endOf(book, runId, RUN_PATIENCE_MS)).toEqual({
    state: "completed",
    found: expected.items.length,
    pages_read: expected.pages,
    error: null,
  });
  const states = await countsByState(book, runId);
  const done = expected.items.length - doomed.length;
  expect(states).toEqual({ done, ...(doomed.length > 0 && { dead: doomed.length }) });
  const { rows: dead } = await book.query<{ id: string; external_id: string }>(
    "SELECT id, external_id FROM targets WHERE state = 'dead'",
  );
  expect(dead.map((target) => target.external_id).toSorted()).toEqual(
    doomed.map((item) => item.external_id).toSorted(),
  );

  expect(await finishesByTarget(scene)).toEqual({ targets: done, finishes: done, most: 1 });
  expect(await pricesByListing(scene)).toEqual(
    expected.items
      .map(({ external_id, amount, currency }) => ({ external_id, amount, currency, observations: 1 }))
      .toSorted((a, b) => (a.external_id < b.external_id ? -1 : 1)),
  );

  expect(await rowsOf(book, "SELECT * FROM run_count_differences")).toEqual([]);
  expect(await rowsOf(book, "SELECT id FROM targets WHERE lease_expires_at IS NOT NULL")).toEqual([]);
  expect(await rowsOf(book, "SELECT host FROM hosts WHERE probe_until > now()")).toEqual([]);

  await waitFor("empty work and delay queues", QUEUES_PATIENCE_MS, async () => {
    const { [DLQ]: _dead, ...others } = await messagesByQueue(servers.rabbitmq);
    // The stage has no worker for quotes, of which the dispatcher keeps some turning.
    const ofRuns = Object.entries(others).filter(([queue]) => !queue.startsWith("quote_refresh"));
    const left = ofRuns.filter(([, messages]) => messages > 0);
    if (left.length > 0) throw new Error(`messages are left: ${left.join("; ")}`);
    return true;
  });
  const wanted = dead.map(({ id }) => id).toSorted();
  await waitFor(
    `${wanted.length} dead letters and ${poison} of poison`,
    DEAD_LETTERS_PATIENCE_MS,
    async () => {
      const letters = await deadLettersIn(servers.rabbitmq.url, DLQ);
      const isRight = letters.poison === poison && String(letters.targetIds.toSorted()) === String(wanted);
      if (!isRight) throw new Error(`there are ${letters.targetIds.length} and ${letters.poison}`);
      return true;
    },
  );

  return { done, dead: dead.length, poison };
}

async function rowsOf(book: Scene["book"], query: string): Promise<unknown[]> {
  return (await book.query(query)).rows;
}

/** Each finish writes one snapshot row in its transaction, so these count the finishes. */
async function finishesByTarget({ book }: Scene) {
  const [finishes] = await rowsOf(
    book,
    `SELECT count(*)::integer AS targets, sum(finishes)::integer AS finishes, max(finishes)::integer AS most
       FROM (SELECT target_id, count(*) AS finishes FROM snapshots GROUP BY target_id) AS finished`,
  );
  return finishes;
}

/** The marketplace's clock stands still, so whatever saw a price after its card can only have confirmed it. */
async function pricesByListing({ book }: Scene) {
  return await rowsOf(
    book,
    `SELECT l.external_id, min(o.amount)::text AS amount, min(o.currency) AS currency,
            count(*)::integer AS observations
       FROM listings l JOIN price_observations o ON o.listing_id = l.id
      GROUP BY l.external_id ORDER BY l.external_id COLLATE "C"`,
  );
}
