import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import {
  type Claim,
  foldTargetMoves,
  judgeLayouts,
  keepUnreadSnapshot,
  markGivenUp,
  markSnapshotsPruned,
} from "@pricefleet/database";
import { afterAll, describe, expect, it } from "vitest";
import {
  anItem,
  beginRun,
  claimTargets,
  connectForTest,
  finishClaim,
  startTestApi,
  storePage,
} from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const snapshotDir = mkdtempSync(join(tmpdir(), "snapshots-"));
afterAll(() => rmSync(snapshotDir, { recursive: true }));
const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl, { snapshotDir });

const html = '<h1 onclick="steal()">Nouveau design ✓</h1><script>steal()</script>';
const sha256 = createHash("sha256").update(html).digest("hex");
mkdirSync(join(snapshotDir, sha256.slice(0, 2)));
writeFileSync(join(snapshotDir, sha256.slice(0, 2), `${sha256}.html.gz`), gzipSync(html));

const run = await beginRun(worker, "kettles");
await storePage(
  worker,
  run,
  Array.from({ length: 8 }, (_, index) => anItem(`kettle-${index}`)),
);

async function isNotUnderstood(claim: Claim): Promise<void> {
  const snapshot = {
    sha256,
    path: `${sha256.slice(0, 2)}/${sha256}.html.gz`,
    sizeBytes: html.length,
    url: claim.url,
    source: claim.source,
    targetId: claim.targetId,
    fetchedBy: "http" as const,
    pageState: "changed",
    fetchedAt: new Date(),
  };
  await keepUnreadSnapshot(worker, snapshot, claim.externalId);
  const failure = { errorClass: "layout-changed", reason: "layout-changed", message: "no title" };
  await markGivenUp(worker, claim, "dead", failure);
}

const [read, ...unread] = await claimTargets(worker, run.id, 8);
if (read === undefined) throw new Error("eight were due");
await finishClaim(worker, read, { amount: "12.00" });
for (const claim of unread) await isNotUnderstood(claim);
await foldTargetMoves(worker, 1_000);
await judgeLayouts(worker, { halfLifePages: 5, bound: 0.5 });

const { body: sources } = await api.get("/sources");
const [pages] = sources.items.find((item: { source: string }) => item.source === "sample").pages;
const snapshotUrl: string = pages.example.snapshot_url;

describe("how the pages of each source are read", () => {
  it("a source whose layout changed is flagged, with the newest page that was not understood", () => {
    expect(pages).toMatchObject({ host: "shop.example.com", page_kind: "listing", flagged: true, pages: 8 });
    expect(pages.read_rate).toBeLessThan(pages.usual_rate / 2);
    expect(pages.example).toMatchObject({ target_id: unread.at(-1)?.targetId, url: unread.at(-1)?.url });
  });

  it("a source of which nothing was read yet is there, and not flagged", () => {
    expect(sources.items).toContainEqual({ source: "ebay", flagged: false, pages: [] });
  });

  it("runs at that source say so, and link each failure to its kept page", async () => {
    const { body } = await api.get(`/runs/${run.id}`);
    expect(body.flagged_pages).toMatchObject([
      { source: "sample", host: "shop.example.com", page_kind: "listing" },
    ]);
    expect(body.last_errors[0].snapshot_url).toBe(snapshotUrl);
    expect(body.events.at(-1).reason).toMatch(/^the layout of listing pages of shop\.example\.com seems/);
  });
});

describe("a kept page", () => {
  it("comes as it was, zipped to those who take it so, and can do nothing", async () => {
    for (const encoding of ["gzip", "identity"]) {
      const response = await api.fetch(snapshotUrl, { headers: { "accept-encoding": encoding } });
      expect(response.status).toBe(200);
      expect(response.headers.get("content-encoding")).toBe(encoding === "gzip" ? "gzip" : null);
      expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("content-security-policy")).toMatch(/^sandbox; default-src 'none';/);
      expect(await response.text()).toBe(html);
    }
  });

  it("is linked by the price that was read from it, until it is pruned", async () => {
    const { body } = await api.get("/listings?text=kettle-0");
    const prices = async () => (await api.get(`/listings/${body.items[0].id}/prices`)).body.items;
    const [price] = await prices();
    expect(price).toMatchObject({ amount: "12.00", corrected_at: null });
    expect(price.snapshot.page_url).toBe(`/snapshots/${price.snapshot.id}`);
    await markSnapshotsPruned(worker, [price.snapshot.sha256]);
    expect((await prices())[0].snapshot.page_url).toBeNull();
    const { status, body: problem } = await (async () => {
      const response = await api.fetch(price.snapshot.page_url);
      return { status: response.status, body: (await response.json()) as { detail: string } };
    })();
    expect([status, problem.detail]).toEqual([404, expect.stringMatching(/was pruned at 20/)]);
  });

  it.each([
    ["/snapshots/999999", 404, "snapshot 999999 does not exist"],
    ["/snapshots/..%2f..%2fetc%2fpasswd", 400, "it should be an id such as 17"],
  ])("%s is %i", async (path, status, detail) => {
    const response = await api.fetch(path);
    expect(response.status).toBe(status);
    expect(await response.text()).toContain(detail);
  });
});
