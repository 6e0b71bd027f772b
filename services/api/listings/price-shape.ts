import { amount, currency, priceVote } from "@pricefleet/contracts";
import { z } from "zod";
import { amountOrNull, decimal, id, timestamp } from "../fields.ts";

export const missing = z
  .enum(["no-rate", "stale-rate"])
  .nullable()
  .describe("no-rate: no quotes lead to the base currency; stale-rate: those that do are too old");

export const confidence = z.number().min(0).max(1).nullable();

const votes = {
  methods: z.record(z.string(), amount).describe("What each way of reading the page said"),
  disagreed: z.array(priceVote).describe("Those of them that said another price"),
  confidence: confidence.describe("How far its methods agree, 0 to 1; null: not known"),
};

const snapshot = z
  .strictObject({
    id,
    sha256: z.string(),
    url: z.string().describe("Where the page was"),
    page_url: z.string().nullable().describe("Where it is kept; null: it was pruned"),
  })
  .nullable()
  .describe("The kept page that is the evidence; null: it was read from a search's card");

export const pendingPrice = z
  .strictObject({
    amount,
    currency,
    reason: z.string().describe("Why it is not believed yet, in words"),
    observed_at: timestamp,
    read_from: z.enum(["card", "page"]),
    ...votes,
    snapshot,
  })
  .meta({ id: "PendingPrice" });

export const price = z
  .strictObject({
    id,
    listing_id: id,
    amount,
    amount_max: amountOrNull,
    buy_it_now: amountOrNull,
    currency,
    shipping: amountOrNull,
    observed_at: timestamp.describe("When this price was seen first"),
    confirmed_at: timestamp.describe("When it was seen last"),
    confirmations: z.int().describe("How often it was seen again since"),
    read_from: z.enum(["card", "page"]).describe("The search page's card, or the listing's own page"),
    corrected_at: timestamp
      .nullable()
      .describe("When its page, read again, said another price, which stands beside it; null: it holds"),
    base: z
      .strictObject({
        currency,
        amount: decimal.nullable(),
        rate: decimal.nullable(),
        quote_ids: z.array(id).describe("The quotes the rate rests on"),
        quoted_at: timestamp
          .nullable()
          .describe("Of the oldest quote; null: the price is in the base currency"),
        age_seconds: z.number().nullable().describe("Of that quote, when the price was seen"),
        missing: missing.describe("Why there is no amount"),
      })
      .nullable()
      .describe("What it was worth in the base currency when it was seen; null: it was not valued"),
    ...votes,
    quarantine: z
      .strictObject({
        state: z.enum(["quarantined", "confirmed", "refuted"]),
        reason: z.string().describe("Why it was not believed at once, in words"),
        ended_at: timestamp.nullable().describe("When a second look confirmed or refuted it"),
      })
      .nullable()
      .describe("null: it was never doubted"),
    snapshot,
  })
  .meta({ id: "Price" });
