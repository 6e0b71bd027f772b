import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { finishListing, keepUnreadSnapshot, markGivenUp } from "@pricefleet/database";
import { createSnapshotStore } from "@pricefleet/fetching";
import { sql } from "kysely";
import { afterAll, describe, expect, it } from "vitest";
import { anItem, beginRun, claimTargets, connectForTest, storePage } from "../api/index.ts";
import { hasCaptures, readCapture } from "../captures/index.ts";
import { createTestDatabase } from "../harness/index.ts";

const database = await createTestDatabase();
const db = await connectForTest(database.workerUrl);
const folder = mkdtempSync(join(tmpdir(), "reextract-"));
const snapshots = createSnapshotStore(folder);
afterAll(() => rmSync(folder, { recursive: true }));

const address = (number: number) => `https://www.ebay.com/itm/20000000000${number}`;
const itemPage = (dollars: string) => `<h1 class="x-item-title__mainTitle">Blue kettle</h1>
  <div class="x-bin-price"><div class="x-price-primary">US $${dollars}</div></div>`;
const captcha = `<title>Security Measure | eBay</title><form action="captcha_submit">${itemPage("1.00")}</form>`;

/** A search of the test's own, and pages of it as a worker fetched them: read at this price in EUR, or "nothing". */
async function fetchedPages(term: string, ...pages: { number: number; html: string; readAs: string }[]) {
  const run = await beginRun(db, term, "ebay");
  const cards = pages.map(({ number }) => anItem(`20000000000${number}`, { amount: "19.99" }));
  await storePage(db, run, cards);
  const claims = await claimTargets(db, run.id, pages.length);
  const targetIds: string[] = [];
  for (const { number, html, readAs } of pages) {
    const claim = claims.find(({ externalId }) => externalId === `20000000000${number}`);
    if (claim === undefined) throw new Error("each card's target was due");
    const snapshot = {
      ...(await snapshots.save(html)),
      url: address(number),
      source: claim.source,
      targetId: claim.targetId,
      fetchedBy: "http" as const,
      fetchedAt: new Date(),
    };
    if (readAs === "nothing") {
      await keepUnreadSnapshot(db, { ...snapshot, pageState: "changed" }, claim.externalId);
      await markGivenUp(db, claim, "dead", {
        errorClass: "layout-changed",
        reason: "layout-changed",
        message: "no listing is on it",
      });
    } else {
      await finishListing(db, {
        claim,
        item: anItem(claim.externalId, { amount: readAs }),
        details: null,
        snapshot: { ...snapshot, pageState: "ok" },
        learnedMode: null,
      });
    }
    targetIds.push(claim.targetId);
  }
  return { runId: run.id, targetIds };
}

const program = join(import.meta.dirname, "../../services/reextract/main.ts");

function reextract(...args: string[]) {
  const { stdout, stderr, status } = spawnSync(process.execPath, [program, ...args], {
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
  it("shows what a mended extractor reads, and with --apply stores it exactly once", async () => {
    const { runId, targetIds } = await fetchedPages("once", {
      number: 1,
      html: itemPage("12.50"),
      readAs: "nothing",
    });
    const [targetId = ""] = targetIds;
    expect(reextract("--run", runId).lines).toMatchObject([
      {
        source: "ebay",
        url: address(1),
        target_id: targetId,
        outcome: "newly-readable",
        changes: { amount: { before: "19.99", after: "12.50" }, currency: { before: "EUR", after: "USD" } },
      },
      { summary: { applied: false, pages: 1, "newly-readable": 1 } },
    ]);
    expect(await stateOf(targetId)).toBe("dead");
    expect(await pricesOf(targetId)).toEqual([]);

    reextract("--run", runId, "--apply");
    expect(await stateOf(targetId)).toBe("done");
    expect(await pricesOf(targetId)).toEqual([{ amount: "12.50", currency: "USD", corrected: false }]);
    const { rows } = await sql`
      SELECT reason FROM run_events WHERE run_id = ${runId} AND from_state = to_state`.execute(db);
    expect(rows).toEqual([{ reason: "targets that were read from their kept pages: 1" }]);

    expect(reextract("--run", runId, "--apply", "--state", "all").lines).toEqual([
      { summary: { applied: true, pages: 1, unchanged: 1 } },
    ]);
    expect(await pricesOf(targetId)).toHaveLength(1);
  });

  it("never takes a price from a wall, though a price stands on it", async () => {
    const { runId, targetIds } = await fetchedPages(
      "walls",
      { number: 2, html: captcha, readAs: "nothing" },
      { number: 3, html: captcha, readAs: "1.00" },
    );
    const [wall = "", believed = ""] = targetIds;
    expect(reextract("--run", runId, "--apply", "--state", "all").lines).toMatchObject([
      { target_id: wall, outcome: "still-unreadable", reason: expect.stringMatching(/^captcha: /) },
      { target_id: believed, outcome: "no-longer-readable", reason: expect.stringMatching(/^captcha: /) },
      { summary: { pages: 2 } },
    ]);
    expect(await stateOf(wall)).toBe("dead");
    expect(await pricesOf(wall)).toEqual([]);
    expect(await pricesOf(believed)).toMatchObject([{ amount: "1.00", corrected: false }]);
  });

  it("corrects a price that was read wrongly, and keeps what was believed", async () => {
    const { runId, targetIds } = await fetchedPages(
      "wrong",
      { number: 4, html: itemPage("1,500.00"), readAs: "1.50" },
      { number: 5, html: itemPage("7.00"), readAs: "nothing" },
    );
    const [wrong = "", unread = ""] = targetIds;
    expect(reextract("--run", runId, "--apply", "--state", "all").lines).toMatchObject([
      { target_id: unread, outcome: "newly-readable" },
      { target_id: wrong, outcome: "changed", changes: { amount: { before: "1.50", after: "1500.00" } } },
      { summary: { pages: 2, changed: 1, "newly-readable": 1 } },
    ]);
    expect(await pricesOf(wrong)).toEqual([
      { amount: "1.50", currency: "EUR", corrected: true },
      { amount: "1500.00", currency: "USD", corrected: false },
    ]);
  });

  it("goes on after a page whose file is gone, and reads no more than it is told to", async () => {
    const { runId, targetIds } = await fetchedPages(
      "gone",
      { number: 6, html: itemPage("6.00"), readAs: "nothing" },
      { number: 7, html: itemPage("7.70"), readAs: "nothing" },
    );
    await sql`UPDATE snapshots SET sha256 = ${"0".repeat(64)} WHERE target_id = ${targetIds[1]}`.execute(db);
    expect(reextract("--run", runId).lines).toMatchObject([
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
    const html = readCapture("ebay/2025-06-item-com-rtx5090.html");
    const { runId, targetIds } = await fetchedPages("real", { number: 8, html, readAs: "nothing" });
    reextract("--run", runId, "--apply");
    expect(await pricesOf(targetIds[0] ?? "")).toMatchObject([{ amount: "3500.00", currency: "EUR" }]);
  });
});
