/**
 * Live quotes: ticks a second through frames, JSON and all intervals on one core; memory of 10,000 subscriptions; and with
 * storage on, the time from a tick's sending to its NOTIFY, and processor time a tick: node bench/market.ts [seconds]
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { barIntervals } from "@pricefleet/contracts";
import { createMessageReader, writeMessage } from "@pricefleet/feeds";
import { Client } from "pg";
import { mergeQuote, unknownQuote } from "../packages/feeds/tradingview/merge-quote.ts";
import { createStream, type Stream } from "../services/streamer/stream.ts";
import { startMarketFeed } from "../test/market-feed/index.ts";
import { startStreamers } from "../test/market-feed/streamers.ts";

const seconds = Number(process.argv[2] ?? 10);
const TICKS = 400_000;
const MESSAGES_A_FRAME = 20;
const SUBSCRIPTIONS = 10_000;
const TICKS_A_SECOND = 1_000;
const INSTRUMENTS = 100;
const startMs = Date.now() - 3_600_000;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;
const named = (index: number) => `TEST:S${index}`;

readTicks();
holdSubscriptions();
await streamWithStorage();

function following(count: number): Stream {
  const stream = createStream();
  for (let index = 0; index < count; index++) {
    const instrument = { id: String(index), name: named(index), validMin: null, validMax: null };
    stream.follow({ ...instrument, tradingHours: "always" }, [], startMs);
  }
  return stream;
}

/** An hour's ticks of a hundred instruments, as they come out of the socket. */
function readTicks(): void {
  const frames: string[] = [];
  for (let at = 0; at < TICKS; at += MESSAGES_A_FRAME) {
    let text = "";
    for (let n = at; n < at + MESSAGES_A_FRAME; n++) {
      const values = {
        lp: 4_000 + ((n * 37) % 991) / 100,
        lp_time: startMs / 1_000 + (n / TICKS) * 3_600,
        volume: n / 100,
      };
      text += writeMessage("qsd", ["qs_bench", { n: named(n % INSTRUMENTS), s: "ok", v: values }]);
    }
    frames.push(text);
  }
  for (let round = 0; round < 3; round++) {
    const stream = following(INSTRUMENTS);
    const known = new Map(Array.from({ length: INSTRUMENTS }, (_, index) => [named(index), unknownQuote()]));
    const reader = createMessageReader();
    let bars = 0;
    const cpu = process.cpuUsage();
    const started = performance.now();
    for (const frame of frames) {
      for (const { parameters } of reader.read(frame, () => undefined)) {
        const { n, v } = parameters[1] as { n: string; v: Record<string, unknown> };
        const quote = known.get(n);
        const tick = quote === undefined ? null : mergeQuote(quote, v, n, Date.now());
        if (tick !== null) stream.take(tick, "bench");
      }
    }
    const wallSeconds = (performance.now() - started) / 1_000;
    const { user, system } = process.cpuUsage(cpu);
    bars += stream.takeChanges(true).bars.length;
    report("ticks through frames, JSON and seven intervals", {
      ticks_a_second: Math.round(TICKS / wallSeconds),
      processor_us_a_tick: Number(((user + system) / TICKS).toFixed(2)),
      bars,
    });
  }
}

function holdSubscriptions(): void {
  collectGarbage();
  const before = process.memoryUsage();
  const stream = following(SUBSCRIPTIONS);
  const tick = {
    isTrade: true,
    isSnapshot: false,
    bid: null,
    ask: null,
    dayVolume: 1,
    atMs: startMs,
    receivedAtMs: startMs,
  };
  for (let index = 0; index < SUBSCRIPTIONS; index++)
    stream.take({ ...tick, instrument: named(index), price: index + 0.5 }, "bench");
  stream.takeChanges(true);
  collectGarbage();
  const after = process.memoryUsage();
  report("memory of subscriptions with their bars", {
    subscriptions: SUBSCRIPTIONS,
    intervals: barIntervals.length,
    mb: Number(
      ((after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers) / 1e6).toFixed(1),
    ),
  });
  stream.completeUntil(0);
}

async function streamWithStorage(): Promise<void> {
  await using closers = new AsyncDisposableStack();
  const feed = await startMarketFeed();
  closers.defer(() => feed.close());
  const names = Array.from({ length: INSTRUMENTS }, (_, index) => named(index));
  feed.know(...names);
  const streamers = await startStreamers({ feedUrl: feed.url, intervals: barIntervals });
  closers.defer(() => streamers.close());
  await streamers.subscribe(...names);
  const { rows } = await streamers.book.query<{ id: string; symbol: string }>(
    "SELECT id, symbol FROM instruments",
  );
  const nameOf = new Map(rows.map(({ id, symbol }) => [id, `TEST:${symbol}`]));
  /** When the oldest tick was sent that nobody has been told of. */
  const untold = new Map<string, number>();
  const latencies: number[] = [];
  let notifications = 0;
  const listener = new Client({ connectionString: String(streamers.book.options.connectionString) });
  await listener.connect();
  closers.defer(() => listener.end());
  await listener.query("LISTEN quotes_changed");
  listener.on("notification", ({ payload = "" }) => {
    notifications++;
    for (const id of payload === "*" ? nameOf.keys() : payload.split(",")) {
      const sentAt = untold.get(nameOf.get(id) ?? "");
      if (sentAt === undefined) continue;
      latencies.push(performance.now() - sentAt);
      untold.delete(nameOf.get(id) ?? "");
    }
  });
  const streamer = streamers.start();
  while (feed.subscribers(named(INSTRUMENTS - 1)) === 0) await sleep(50);

  const cpuBefore = processorMsOf(streamer.pid);
  const started = performance.now();
  let sent = 0;
  while (performance.now() - started < seconds * 1_000) {
    const due = Math.floor(((performance.now() - started) / 1_000) * TICKS_A_SECOND);
    for (; sent < due; sent++) {
      const instrument = named(sent % INSTRUMENTS);
      if (!untold.has(instrument)) untold.set(instrument, performance.now());
      feed.tell({ instrument, price: 100 + ((sent * 37) % 991) / 100, dayVolume: sent, atMs: Date.now() });
    }
    await sleep(1);
  }
  const cpuMs = processorMsOf(streamer.pid) - cpuBefore;
  const sorted = latencies.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(sorted.length * share)] ?? 0);
  report("with storage on", {
    ticks_a_second: Math.round((sent / (performance.now() - started)) * 1_000),
    processor_ms_a_tick: Number((cpuMs / sent).toFixed(3)),
    socket_to_notify_ms: { median: at(0.5), p95: at(0.95), p99: at(0.99) },
    notifications_a_second: Number((notifications / seconds).toFixed(1)),
  });
}

/** User and system time; the kernel counts hundredths of a second. */
function processorMsOf(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function report(what: string, measured: object): void {
  console.log(JSON.stringify({ what, ...measured }));
}
