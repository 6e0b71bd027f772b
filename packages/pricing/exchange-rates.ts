import type { Measure } from "@pricefleet/contracts";
import { Big } from "big.js";
import { measuresIn } from "./measures.ts";

/** A quote as it is needed to convert: one `unit` of `asset` costs `price` of `currency`. */
export interface QuotedPrice {
  /** Of the quote, for who wants to know what a conversion rests on. */
  id: string;
  /** EXCHANGE:SYMBOL */
  instrument: string;
  /** A currency (USD in USDIDR), or a good such as gold. */
  asset: string;
  currency: string;
  unit: Measure;
  /** Decimal, above 0. */
  price: string;
  quotedAt: Date;
}

/** A rate from one currency to another: the quotes it went through, at most two. */
export interface ExchangeRate {
  rate: Big;
  used: QuotedPrice[];
}

/** A good's price in a currency and by a measure of the caller's choice. */
export interface ConvertedPrice {
  /** Decimal, rounded to ten digits that count. */
  price: string;
  used: QuotedPrice[];
  /** When the oldest quote that was used was quoted. */
  oldestAt: Date;
}

const DIGITS = 10;

/**
 * The rate by which an amount of `from` becomes one of `to`: by a pair that quotes them, in either direction, or by two
 * pairs that share a currency. Of several ways the shortest, then the one whose oldest quote is the youngest. Null where
 * there is none.
 */
export function exchangeRate(quotes: readonly QuotedPrice[], from: string, to: string): ExchangeRate | null {
  if (from === to) return { rate: new Big(1), used: [] };
  const steps = quotes.filter(({ unit }) => unit === "unit").flatMap(bothWays);
  const first = steps.filter((step) => step.from === from);
  const direct = first.filter((step) => step.to === to).map((step) => wayOf([step]));
  const ways =
    direct.length > 0
      ? direct
      : first.flatMap((one) =>
          steps
            .filter((two) => two.from === one.to && two.to === to && two.quote !== one.quote)
            .map((two) => wayOf([one, two])),
        );
  return ways.toSorted((a, b) => oldestOf(b.used).getTime() - oldestOf(a.used).getTime())[0] ?? null;
}

/**
 * What one `unit` of a good costs in `currency`. Null where no quote of the good can be brought there, by its measure or
 * by its currency.
 */
export function priceOf(
  quotes: readonly QuotedPrice[],
  asset: string,
  { unit, currency }: { unit: Measure; currency: string },
): ConvertedPrice | null {
  const found = quotes
    .filter((quote) => quote.asset === asset)
    .flatMap((quote) => {
      const perUnit = measuresIn(quote.unit, unit);
      const exchange = exchangeRate(quotes, quote.currency, currency);
      if (perUnit === null || exchange === null) return [];
      const used = [quote, ...exchange.used];
      const price = new Big(quote.price).div(perUnit).times(exchange.rate);
      return [{ price: decimal(price), used, oldestAt: oldestOf(used) }];
    });
  return (
    found.toSorted(
      (a, b) => a.used.length - b.used.length || b.oldestAt.getTime() - a.oldestAt.getTime(),
    )[0] ?? null
  );
}

/** What one of a currency costs in another. Null where no quotes lead there. */
export function convertedByRate(
  quotes: readonly QuotedPrice[],
  from: string,
  to: string,
): ConvertedPrice | null {
  const exchange = exchangeRate(quotes, from, to);
  // A currency in itself rests on no quote, and so on no time.
  if (exchange === null || exchange.used.length === 0) return null;
  return { price: decimal(exchange.rate), used: exchange.used, oldestAt: oldestOf(exchange.used) };
}

/** An amount in another currency, to the cent's hundredth. */
export function convertAmount(amount: string, { rate }: ExchangeRate): string {
  return new Big(amount).times(rate).round(4).toFixed();
}

interface Step {
  from: string;
  to: string;
  quote: QuotedPrice;
}

function bothWays(quote: QuotedPrice): Step[] {
  if (!(Number(quote.price) > 0)) return [];
  return [
    { from: quote.asset, to: quote.currency, quote },
    { from: quote.currency, to: quote.asset, quote },
  ];
}

/** Only of the steps of a way: there are many others, and a division takes its time. */
function rateOf({ from, quote }: Step): Big {
  return from === quote.asset ? new Big(quote.price) : new Big(1).div(quote.price);
}

function wayOf(steps: readonly Step[]): ExchangeRate {
  return {
    rate: steps.reduce((product, step) => product.times(rateOf(step)), new Big(1)),
    used: steps.map(({ quote }) => quote),
  };
}

function oldestOf(used: readonly QuotedPrice[]): Date {
  return new Date(Math.min(...used.map(({ quotedAt }) => quotedAt.getTime())));
}

function decimal(value: Big): string {
  return new Big(value.toPrecision(DIGITS)).toFixed();
}
