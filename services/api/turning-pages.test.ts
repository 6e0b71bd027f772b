import { describe, expect, it } from "vitest";
import { anItem, beginRun, connectForTest, startTestApi, storePage } from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);

const run = await beginRun(worker, "many things");
const things = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, n) => anItem(`many-${from + n}`, { amount: `${(n % 3) + 1}.00` }));
// One transaction: all of them have the same first_seen_at, and a third of them the same price.
await storePage(worker, run, things(100, 110), 1);
await storePage(worker, run, things(110, 120), 2);
const expected = things(100, 120).map((item) => item.external_id);
const ofRun = `search_id=${run.searchId}`;

interface Listed {
  external_id: string;
}

const list = async (query: string): Promise<string[]> => {
  const { body } = await api.get(`/listings?${query}`);
  return body.items.map((item: Listed) => item.external_id);
};

/** Follows next_cursor to the end; `between` happens after each page. */
const listAll = async (query: string, between: () => Promise<void> = async () => {}): Promise<string[]> => {
  const all: string[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const { body } = await api.get(`/listings?${query}${cursor === "" ? "" : `&cursor=${cursor}`}`);
    all.push(...body.items.map((item: Listed) => item.external_id));
    cursor = body.next_cursor;
    await between();
  }
  return all;
};

describe("turning pages", () => {
  it.each(["newest", "oldest", "last_seen", "price_asc&currency=EUR", "price_desc&currency=EUR"])(
    "listings that tie in the order %s come once each",
    async (sort) => {
      const all = await listAll(`${ofRun}&limit=3&sort=${sort}`);
      expect(all.toSorted()).toEqual(expected);
    },
  );

  it("pages are those of one long list", async () => {
    for (const sort of ["newest", "price_asc&currency=EUR"]) {
      const query = `${ofRun}&sort=${sort}`;
      expect(await listAll(`${query}&limit=7`)).toEqual(await list(`${query}&limit=200`));
    }
  });

  it("listings that come in meanwhile neither repeat nor hide any", async () => {
    let pageNumber = 3;
    const all = await listAll(`${ofRun}&limit=6`, async () => {
      await storePage(worker, run, things(pageNumber * 100, pageNumber * 100 + 4), pageNumber);
      pageNumber += 1;
    });
    expect(new Set(all).size).toBe(all.length);
    expect(all.toSorted()).toEqual(expected);
  });

  it.each([
    ["nonsense", "cursor=nonsense"],
    ["of another order", null],
    [
      "with a forged time",
      `cursor=${forge({ order: "newest", key: "9999-99-99T00:00:00.000000Z", id: "1" })}`,
    ],
    ["with a forged id", `cursor=${forge({ order: "newest", key: "2026-01-01T00:00:00.000000Z", id: "x" })}`],
  ])("a cursor %s is refused by name", async (_, query) => {
    const { body: page } = await api.get("/listings?limit=1&sort=oldest");
    const { status, body } = await api.get(`/listings?${query ?? `cursor=${page.next_cursor}`}`);
    expect(status).toBe(400);
    expect(body.errors).toMatchObject([{ field: "cursor" }]);
  });
});

function forge(content: object): string {
  return Buffer.from(JSON.stringify(content)).toString("base64url");
}
