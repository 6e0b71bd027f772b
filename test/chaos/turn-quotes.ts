import { setTimeout as sleep } from "node:timers/promises";
import { waitFor } from "../fleet/index.ts";
import { rollDice } from "../sample-marketplace/chance.ts";
import { type QuoteStage, setQuoteStage, symbols } from "./quote-stage.ts";
import { type Outage, refreshesIn, type Start, startsOf } from "./refresh-log.ts";

const PATIENCE_MS = 120_000;
/** Blows come so long after the last one was got over. */
const CALM_SECONDS = [2, 14] as const;
/** While it is killed the instruments turn without it. */
const harmless = new Set(["worker", "Chromium"]);

/**
 * How late a refresh may begin, outages left out. A message that was lost with the broker is found within 25 s, and a
 * lease ends 15 s after its worker's last sign of life (docs/market-data.md); the rest is what a busy machine takes.
 */
const MOST_LATE_MS = 30_000;
const MOST_LATE_AFTER_LOST_MS = 20_000;
/** The book's own time between the end of a refresh and the row that tells of it. */
const MOST_EARLY_MS = 1_000;

/**
 * Quotes of six instruments for so many minutes, in which every process of the fleet and both servers are killed in an
 * order that the seed decides, each at least once.
 * @returns what was seen, in a line.
 * @throws Error when a refresh began too late or too early, or an instrument has no new quote after the last blow.
 */
export async function turnQuotes(minutes: number, seed: number): Promise<string> {
  await using closers = new AsyncDisposableStack();
  const stage = await setQuoteStage(closers);
  const { book, site, blows, killedAt, untilOneIsInHand } = stage;
  await untilAllShow("500.5", stage);

  const dice = rollDice(seed, "quotes");
  const outages: Outage[] = [];
  const until = Date.now() + minutes * 60_000;
  const names = Object.keys(blows);
  let count = 0;
  for (let waiting = [...names]; Date.now() < until || waiting.length > 0; count++) {
    if (waiting.length === 0) waiting = [...names];
    const name = waiting.splice(dice.between(0, waiting.length - 1), 1)[0] ?? "";
    if (name.includes("worker")) await untilOneIsInHand();
    const from = Date.now();
    await blows[name]?.();
    if (!harmless.has(name)) outages.push({ what: name, from, to: Date.now() });
    // Else the next outage would excuse what a killed worker's refresh waits.
    if (name.includes("worker")) await untilTakenOver(stage);
    // One page that is down again and again, so that instruments in their backoff are hit as well.
    site.show("shaky", dice.chance(0.5) ? "500.5" : null);
    await sleep(1_000 * dice.between(...CALM_SECONDS));
  }
  for (const page of Object.keys(symbols)) site.show(page, "600.5");
  await untilAllShow("600.5", stage);

  const refreshes = await refreshesIn(book);
  const starts = startsOf(refreshes, outages, killedAt);
  const byLateness = starts.toSorted((a, b) => b.lateMs - a.lateMs);
  const ended = (how: string) => refreshes.filter(({ ended }) => ended === how).length;
  const late = (share: number) =>
    ((byLateness[Math.floor((1 - share) * byLateness.length)]?.lateMs ?? 0) / 1_000).toFixed(1);
  const account =
    `${count} blows, ${refreshes.length} refreshes (${ended("failed")} failed, ${ended("lost")} lost); late, in seconds: ` +
    `median ${late(0.5)}, p99 ${late(0.99)}, most ${late(1)}`;
  const wrong = byLateness.filter(({ lateMs, earlyMs }) => lateMs > MOST_LATE_MS || earlyMs > MOST_EARLY_MS);
  if (wrong.length === 0) return account;
  const worst = wrong.slice(0, 10).map((start) => inWords(start, outages));
  throw new Error(
    `${wrong.length} refreshes began too late or too early, of ${account}\n${worst.join("\n")}`,
  );
}

/** No killed worker has a refresh in hand any more, as far as the book knows. */
async function untilTakenOver({ book, killedAt }: QuoteStage): Promise<void> {
  await waitFor("what a killed worker had in hand to be taken from it", PATIENCE_MS, async () => {
    const { rows } = await book.query(
      "SELECT FROM targets WHERE state = 'running' AND split_part(worker, '/', 2) = ANY($1)",
      [[...killedAt.keys()].map(String)],
    );
    return rows.length === 0 ? true : null;
  });
}

const isTooLate = ({ after, lateMs }: Start): boolean =>
  lateMs > (after === "lost" ? MOST_LATE_AFTER_LOST_MS : MOST_LATE_MS);

async function untilAllShow(price: string, { book }: QuoteStage): Promise<void> {
  const wanted = Object.keys(symbols).length;
  await waitFor(`${wanted} quotes at ${price}`, PATIENCE_MS, async () => {
    const { rows } = await book.query("SELECT FROM quotes WHERE price = $1", [price]);
    return rows.length === wanted ? true : null;
  });
}

function inWords(start: Start, outages: readonly Outage[]): string {
  const { instrument, after, dueAt, lateMs, earlyMs } = start;
  const before = outages.findLast(({ from }) => from < dueAt + lateMs);
  const since = before && `, ${Math.round((dueAt - before.from) / 1_000)} s after a blow on ${before.what}`;
  const when = isTooLate(start)
    ? `${(lateMs / 1_000).toFixed(1)} s late`
    : `${(earlyMs / 1_000).toFixed(1)} s early`;
  return `${instrument}, ${when}; the one before ended ${after}, and it was due${since ?? ""}`;
}
