import { changeRunState, markGivenUp } from "@pricefleet/database";
import pg from "pg";
import { describe, expect, it } from "vitest";
import {
  anItem,
  beginRun,
  claimTargets,
  connectForTest,
  startTestApi,
  storePage,
} from "../../test/api/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl);
const withoutToken = await startTestApi(database.apiUrl, { controlToken: null });

describe("who may control", () => {
  it.each([
    ["no token", {}],
    ["a wrong token", { authorization: "Bearer wrong" }],
    ["another scheme", { authorization: "Basic YTpi" }],
  ])("%s is 401, before anything else is looked at", async (_, headers) => {
    for (const path of ["/runs", "/api/runs/999/stop", "/searches", "/nowhere"]) {
      const response = await api.fetch(path, { method: "POST", headers, body: "{ not JSON" });
      expect(response.status).toBe(401);
      expect(response.headers.get("www-authenticate")).toContain("Bearer");
      expect(response.headers.get("content-type")).toContain("application/problem+json");
    }
  });

  it("without CONTROL_TOKEN control is off, and says so", async () => {
    const { status, body } = await withoutToken.send("POST", "/runs", { source: "sample", term: "x" });
    expect(status).toBe(401);
    expect(body.detail).toBe("Control is off: the API was started without CONTROL_TOKEN");
  });

  it("the API's role can read every table and write none", async () => {
    const client = new pg.Client({ connectionString: database.apiUrl });
    await client.connect();
    try {
      const { rows } = await client.query<{ name: string }>(
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'price_tracker' ORDER BY 1",
      );
      expect(rows.length).toBeGreaterThan(10);
      for (const { name } of rows) {
        for (const statement of [
          `INSERT INTO price_tracker.${name} DEFAULT VALUES`,
          `DELETE FROM price_tracker.${name}`,
          `TRUNCATE price_tracker.${name}`,
        ]) {
          await expect(client.query(statement)).rejects.toThrow(/permission denied/);
        }
      }
      await expect(client.query("SELECT price_tracker.change_run_state(1, 'idle', 'x')")).rejects.toThrow(
        /permission denied/,
      );
    } finally {
      await client.end();
    }
  });
});

describe("starting runs", () => {
  it("words start a run of a new search", async () => {
    const order = { source: "ebay", term: " thinkpad x1 ", max_pages: 2, enrich_limit: 5 };
    const { status, headers, body } = await api.send("POST", "/runs", order);
    expect(status).toBe(202);
    expect(headers.get("location")).toBe(`/runs/${body.id}`);
    expect(body).toMatchObject({
      state: "initializing",
      search: { source: "ebay", term: "thinkpad x1", url: null },
      events: [{ from: null, to: "initializing", reason: "asked for" }],
    });
    const search = await api.get(`/searches/${body.search.id}`);
    expect(search.body).toMatchObject({
      max_pages: 2,
      enrich_limit: 5,
      enabled: true,
      interval_seconds: null,
    });
  });

  it("an address pasted from a browser starts a run", async () => {
    const url = "https://www.ebay.de/sch/i.html?_nkw=thinkpad&_sop=10";
    const { status, body } = await api.send("POST", "/runs", { source: "ebay", url });
    expect(status).toBe(202);
    expect(body.search).toMatchObject({ term: null, url });
  });

  it("a search that has a run under way is 409, with a link to that run", async () => {
    const first = await api.send("POST", "/runs", { source: "sample", term: "twice" });
    const second = await api.send("POST", "/runs", { source: "sample", term: "twice" });
    expect(second.status).toBe(409);
    expect(second.body.run_url).toBe(`/runs/${first.body.id}`);
    expect((await api.get(second.body.run_url)).body.search.term).toBe("twice");
    const third = await api.send("POST", "/runs", { search_id: first.body.search.id });
    expect(third.body.run_url).toBe(`/runs/${first.body.id}`);
  });

  it("a search over several markets is given another list, which the next run goes by", async () => {
    const market = (term: string) => ({ source: "sample", term });
    const made = await api.send("POST", "/searches", { markets: [market("pots"), market("pans")] });
    const path = `/searches/${made.body.id}`;
    const run = await api.send("POST", "/runs", { search_id: made.body.id });
    const list = [{ ...market("pans"), max_pages: 2 }, market("lids"), { ...market("pots"), at_once: 3 }];
    const changed = await api.send("PATCH", path, { markets: list, max_pages: 7 });
    expect(changed.status).toBe(200);
    expect(changed.body.max_pages).toBe(7);
    expect(changed.body.markets).toMatchObject(list);
    expect(changed.body.term).toMatch(/^sample: pans; sample: lids; sample: pots/);
    const ofRun = await api.get(`/runs/${run.body.id}/markets`);
    expect(ofRun.body.items.map(({ term }: { term: string }) => term)).toEqual(["pots", "pans"]);

    const again = await api.send("POST", "/searches", { markets: list });
    expect(again).toMatchObject({ status: 409, body: { search_url: path } });
    const other = await api.send("POST", "/searches", { markets: [market("spoons")] });
    const taken = await api.send("PATCH", `/searches/${other.body.id}`, { markets: list, enabled: false });
    expect(taken).toMatchObject({
      status: 409,
      body: { detail: `search ${made.body.id} has these markets already` },
    });
    expect((await api.get(`/searches/${other.body.id}`)).body).toEqual(other.body);
    const plain = await api.send("POST", "/searches", { source: "sample", term: "forks" });
    const refused = await api.send("PATCH", `/searches/${plain.body.id}`, { markets: list });
    expect(refused.body.detail).toContain("is of sample alone and has no list of markets");
    const wrong = await api.send("PATCH", path, { markets: [{ source: "etsy", term: "x" }] });
    expect(wrong.body.errors[0].field).toBe("markets.0.source");
  });

  it("a search that is not there is 404", async () => {
    expect((await api.send("POST", "/runs", { search_id: "999999" })).status).toBe(404);
  });
});

describe("changing runs", () => {
  const aRun = async (term: string) => {
    const run = await beginRun(worker, term);
    await storePage(worker, run, [anItem(`${term}-1`), anItem(`${term}-2`)]);
    await changeRunState(worker, run.id, "processing", "a test");
    return run;
  };

  it("a run is stopped, resumed, stopped again and reset", async () => {
    const { id } = await aRun("by hand");
    const ask = async (what: string) => (await api.send("POST", `/runs/${id}/${what}`)).body;
    expect(await ask("stop")).toMatchObject({ state: "paused", pending: 2 });
    expect(await ask("resume")).toMatchObject({ state: "processing" });
    await ask("stop");
    expect(await ask("reset")).toMatchObject({ state: "idle", pending: 0, cancelled: 2 });
  });

  it("what failed is tried again", async () => {
    const run = await aRun("again");
    for (const claim of await claimTargets(worker, run.id, 2)) {
      const failure = { errorClass: "temporary", reason: "timeout", message: "no answer" };
      await markGivenUp(worker, claim, "dead", failure);
    }
    expect((await api.get(`/runs/${run.id}`)).body).toMatchObject({ dead: 2 });
    const { status, body } = await api.send("POST", `/runs/${run.id}/retry`);
    expect(status).toBe(202);
    expect(body).toMatchObject({ state: "processing", dead: 0, pending: 2 });
  });

  it("what a run's state does not allow is 409 in words", async () => {
    const { id } = await aRun("not now");
    const { status, body } = await api.send("POST", `/runs/${id}/reset`);
    expect(status).toBe(409);
    expect(body.detail).toBe(`run ${id} is processing, from which it cannot become idle`);
  });

  it("an old run is not begun again while a newer one of its search is under way", async () => {
    const old = await aRun("old and new");
    await changeRunState(worker, old.id, "error", "a test");
    const { body: newer } = await api.send("POST", "/runs", { search_id: old.searchId });
    const { status, body } = await api.send("POST", `/runs/${old.id}/resume`);
    expect(status).toBe(409);
    expect(body.run_url).toBe(`/runs/${newer.id}`);
  });

  it.each(["stop", "resume", "reset", "retry"])("to %s a run that is not there is 404", async (what) => {
    const { status, body } = await api.send("POST", `/runs/999999/${what}`);
    expect(status).toBe(404);
    expect(body.detail).toBe("run 999999 does not exist");
  });
});

describe("searches", () => {
  it("a search is made, listed, found and changed", async () => {
    const made = await api.send("POST", "/searches", {
      source: "sample",
      term: "lamps",
      interval_seconds: 3600,
    });
    expect(made.status).toBe(201);
    expect(made.headers.get("location")).toBe(`/searches/${made.body.id}`);
    expect(made.body).toMatchObject({ term: "lamps", interval_seconds: 3600, enabled: true, max_pages: 0 });
    expect(made.body.next_run_at).not.toBeNull();

    const changed = await api.send("PATCH", `/searches/${made.body.id}`, { enabled: false, max_pages: 3 });
    expect(changed.body).toMatchObject({ enabled: false, max_pages: 3, interval_seconds: 3600 });
    expect((await api.get(`/searches/${made.body.id}`)).body).toEqual(changed.body);

    const { body: list } = await api.get("/searches?limit=1");
    expect(list.items).toEqual([changed.body]);
    const { body: rest } = await api.get(`/searches?limit=200&cursor=${list.next_cursor}`);
    expect(rest.items.map(({ id }: { id: string }) => id)).not.toContain(made.body.id);
  });

  it("a search that is there already is 409, with a link to it", async () => {
    const order = { source: "sample", term: "chairs" };
    const first = await api.send("POST", "/searches", order);
    const second = await api.send("POST", "/searches", order);
    expect(second.status).toBe(409);
    expect(second.body.search_url).toBe(`/searches/${first.body.id}`);
  });

  it("a search that is not there is 404", async () => {
    expect((await api.get("/searches/999999")).status).toBe(404);
    expect((await api.send("PATCH", "/searches/999999", { enabled: true })).status).toBe(404);
  });
});
