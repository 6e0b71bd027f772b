import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  askRun,
  askSearch,
  findCollectorOf,
  NotLeadingError,
  startRun,
  type Term,
  tryToLead,
} from "@pricefleet/database";
import { type CollectorLauncher, createLocalLauncher } from "@pricefleet/kubernetes";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { connectForTest, quietLogger } from "../../test/api/index.ts";
import { waitFor } from "../../test/fleet/index.ts";
import { createTestDatabase } from "../../test/harness/index.ts";
import { startCollectors, watchCollectors } from "./collectors.ts";

const database = await createTestDatabase();
const db = await connectForTest(database.workerUrl);

/** Stands in for the collector: ends as HOW says, or waits to be ended. */
const program = join(mkdtempSync(join(tmpdir(), "collector-")), "main.js");
writeFileSync(
  program,
  `const end = { fails: 3, completes: 0 }[process.env.HOW];
   if (end === undefined) setInterval(() => undefined, 1000); else process.exit(end);`,
);
const opened: CollectorLauncher[] = [];
afterAll(() => Promise.all(opened.map((launcher) => launcher.close())));

let term: Term;
beforeAll(async () => {
  const begun = await tryToLead(db, "dispatcher", "a test", 600);
  if (begun === null) throw new Error("another leads in a database of this test's own");
  term = begun;
});

function means(how: string) {
  const launcher = createLocalLauncher({ program, environment: { HOW: how }, logger: quietLogger });
  opened.push(launcher);
  return { db, launcher, logger: quietLogger };
}

async function askForRun(words: string): Promise<string> {
  const order = { source: "sample", term: words, url: null, maxPages: 0, enrichLimit: 0 };
  return askRun(db, await askSearch(db, order), null, null);
}

/** Looks until the run's collector is in that state. */
async function untilState(runId: string, state: string, with_: ReturnType<typeof means>) {
  return waitFor(`the collector of run ${runId} ${state}`, 10_000, async () => {
    await watchCollectors(term, with_);
    const collector = await findCollectorOf(db, runId);
    return collector?.state === state ? collector : null;
  });
}

describe("a run knows how its collector is doing", () => {
  it("while its process runs, and that it is gone when no dispatcher knows of it any more", async () => {
    const runId = await askForRun("a lamp");
    const first = means("waits");
    await startCollectors(term, first);
    expect(await untilState(runId, "running", first)).toMatchObject({
      kind: "process",
      name: expect.stringMatching(/^process \d+$/),
      message: null,
      pods: [],
      checked_at: expect.any(Date),
    });
    expect(await untilState(runId, "gone", means("waits"))).toMatchObject({
      message: "the dispatcher that started it leads no more",
    });
  });

  it("when its process failed, with what the exit code means", async () => {
    const runId = await askForRun("a vase");
    const failing = means("fails");
    await startCollectors(term, failing);
    const { message } = await untilState(runId, "failed", failing);
    expect(message).toMatch(/^ended with exit code 3: PostgreSQL was not reached/);
    // The next dispatcher does not know the process, and leaves the end as it was noted.
    await watchCollectors(term, means("fails"));
    expect(await findCollectorOf(db, runId)).toMatchObject({ state: "failed", message });
  });

  it("when its process completed", async () => {
    const runId = await askForRun("a chair");
    const completing = means("completes");
    await startCollectors(term, completing);
    expect(await untilState(runId, "completed", completing)).toMatchObject({ message: null });
  });

  it("when it could not be started at all, which holds up no other run", async () => {
    const [first, second] = [await askForRun("a table"), await askForRun("a desk")];
    const { launcher, ...rest } = means("completes");
    const refuses: CollectorLauncher = {
      ...launcher,
      async launch(runId) {
        if (runId === first) throw new Error("spawn EAGAIN");
        await launcher.launch(runId);
      },
    };
    await startCollectors(term, { ...rest, launcher: refuses });
    expect(await findCollectorOf(db, first)).toMatchObject({
      state: "failed",
      message: "it could not be started: spawn EAGAIN",
    });
    await untilState(second, "completed", { ...rest, launcher });
  });

  it("and a run that is collected by hand knows of none", async () => {
    const order = { source: "sample", term: "a bed", url: null, maxPages: 0, enrichLimit: 0 };
    const run = await startRun(db, order);
    await watchCollectors(term, means("waits"));
    expect(await findCollectorOf(db, run.id)).toBeNull();
  });

  it("nothing is noted by a dispatcher that leads no more", async () => {
    const old = { ...term, epoch: "0" };
    await expect(watchCollectors(old, means("waits"))).rejects.toThrow(NotLeadingError);
  });
});
