import { changeRunState } from "@pricefleet/database";
import pg from "pg";
import { afterAll, describe, expect, it, onTestFinished } from "vitest";
import { beginRun, connectForTest, startTestApi } from "../../../test/api/index.ts";
import { createTestDatabase } from "../../../test/harness/index.ts";

const database = await createTestDatabase();
const worker = await connectForTest(database.workerUrl);
const api = await startTestApi(database.apiUrl, { heartbeatMs: 30 });
const narrow = await startTestApi(database.apiUrl, { maxStreams: 1 });
const owner = new pg.Client({
  connectionString: database.ownerUrl,
  options: "-c search_path=price_tracker",
});
const itself = new pg.Client({ connectionString: database.apiUrl });
await Promise.all([owner.connect(), itself.connect()]);
afterAll(() => Promise.all([owner.end(), itself.end()]));

interface Told {
  id: string;
  event: string;
  data: { run_id: string; from: string | null; to: string; reason: string };
}

/** Listens as a browser does. `next` resolves with the next event. */
async function listen(query: string, lastEventId?: string) {
  const hangingUp = new AbortController();
  const headers: Record<string, string> = lastEventId === undefined ? {} : { "last-event-id": lastEventId };
  const response = await fetch(`${api.url}/events${query}`, { headers, signal: hangingUp.signal });
  onTestFinished(() => hangingUp.abort());
  expect(response.headers.get("content-type")).toContain("text/event-stream");
  const chunks = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  const nextBlock = async (): Promise<string> => {
    for (;;) {
      const end = text.indexOf("\n\n");
      if (end !== -1) {
        const block = text.slice(0, end);
        text = text.slice(end + 2);
        return block;
      }
      const { value, done } = await chunks.read();
      if (done) throw new Error("the stream has ended");
      text += value;
    }
  };
  return {
    nextBlock,
    hangUp: () => hangingUp.abort(),
    async next(): Promise<Told> {
      for (;;) {
        const fields = Object.fromEntries(
          (await nextBlock()).split("\n").map((line) => {
            const colon = line.indexOf(": ");
            return [line.slice(0, colon), line.slice(colon + 2)];
          }),
        );
        // A run's first event may just have been told, or not yet, when the listener comes.
        if (fields["data"] !== undefined && !fields["data"].includes("started by hand"))
          return { id: fields["id"] ?? "", event: fields["event"] ?? "", data: JSON.parse(fields["data"]) };
      }
    },
  };
}

describe("who listens to events", () => {
  it("hears each transition of a run as it happens, and of no other when asked so", async () => {
    const [run, other] = [await beginRun(worker, "heard"), await beginRun(worker, "not heard")];
    const stream = await listen(`?run_id=${run.id}`);
    await changeRunState(worker, other.id, "processing", "other");
    await changeRunState(worker, run.id, "processing", "the first page is read");
    expect(await stream.next()).toMatchObject({
      event: "run",
      data: { run_id: run.id, from: "initializing", to: "processing", reason: "the first page is read" },
    });
  });

  it("misses nothing between two connections, by Last-Event-ID", async () => {
    const run = await beginRun(worker, "gone and back");
    const first = await listen(`?run_id=${run.id}`);
    await changeRunState(worker, run.id, "processing", "one");
    const { id } = await first.next();
    first.hangUp();
    await changeRunState(worker, run.id, "paused", "two");
    await changeRunState(worker, run.id, "processing", "three");
    const second = await listen(`?run_id=${run.id}`, id);
    expect((await second.next()).data.reason).toBe("two");
    expect((await second.next()).data.reason).toBe("three");
    await changeRunState(worker, run.id, "error", "four");
    expect((await second.next()).data.reason).toBe("four");
  });

  it("goes on hearing after the API has lost its connection to PostgreSQL", async () => {
    const run = await beginRun(worker, "cut");
    const stream = await listen(`?run_id=${run.id}`);
    // A role may end its own connections.
    const { rowCount } = await itself.query(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'api events' AND datname = current_database()",
    );
    expect(rowCount).toBeGreaterThan(0);
    await changeRunState(worker, run.id, "processing", "after the cut");
    expect((await stream.next()).data.reason).toBe("after the cut");
  });

  it("hears of events in the order of their ids, though one was committed later than the next", async () => {
    const [slow, quick] = [await beginRun(worker, "slow"), await beginRun(worker, "quick")];
    const stream = await listen("");
    await owner.query("BEGIN");
    await owner.query(`SELECT change_run_state(${slow.id}, 'processing', 'committed last')`);
    await changeRunState(worker, quick.id, "processing", "committed first");
    await owner.query("COMMIT");
    expect((await stream.next()).data.reason).toBe("committed last");
    expect((await stream.next()).data.reason).toBe("committed first");
  });

  it("gets a sign of life while nothing happens", async () => {
    const stream = await listen("");
    expect(await stream.nextBlock()).toBe("retry: 2000");
    expect(await stream.nextBlock()).toBe(": still here");
  });

  it("is one of as many as the process can bear; one more is sent away", async () => {
    const hangingUp = new AbortController();
    const first = await fetch(`${narrow.url}/events`, { signal: hangingUp.signal });
    expect(first.status).toBe(200);
    const second = await narrow.fetch("/events");
    expect(second.status).toBe(429);
    expect(second.headers.get("retry-after")).toBe("10");
    hangingUp.abort();
    await expect
      .poll(async () => {
        const retry = new AbortController();
        const { status } = await fetch(`${narrow.url}/events`, { signal: retry.signal });
        retry.abort();
        return status;
      })
      .toBe(200);
  });

  it.each(["?run_id=x", "?last_event_id=x"])("is told what is wrong with %s", async (query) => {
    const response = await api.fetch(`/events${query}`);
    expect(response.status).toBe(400);
    expect(response.headers.get("content-type")).toContain("application/problem+json");
  });
});
