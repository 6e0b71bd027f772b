import { type BarInterval, barLengthMs } from "@pricefleet/contracts";
import { hashOf } from "../sample-marketplace/chance.ts";

/** One trade, as the synthetic feed tells it. */
export interface FeedTick {
  /** EXCHANGE:SYMBOL */
  instrument: string;
  price: number;
  /** Traded since UTC's day began, this trade included. */
  dayVolume: number;
  atMs: number;
}

export interface MarketBar {
  openedAtMs: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

/**
 * A market whose trades follow from the time alone: whoever asks for the bars of last week gets those that its ticks made
 * then, in whatever process. Each minute has as many trades, the first at its opening price, the last at the next one's,
 * one the highest and one the lowest; so a minute's bar needs no trades, and longer ones are put together of minutes.
 */
export interface SyntheticMarket {
  instrument: string;
  /** In time's order, from `fromMs` up to `toMs`. */
  ticks(fromMs: number, toMs: number): Generator<FeedTick>;
  /** Null: nothing has been traded in it up to `nowMs`. */
  bar(interval: BarInterval, openedAtMs: number, nowMs: number): MarketBar | null;
}

interface MarketOptions {
  seed: number;
  instrument: string;
  firstPrice: number;
  /** At least four. */
  ticksAMinute: number;
}

/** Before it nothing was traded. */
const BEGAN_MS = Date.parse("2024-01-01T00:00:00Z");
const MINUTE_MS = 60_000;
const DAY_MINUTES = 1_440;
/** How far the price swings about its first one, as a share of it, and in how many minutes. */
const swings = [
  { minutes: 43_200, share: 0.06 },
  { minutes: DAY_MINUTES, share: 0.008 },
  { minutes: 60, share: 0.0015 },
  { minutes: 7, share: 0.0003 },
];
const MOST_SPREAD = 0.0002;
/** Of a price, in units of its last decimal. */
const DIGITS = 6;
const VOLUME_HUNDREDTHS = 300;

export function syntheticMarket({
  seed,
  instrument,
  firstPrice,
  ticksAMinute: count,
}: MarketOptions): SyntheticMarket {
  const key = hashOf(seed, instrument);
  // Prices are whole numbers inside, so that what is compared is exact.
  const scale = 10 ** Math.max(0, DIGITS - Math.ceil(Math.log10(firstPrice)));
  const base = firstPrice * scale;
  const slotMs = MINUTE_MS / count;

  return {
    instrument,
    *ticks(fromMs, toMs) {
      for (let minute = Math.floor(Math.max(fromMs, BEGAN_MS) / MINUTE_MS); ; minute++) {
        const prices = pricesOf(minute);
        for (let slot = 0; slot < count; slot++) {
          const atMs = timeOf(minute, slot);
          if (atMs >= toMs) return;
          if (atMs < fromMs) continue;
          const price = (prices[slot] as number) / scale;
          yield { instrument, price, dayVolume: dayVolume(minute, slot) / 100, atMs };
        }
      }
    },
    bar(interval, openedAtMs, nowMs) {
      const first = Math.max(openedAtMs, BEGAN_MS) / MINUTE_MS;
      const end = (openedAtMs + barLengthMs(interval)) / MINUTE_MS;
      const now = Math.floor(nowMs / MINUTE_MS);
      let bar: MarketBar | null = null;
      for (let minute = first; minute < end && minute <= now; minute++) {
        const next = minute < now ? wholeMinute(minute) : startedMinute(minute, nowMs);
        if (next !== null) bar = joined(bar, next);
      }
      if (bar === null) return null;
      const { open, high, low, close, volume } = bar;
      return {
        openedAtMs,
        open: open / scale,
        high: high / scale,
        low: low / scale,
        close: close / scale,
        volume: volume / 100,
      };
    },
  };

  function wholeMinute(minute: number): MarketBar {
    const { open, high, low, close } = rangeOf(minute);
    const volume = dayVolume(minute, count - 1) - dayVolume(minute, -1);
    return { openedAtMs: minute * MINUTE_MS, open, high, low, close, volume };
  }

  function startedMinute(minute: number, nowMs: number): MarketBar | null {
    const prices = pricesOf(minute).filter((_, slot) => timeOf(minute, slot) < nowMs);
    const [open] = prices;
    if (open === undefined) return null;
    return {
      openedAtMs: minute * MINUTE_MS,
      open,
      high: Math.max(...prices),
      low: Math.min(...prices),
      close: prices.at(-1) ?? open,
      volume: dayVolume(minute, prices.length - 1) - dayVolume(minute, -1),
    };
  }

  function pricesOf(minute: number): number[] {
    const { open, high, low, close } = rangeOf(minute);
    const highest = 1 + (mixed(minute, 11) % (count - 2));
    const lowest = 1 + ((highest + (mixed(minute, 12) % (count - 3))) % (count - 2));
    return Array.from({ length: count }, (_, slot) => {
      if (slot === 0) return open;
      if (slot === count - 1) return close;
      if (slot === highest) return high;
      if (slot === lowest) return low;
      return low + (mixed(minute * count + slot, 13) % (high - low + 1));
    });
  }

  function rangeOf(minute: number) {
    const [open, close] = [levelAt(minute), levelAt(minute + 1)];
    const spread = Math.max(2, Math.round(base * MOST_SPREAD));
    return {
      open,
      close,
      high: Math.max(open, close) + (mixed(minute, 14) % spread),
      low: Math.min(open, close) - (mixed(minute, 15) % spread),
    };
  }

  /** The price when a minute begins: several waves of chance on top of each other. */
  function levelAt(minute: number): number {
    let share = 1;
    for (let wave = 0; wave < swings.length; wave++) {
      const swing = swings[wave] as (typeof swings)[number];
      const from = Math.floor(minute / swing.minutes);
      const part = minute / swing.minutes - from;
      const [a, b] = [mixed(from, wave) / 2 ** 31 - 1, mixed(from + 1, wave) / 2 ** 31 - 1];
      share += swing.share * (a + (b - a) * part * part * (3 - 2 * part));
    }
    return Math.round(base * share);
  }

  function timeOf(minute: number, slot: number): number {
    return (
      minute * MINUTE_MS + Math.floor(slot * slotMs) + (mixed(minute * count + slot, 16) % Math.floor(slotMs))
    );
  }

  /** In hundredths, ever more from trade to trade; of slot -1, what was traded before the minute. */
  function dayVolume(minute: number, slot: number): number {
    const inDay = (minute % DAY_MINUTES) * count + slot + 1;
    return inDay === 0
      ? 0
      : inDay * VOLUME_HUNDREDTHS - (mixed(minute * count + slot, 17) % VOLUME_HUNDREDTHS);
  }

  /** 32 bits out of a whole number; murmur3's mix, for `hashOf` would take most of the time of a year's bars. */
  function mixed(value: number, what: number): number {
    let hash = key ^ Math.imul(value, 0x9e3779b1) ^ Math.imul(what + 1, 0x85ebca77);
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) >>> 0;
  }
}

function joined(bar: MarketBar | null, next: MarketBar): MarketBar {
  if (bar === null) return { ...next };
  bar.high = Math.max(bar.high, next.high);
  bar.low = Math.min(bar.low, next.low);
  bar.close = next.close;
  bar.volume += next.volume;
  return bar;
}
