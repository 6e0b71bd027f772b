/**
 * What the book costs: targets inserted and put on the belt, claims and finishes a second, on a PostgreSQL (with fsync)
 * and a RabbitMQ of its own: `node bench/book.ts`. The goal is 5,000 targets a second inserted and published.
 * On a busy machine the processor time says more than the rate: microseconds of PostgreSQL and of this process for each
 * target, and the rate that this would allow on two idle cores. Linux only (it reads /proc).
 */
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Item } from "@pricefleet/contracts";
import {
  type Claim,
  claimTarget,
  connectDatabase,
  type Database,
  type DueTarget,
  ensureHosts,
  ensureRoles,
  finishListing,
  foldTargetMoves,
  generateRolePasswords,
  isDatabaseAnswering,
  migrateToLatest,
  startRun,
  storeSearchPage,
  takeDueTargets,
} from "@pricefleet/database";
import { createLogger } from "@pricefleet/logging";
import { type BaseRate, createBaseRates } from "@pricefleet/pricing";
import { type Belt, connectBelt, publishDueTargets } from "@pricefleet/queue";
import { makeThrowawayFolder, startPostgres, startRabbitmq } from "../scripts/servers/index.ts";

const TARGETS = 4_800;
const CARDS_A_PAGE = 240;
const BATCH = 5_000;
const IN_FLIGHT = 16;
/** Claimed and then finished together: so many are running at once, as with a fleet of workers. */
const CHUNK = 320;
const ROUNDS = 3;
const belt = { longestBelt: 1_000_000, republishAfterSeconds: 900 };

interface Cost {
  perSecond: number;
  /** Processor time for each target, in microseconds. */
  postgresUs: number;
  nodeUs: number;
}
const costs = new Map<string, Cost[]>();
/** As a worker has them: EUR is valued in USD by one quote, which is asked for every 5 s. */
const rates = createBaseRates("USD", async () => [
  {
    id: "1",
    instrument: "FX:EURUSD",
    asset: "EUR",
    currency: "USD",
    unit: "unit",
    price: "1.0835",
    quotedAt: new Date(),
    isStale: false,
  },
]);

const logger = createLogger({ service: "bench", level: "warn", format: "console" });
const folder = makeThrowawayFolder();
const server = await startPostgres({ dataDir: join(folder, "postgres") });
const broker = await startRabbitmq({ dataDir: join(folder, "rabbitmq") });
try {
  const { ownerUrl, workerUrl } = await ensureRoles(server.adminUrl, generateRolePasswords());
  await migrateToLatest(ownerUrl);
  const db = await connectDatabase({ url: workerUrl, poolMax: IN_FLIGHT, name: "bench", logger });
  const rabbit = await connectBelt({ url: broker.url, name: "bench", logger });
  // The first round warms up caches and compilers; it is not counted.
  for (let round = 0; round <= ROUNDS; round++) await measure(db, rabbit, round);
  await rabbit.close();
  await db.destroy();
} finally {
  await broker.kill();
  await server.stop();
  rmSync(folder, { recursive: true });
}
printTable();

async function measure(db: Database, rabbit: Belt, round: number): Promise<void> {
  const note = (name: string, cost: Cost) => {
    if (round > 0) costs.set(name, [...(costs.get(name) ?? []), cost]);
  };
  const bareTimes = range(2_000);
  note("SELECT 1", await costOf(2_000, () => inFlight(bareTimes, () => isDatabaseAnswering(db))));

  for (const hostCount of [64, 1]) {
    const at = hostCount === 1 ? "1 host" : `${hostCount} hosts`;
    const hosts = range(hostCount).map((host) => `h${host}.of-${hostCount}.example`);
    note(`insert, 1 collector, ${at}`, await costOf(TARGETS, () => collect(db, hosts, 1)));
    const due: DueTarget[] = [];
    note(`take onto the belt, ${at}`, await costOf(TARGETS, () => takeAll(db, due)));
    for (const [name, cost] of await claimAndFinish(db, due)) note(`${name}, ${at}`, cost);
    note(`fold both moves, ${at}`, await costOf(TARGETS, () => foldAll(db)));

    note(`insert, 4 collectors, ${at}`, await costOf(TARGETS, () => collect(db, hosts, 4)));
    note(`take and publish, ${at}`, await costOf(TARGETS, () => publishAll(db, rabbit)));
    const bothAtOnce = () => Promise.all([collect(db, hosts, 4), publishAll(db, rabbit)]);
    note(`insert 4x and publish, ${at}`, await costOf(TARGETS, bothAtOnce));
    await settle(db);
  }
}

/** Stores search pages of listings never seen before, shared out between collectors that work at the same time. */
async function collect(db: Database, hosts: readonly string[], collectors: number): Promise<void> {
  await ensureHosts(
    db,
    hosts.map((host) => ({ host, source: "sample", minDelayMs: 0, maxInFlight: 1_000_000 })),
  );
  const pages = TARGETS / CARDS_A_PAGE / collectors;
  await Promise.all(
    range(collectors).map(async () => {
      const order = { source: "sample", term: freshName(), url: null, maxPages: 0, enrichLimit: 0 };
      const run = await startRun(db, order);
      for (let pageNumber = 1; pageNumber <= pages; pageNumber++) {
        const cards = range(CARDS_A_PAGE).map((card) => {
          const item = anItem(freshName());
          return { item, host: hosts[card % hosts.length] ?? "", digest: item.external_id };
        });
        await storeSearchPage(db, {
          runId: run.id,
          searchId: run.searchId,
          source: "sample",
          queue: "listing_enrichment",
          pageNumber,
          totalResults: TARGETS,
          cards,
          enrichLimit: 0,
          enrichMaxAgeHours: 24,
        });
      }
    }),
  );
}

async function takeAll(db: Database, due: DueTarget[]): Promise<void> {
  while (due.length < TARGETS) due.push(...(await takeDueTargets(db, BATCH, belt)));
}

async function publishAll(db: Database, rabbit: Belt): Promise<void> {
  const book = { takeDue: (limit: number) => takeDueTargets(db, limit, belt) };
  for (let published = 0; published < TARGETS; ) {
    const now = await publishDueTargets({ belt: rabbit, book, limit: BATCH, logger });
    if (now.published === 0) await sleep(20);
    published += now.published;
  }
}

async function claimAndFinish(db: Database, due: readonly DueTarget[]): Promise<[string, Cost][]> {
  const claiming: Cost[] = [];
  const finishing: Record<"bare" | "rated", Cost[]> = { bare: [], rated: [] };
  for (let start = 0; start < TARGETS; start += CHUNK) {
    const chunk = due.slice(start, start + CHUNK);
    const claims: Claim[] = [];
    const claimAll = () =>
      inFlight(chunk, async (target) => {
        claims.push(await claimed(db, target));
      });
    claiming.push(await costOf(CHUNK, claimAll));
    // In turn, so that whatever else the machine does meets both.
    for (const [how, half] of [
      ["bare", claims.slice(0, CHUNK / 2)],
      ["rated", claims.slice(CHUNK / 2)],
    ] as const) {
      const finishAll = () =>
        inFlight(half, async (claim) => finish(db, claim, how === "rated" ? await rates.of("EUR") : null));
      finishing[how].push(await costOf(half.length, finishAll));
    }
  }
  return [
    ["claim", meanOf(claiming)],
    ["finish", meanOf(finishing.bare)],
    ["finish with a base value", meanOf(finishing.rated)],
  ];
}

async function claimed(db: Database, { targetId, publishId }: DueTarget): Promise<Claim> {
  const answer = await claimTarget(db, {
    targetId,
    publishId,
    worker: "bench",
    leaseSeconds: 180,
    longestWaitMs: 2_000,
    slotsAhead: null,
    floorMs: 0,
    pastDeadline: false,
    movedByHand: false,
  });
  if (answer.outcome !== "claimed") throw new Error(`not claimed but ${JSON.stringify(answer)}`);
  return answer;
}

async function finish(db: Database, claim: Claim, baseRate: BaseRate | null): Promise<void> {
  const item = { ...anItem(claim.externalId), condition: "Used", shipping: "4.99" };
  const file = { sha256: claim.externalId, path: `ab/${claim.externalId}.html.gz`, sizeBytes: 20_000 };
  const finished = await finishListing(db, {
    claim,
    item,
    details: null,
    snapshot: {
      ...file,
      url: claim.url,
      source: claim.source,
      targetId: claim.targetId,
      fetchedBy: "http",
      pageState: "ok",
      fetchedAt: new Date(),
    },
    learnedMode: "http",
    baseRate,
  });
  if (finished !== "now") throw new Error(`not finished but ${finished}`);
}

async function foldAll(db: Database): Promise<void> {
  while ((await foldTargetMoves(db, BATCH)) === BATCH);
}

/** Ends what was only published, so that the next round begins with a short belt. */
async function settle(db: Database): Promise<void> {
  await db.updateTable("targets").set({ state: "cancelled" }).where("state", "=", "queued").execute();
  await db.updateTable("runs").set({ state: "completed" }).execute();
}

async function inFlight<T>(things: readonly T[], work: (thing: T) => Promise<unknown>): Promise<void> {
  const waiting = things.values();
  await Promise.all(
    range(IN_FLIGHT).map(async () => {
      for (const thing of waiting) await work(thing);
    }),
  );
}

async function costOf(count: number, work: () => Promise<unknown>): Promise<Cost> {
  const [postgres, node, start] = [postgresSeconds(), process.cpuUsage(), performance.now()];
  await work();
  const seconds = (performance.now() - start) / 1_000;
  const { user, system } = process.cpuUsage(node);
  return {
    perSecond: count / seconds,
    postgresUs: ((postgresSeconds() - postgres) * 1_000_000) / count,
    nodeUs: (user + system) / count,
  };
}

/** Processor time of the server and all its backends so far, by proc(5): fields 14 to 17, in ticks of 10 ms. */
function postgresSeconds(): number {
  let ticks = 0;
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    const fields = statOf(pid);
    if (fields === null || (Number(pid) !== server.pid && Number(fields[1]) !== server.pid)) continue;
    ticks += Number(fields[11]) + Number(fields[12]);
    if (Number(pid) === server.pid) ticks += Number(fields[13]) + Number(fields[14]);
  }
  return ticks / 100;
}

/** What stands behind the command's name; null if the process has ended since. */
function statOf(pid: string): string[] | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return null;
  }
}

/** Of parts of the same size: their rates as one after the other, their costs in the middle. */
function meanOf(parts: readonly Cost[]): Cost {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    perSecond: 1 / mean(parts.map((part) => 1 / part.perSecond)),
    postgresUs: mean(parts.map((part) => part.postgresUs)),
    nodeUs: mean(parts.map((part) => part.nodeUs)),
  };
}

function printTable(): void {
  const columns = ["a second", "PostgreSQL us", "Node us", "2 idle cores"];
  console.log(`${"mean of three rounds".padEnd(32)}${columns.map((column) => column.padStart(15)).join("")}`);
  for (const [name, rounds] of costs) {
    const { perSecond, postgresUs, nodeUs } = meanOf(rounds);
    // This process is one thread, PostgreSQL's backends share what is left.
    const onIdleCores = 1_000_000 / Math.max(nodeUs, (nodeUs + postgresUs) / 2);
    const numbers = [perSecond, postgresUs, nodeUs, onIdleCores].map((number) =>
      Math.round(number).toLocaleString("en").padStart(15),
    );
    console.log(`${name.padEnd(32)}${numbers.join("")}`);
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function freshName(): string {
  return crypto.randomUUID();
}

function anItem(externalId: string): Item {
  return {
    external_id: externalId,
    url: `https://shop.example/listing/${externalId}?a-usual=length&of-an=address`,
    title: "Lenovo ThinkPad X1 Carbon Gen 9 14 inch i7 16 GB 512 GB SSD",
    amount: "419.99",
    amount_max: null,
    buy_it_now: null,
    currency: "EUR",
    shipping: null,
    condition: null,
    availability: null,
    bids: null,
    ended: false,
    match: "exact",
    methods: { adapter: "419.99" },
    disagreed: [],
    confidence: 0.97,
    list_price: null,
    best_offer: false,
    seller: "a-shop",
    image_url: "https://shop.example/image.jpg",
  };
}
