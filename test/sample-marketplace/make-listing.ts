import type { Availability } from "@pricefleet/contracts";
import { type Dice, hashOf, rollDice, shareOf } from "./chance.ts";
import { type Currency, currencies } from "./money.ts";
import { type Category, categoryOf, conditions, locations, remarks, sellers } from "./vocabulary.ts";

export interface CatalogueOptions {
  seed: number;
  /** Exact results of each search. */
  listings: number;
  /** "mixed": each listing has one of the three. */
  currency: Currency | "mixed";
  /** How often prices may move, by the server's clock. */
  priceStepSeconds: number;
}

/** The truth about one thing for sale at one moment. Money is in cents of its currency. */
export interface Listing {
  id: string;
  title: string;
  condition: string;
  currency: Currency;
  cents: number;
  /** Upper end of a price range; null where there is one price. */
  maxCents: number | null;
  listCents: number | null;
  /** Null where the thing is not auctioned. */
  bids: number | null;
  buyItNowCents: number | null;
  bestOffer: boolean;
  /** 0 is free; null is not said. */
  shippingCents: number | null;
  availability: Availability;
  endsAt: Date | null;
  seller: { name: string; feedbackCount: number; feedbackPercent: number | null };
  location: string;
  description: string;
  pictures: number;
  specifics: Record<string, string>;
}

const AUCTION_MS = 7 * 86_400_000;
/** Listings that are over have been so since before this moment. */
const ENDED_BEFORE = Date.UTC(2026, 0, 1);

/** The listing of that id at the moment; the words of the slug are in its title. */
export function makeListing(id: string, slug: string, options: CatalogueOptions, now: Date): Listing {
  const dice = rollDice(options.seed, id);
  const category = categoryOf(slug);
  const traits = Object.entries(category.traits).map(
    ([label, values]) => [label, dice.pick(values)] as const,
  );
  const condition = dice.pick(conditions);
  const currency = options.currency === "mixed" ? dice.pick(currencies) : options.currency;
  const availability = rollAvailability(dice);
  const over = availability === "sold" || availability === "ended";
  const words = slug.split("-").map((word) => word.replace(/^\p{L}/u, (first) => first.toUpperCase()));
  const common = {
    id,
    title: [...words, ...traits.map(([, value]) => value)].join(" "),
    condition,
    currency,
    shippingCents: rollShipping(dice),
    availability,
    seller: rollSeller(dice),
    location: dice.pick(locations),
    description: `${words.join(" ")}, ${condition.toLowerCase()}. ${dice.pick(remarks)}`,
    pictures: dice.between(1, 5),
    specifics: { Brand: words[0] ?? "", Condition: condition, ...Object.fromEntries(traits) },
  };
  const endedAt = over ? new Date(ENDED_BEFORE - dice.between(1, 30 * 86_400) * 1000) : null;
  const usualCents = rollUsualPrice(dice, category);

  if (dice.chance(0.18)) {
    const bidding = auction(dice, id, usualCents, options.seed, endedAt ?? now);
    return { ...common, ...bidding, endsAt: endedAt ?? bidding.endsAt };
  }
  const moved = over ? 1 : priceMove(id, options, now);
  const cents = Math.round(usualCents * moved);
  const isRange = dice.chance(0.1);
  return {
    ...common,
    cents,
    maxCents: isRange ? Math.round(cents * 1.35) : null,
    listCents: !isRange && dice.chance(0.2) ? Math.round(usualCents * 1.25) : null,
    bids: null,
    buyItNowCents: null,
    bestOffer: !isRange && dice.chance(0.25),
    endsAt: endedAt,
  };
}

function rollAvailability(dice: Dice): Availability {
  const roll = dice.between(1, 100);
  if (roll <= 3) return "sold";
  if (roll <= 5) return "ended";
  if (roll <= 7) return "out-of-stock";
  return "in-stock";
}

function rollShipping(dice: Dice): number | null {
  const roll = dice.between(1, 100);
  if (roll <= 35) return 0;
  if (roll <= 80) return dice.between(2, 24) * 100 + dice.pick([0, 49, 90, 99]);
  return null;
}

function rollSeller(dice: Dice): Listing["seller"] {
  const name = dice.pick(sellers);
  if (dice.chance(0.08)) return { name, feedbackCount: 0, feedbackPercent: null };
  return { name, feedbackCount: dice.between(3, 48_000), feedbackPercent: dice.between(920, 1000) / 10 };
}

/** Spread evenly over the orders of magnitude, as prices are, and ending as shops let them end. */
function rollUsualPrice(dice: Dice, category: Category): number {
  const [least, most] = category.priceRange;
  const whole = Math.round(least * (most / least) ** (dice.between(0, 1000) / 1000));
  return whole * 100 + dice.pick([0, 50, 90, 95, 99]);
}

/**
 * A factor around 1 that stays for a number of steps that is the listing's own, then jumps: at each step about
 * one listing in six has another price, and three in ten never move.
 */
function priceMove(id: string, options: CatalogueOptions, now: Date): number {
  const dice = rollDice(options.seed, "move", id);
  if (dice.chance(0.3)) return 1;
  const periodSteps = dice.pick([2, 3, 5, 8, 13]);
  const step = Math.floor(now.getTime() / (options.priceStepSeconds * 1000));
  const epoch = Math.floor((step + dice.between(0, 100)) / periodSteps);
  return 0.92 + 0.16 * shareOf(options.seed, "epoch", id, epoch);
}

/** Each auction lasts a week by the server's clock and then starts anew; its bids rise evenly. */
function auction(dice: Dice, id: string, usualCents: number, seed: number, now: Date) {
  const offsetMs = hashOf(seed, "auction", id) % AUCTION_MS;
  const elapsedMs = (((now.getTime() - offsetMs) % AUCTION_MS) + AUCTION_MS) % AUCTION_MS;
  const bids = Math.floor(dice.between(0, 40) * (elapsedMs / AUCTION_MS));
  const startCents = Math.round(usualCents * 0.4);
  const stepCents = Math.max(1, Math.round(usualCents * 0.015));
  return {
    cents: startCents + bids * stepCents,
    maxCents: null,
    listCents: null,
    bids,
    buyItNowCents: dice.chance(0.4) ? Math.round(usualCents * 1.4) : null,
    bestOffer: false,
    endsAt: new Date(now.getTime() - elapsedMs + AUCTION_MS),
  };
}
