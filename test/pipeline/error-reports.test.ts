import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ExitCode } from "@pricefleet/contracts";
import { startSampleMarketplace } from "@pricefleet/sample-marketplace";
import { afterAll, describe, expect, it } from "vitest";
import { logOf, startFleet, startSentry, waitFor } from "../fleet/index.ts";
import { createTestDatabase, createTestVhost } from "../harness/index.ts";

const TOKEN = "control-token-0123456789";

const database = await createTestDatabase();
const vhost = await createTestVhost();
const closers = new AsyncDisposableStack();
afterAll(() => closers.disposeAsync());
const marketplace = await startSampleMarketplace({
  listings: 60,
  perPage: 40,
  // A collector that is in the middle of its run when it crashes.
  faults: { rules: [{ fault: "slow", path: "/search?q=slow", slowMs: 20_000 }] },
});
closers.defer(() => marketplace.close());
const sentry = await startSentry();
closers.defer(() => sentry.close());
const folder = mkdtempSync(join(tmpdir(), "crash-"));
closers.defer(() => rmSync(folder, { recursive: true }));

/** Loaded into a service before it starts: an error that comes from nowhere, when the test says so. */
const crashFile = join(folder, "now");
const bomb = join(folder, "bomb.mjs");
writeFileSync(
  bomb,
  `import { existsSync } from "node:fs";
   setInterval(() => {
     if (!existsSync(process.env.CRASH_FILE ?? "")) return;
     const cause = new Error("proxy-authorization: Basic YW5uOnMzY3JldHMzY3JldA== for " + process.env.DATABASE_URL);
     const error = new Error("read <html><body>somebody's page</body></html> with " + process.env.CONTROL_TOKEN, { cause });
     error.name = "SurpriseError";
     Object.assign(error, { config: { password: "s3cret", headers: { cookie: "session=1" } } });
     if (process.env.CRASH_AS === "rejection") Promise.reject(error); else throw error;
   }, 50).unref();
   setInterval(() => {}, 1000).unref();`,
);

const fleet = startFleet({
  databaseUrl: database.workerUrl,
  amqpUrl: vhost.url,
  environment: {
    SOURCE: "sample",
    SAMPLE_BASE_URL: marketplace.url,
    FETCH_MODE: "http",
    CONTROL_TOKEN: TOKEN,
    PROXY_URL: "",
    SENTRY_DSN: sentry.dsn,
    SENTRY_ENVIRONMENT: "staging",
    SENTRY_TRACES_SAMPLE_RATE: "1",
    NODE_OPTIONS: `--import ${bomb}`,
  },
});
closers.defer(() => fleet.stop());

const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8")) as {
  version: string;
};

const crashing = (name: string, as: string) => ({ CRASH_FILE: `${crashFile}-${name}`, CRASH_AS: as });
// All at once, for starting is what takes the time.
const services = {
  dispatcher: fleet.startDispatcher(crashing("dispatcher", "exception")),
  worker: fleet.startWorker(crashing("worker", "rejection")),
  collector: fleet.startCollector({ ...crashing("collector", "exception"), SEARCH_TERM: "slow" }),
  streamer: fleet.startStreamer(crashing("streamer", "exception")),
  api: fleet.startApi({ ...crashing("api", "rejection"), DATABASE_URL: database.apiUrl }),
};

describe("with SENTRY_DSN", () => {
  it.each([
    ["dispatcher", "leading"],
    ["worker", "ready for targets"],
    ["collector", "collecting"],
    ["streamer", "leading"],
    ["api", "listening"],
  ] as const)(
    "a crash of the %s arrives before its process ends, without secrets or pages",
    async (name, message) => {
      const service = services[name];
      await waitFor("the start", 20_000, async () =>
        logOf(service).some((line) => line["message"] === message) ? true : null,
      );
      writeFileSync(`${crashFile}-${name}`, "");
      expect((await service.ended).exitCode).toBe(ExitCode.unexpected);
      const event = sentry.events.find(
        ({ tags, type }) => tags["service"] === name && type !== "transaction",
      );
      expect(event).toMatchObject({ environment: "staging", release: `pricefleet@${version}` });
      expect(event?.exception.values.map(({ value }) => value)).toEqual([
        expect.stringMatching(/^proxy-authorization: Basic \*\*\* for postgres:\/\/\*\*\*@/),
        "read [HTML left out]",
      ]);
      const told = readFileSync(service.logFile, "utf8") + sentry.envelopes.join("\n");
      const password = new URL(database.workerUrl).password;
      expect(told).toContain("SurpriseError");
      for (const secret of [TOKEN, password, "YW5uOnMzY3JldHMzY3JldA", "session=1", "s3cret"]) {
        expect(told).not.toContain(secret);
      }
      expect(sentry.envelopes.join("\n")).not.toContain("somebody's page");
    },
  );

  it("expected failures are not reported, and transactions are sampled", async () => {
    const before = sentry.events.filter(({ type }) => type !== "transaction").length;
    fleet.startDispatcher();
    fleet.startWorker();
    const ends = await Promise.all(
      ["/search?q=thinkpad", "/no-such-page"].map(
        (path) =>
          fleet.startCollector({ SEARCH_URL: marketplace.url + path, ENRICH_LIMIT: "1", MAX_PAGES: "1" })
            .ended,
      ),
    );
    expect(ends.map(({ exitCode }) => exitCode)).toEqual([ExitCode.ok, ExitCode.runFailed]);
    await waitFor("a target's transaction", 30_000, async () =>
      sentry.events.some(({ transaction }) => transaction === "target") ? true : null,
    );
    expect(sentry.events.filter(({ type }) => type !== "transaction")).toHaveLength(before);
    expect(sentry.events.map(({ transaction }) => transaction)).toContain("collect");
  }, 60_000);
});
