import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  finishListing,
  keepUnreadSnapshot,
  markGivenUp,
  storeSearchPage,
  takeDueTargets,
} from "@pricefleet/database";
import { createSnapshotStore } from "@pricefleet/fetching";
import { sql } from "kysely";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import {
  aFinish,
  aHost,
  anItem,
  aPage,
  aRun,
  claimed,
  freshName,
  openTestBook,
} from "../../packages/database/fixtures/test-book.ts";
import { hasCaptures, readCapture } from "../captures/index.ts";
import { createTestDatabase } from "../harness/index.ts";

const database = await createTestDatabase();
const book = await openTestBook(database);
const { db } = book;
const folder = mkdtempSync(join(tmpdir(), "reextract-"));
const snapshots = createSnapshotStore(folder);
afterAll(async () => {
  await book.close();
  rmSync(folder, { recursive: true });
});
beforeEach(() => book.empty());

const address = (number: number) => `https://www.ebay.com/itm/20000000000${number}`;
const itemPage = (dollars: string) => `<h1 class="x-item-title__mainTitle">Blue kettle</h1>
  <div class="x-bin-price"><div class="x-price-primary">US $${dollars}</div></div>`;
const captcha = `<title>Security Measure | eBay</title><form action="captcha_submit">${itemPage("1.00")}</form>`;

/** A page that a worker fetched: read at this price in EUR, or not understood, which its target died of. */
async function fetched(url: string, html: string, readAs: string | "nothing") {
  const [run, host] = [await aRun(db), await aHost(db)];
  await storeSearchPage(db, aPage(run, host, [anItem(freshName("item"))], { source: "ebay" }));
  const [due] = await takeDueTargets(db, 1);
  if (due === undefined) throw new Error("one was due");
  const claim = await claimed(db, due);
  const finish = aFinish(claim, { amount: readAs === "nothing" ? null : readAs });
  const snapshot = { ...finish.snapshot, ...(await snapshots.save(html)), url };
  if (readAs === "nothing") {
    await keepUnreadSnapshot(db, { ...snapshot, pageState: "changed" }, claim.externalId);
    await markGivenUp(db, claim, "dead", {
      errorClass: "layout-changed",
      reason: "layout-changed",
      message: "no listing is on it",
    });
  } else await finishListing(db, { ...finish, snapshot });
  return { targetId: claim.targetId, runId: claim.runId };
}

function reextract(...args: string[]) {
  const script = join(import.meta.dirname, "../../scripts/reextract.ts");
  const { stdout, stderr, status } = spawnSync(process.execPath, [script, ...args], {
    encoding: "utf8",
    env: { ...process.env, DATABASE_URL: database.workerUrl, SNAPSHOT_DIR: folder, EBAY_BASE_URL: "" },
  });
  const lines = stdout.split("\n").filter((line) => line !== "");
  return { lines: lines.map((line) => JSON.parse(line)), stderr, status };
}

const pricesOf = async (targetId: string) =>
  (
    await sql<{ amount: string; currency: string; corrected: boolean }>`
      SELECT o.amount::text, o.currency, o.corrected_at IS NOT NULL AS corrected
        FROM price_observations o WHERE o.target_id = ${targetId} ORDER BY o.id`.execute(db)
  ).rows;

const stateOf = async (targetId: string) =>
  (await sql<{ state: string }>`SELECT state FROM targets WHERE id = ${targetId}`.execute(db)).rows[0]?.state;

describe("npm run reextract", () => {
  it("shows what a fixed extractor reads, and with --apply stores it exactly once", async () => {
    const unread = await fetched(address(1), itemPage("12.50"), "nothing");
    const shown = reextract();
    expect(shown.lines).toMatchObject([
      {
        source: "ebay",
        url: address(1),
        target_id: unread.targetId,
        outcome: "newly-readable",
        changes: { amount: { before: "19.99", after: "12.50" }, currency: { before: "EUR", after: "USD" } },
      },
      { summary: { applied: false, pages: 1, "newly-readable": 1 } },
    ]);
    expect(await stateOf(unread.targetId)).toBe("dead");
    expect(await pricesOf(unread.targetId)).toEqual([]);

    reextract("--apply");
    expect(await stateOf(unread.targetId)).toBe("done");
    expect(await pricesOf(unread.targetId)).toEqual([{ amount: "12.50", currency: "USD", corrected: false }]);
    const { rows } = await sql`SELECT reason FROM run_events WHERE from_state = to_state`.execute(db);
    expect(rows).toEqual([
      { reason: "1 of the targets that could not be read were read from their kept pages" },
    ]);

    expect(reextract("--apply", "--state", "all").lines).toEqual([
      { summary: { applied: true, pages: 1, unchanged: 1 } },
    ]);
    expect(await pricesOf(unread.targetId)).toHaveLength(1);
  });

  it("never takes a price from a wall, though a price stands on it", async () => {
    const wall = await fetched(address(2), captcha, "nothing");
    const believed = await fetched(address(3), captcha, "1.00");
    const { lines } = reextract("--apply", "--state", "all");
    expect(lines).toMatchObject([
      { target_id: wall.targetId, outcome: "still-unreadable", reason: expect.stringMatching(/^captcha: /) },
      { target_id: believed.targetId, outcome: "no-longer-readable" },
      { summary: { pages: 2 } },
    ]);
    expect(await stateOf(wall.targetId)).toBe("dead");
    expect(await pricesOf(wall.targetId)).toEqual([]);
    expect(await pricesOf(believed.targetId)).toMatchObject([{ amount: "1.00", corrected: false }]);
  });

  it("corrects a price that was read wrongly, and keeps what was believed", async () => {
    const wrong = await fetched(address(4), itemPage("1,500.00"), "1.50");
    await fetched(address(5), itemPage("7.00"), "nothing");
    const { lines } = reextract("--apply", "--state", "all", "--run", wrong.runId);
    expect(lines).toMatchObject([
      {
        target_id: wrong.targetId,
        outcome: "changed",
        changes: { amount: { before: "1.50", after: "1500.00" } },
      },
      { summary: { pages: 1, changed: 1 } },
    ]);
    expect(await pricesOf(wrong.targetId)).toEqual([
      { amount: "1.50", currency: "EUR", corrected: true },
      { amount: "1500.00", currency: "USD", corrected: false },
    ]);
  });

  it("goes on after a page whose file is gone, and reads no more than it is told to", async () => {
    await fetched(address(6), itemPage("6.00"), "nothing");
    const gone = await fetched(address(7), itemPage("7.00"), "nothing");
    await sql`UPDATE snapshots SET sha256 = ${"0".repeat(64)} WHERE target_id = ${gone.targetId}`.execute(db);
    expect(reextract().lines).toMatchObject([
      { outcome: "no-page", reason: expect.stringContaining("There is no page") },
      { outcome: "newly-readable" },
      {},
    ]);
    expect(reextract("--limit", "1").lines.at(-1)).toMatchObject({ summary: { pages: 1 } });
    expect(reextract("--since", "2100-01-01").lines).toEqual([{ summary: { applied: false, pages: 0 } }]);
  });

  it("names every argument that is wrong, and what would be right", () => {
    const { status, stderr } = reextract("--source", "ebuy", "--since", "yesterday", "--state", "some");
    expect(status).toBe(2);
    expect(stderr).toMatch(/--source should be one of ebay.*--since should be a day or a time.*--state/s);
  });
});

describe.skipIf(!hasCaptures)("on a page that eBay sent", () => {
  it("an item that could not be read gets the seller's price", async () => {
    const unread = await fetched(
      "https://www.ebay.com/itm/388514225173",
      readCapture("ebay/2025-06-item-com-rtx5090.html"),
      "nothing",
    );
    reextract("--apply");
    expect(await pricesOf(unread.targetId)).toMatchObject([{ amount: "3500.00", currency: "EUR" }]);
  });
});
