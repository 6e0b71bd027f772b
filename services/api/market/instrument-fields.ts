import { amount, parseTradingHours } from "@pricefleet/contracts";
import { compareAmounts, isCurrencyCode } from "@pricefleet/pricing";
import { whatIsWrongWithSelector } from "@pricefleet/sources";
import { z } from "zod";
import { decimal, id, numberInBody, text, timestamp } from "../fields.ts";
import { unit } from "./quote-view.ts";

/** The two parts of the name that contracts call `instrumentName`. */
export const exchange = z
  .string({ error: "an exchange such as TVC" })
  .regex(/^[A-Z0-9_]{1,20}$/, { error: "an exchange such as TVC" });
export const symbol = z
  .string({ error: "a symbol such as GOLD" })
  .regex(/^[A-Z0-9_.!&/-]{1,40}$/, { error: "a symbol such as GOLD" });

const webAddress = "an address such as https://www.example.com/gold";
const currencyWords = "an ISO 4217 currency such as EUR";
const yesOrNo = z.boolean({ error: "true or false" });

/** What a person says of an instrument. */
const changeable = {
  name: text(200).describe("For people"),
  asset: z
    .string({ error: "a word such as gold, or a currency such as USD" })
    .regex(/^([A-Z]{3}|[A-Za-z0-9][A-Za-z0-9-]{0,39})$/, {
      error: "a word such as gold, or a currency such as USD",
    })
    .describe("What is priced: gold, or a currency (USD in USDIDR)"),
  currency: z
    .string({ error: currencyWords })
    .refine(isCurrencyCode, { error: currencyWords })
    .describe("What it is priced in (IDR in USDIDR)"),
  unit: unit.describe("What the price is per; of a currency pair, unit"),
  page_url: z
    .url({ protocol: /^https?$/, error: webAddress })
    .max(2_000, { error: webAddress })
    .nullable()
    .describe("The page that its quote is read from; null: none is"),
  page_selector: text(500)
    .superRefine((selector, context) => {
      const wrong = whatIsWrongWithSelector(selector);
      if (wrong !== null) context.addIssue(`a CSS selector such as td.usd-sell (${wrong})`);
    })
    .nullable()
    .describe("A CSS selector of the element with the price; null: as TradingView's pages have it"),
  refresh_seconds: numberInBody(1, 86_400).describe("The page is read again so long after a success"),
  valid_min: amount.nullable().describe("A lower value is rejected"),
  valid_max: amount.nullable().describe("A higher value is rejected"),
  trading_hours: z
    .string({ error: "always, forex, or such as Mon-Fri 09:30-16:00 America/New_York" })
    .max(500)
    .refine(areTradingHours, {
      error: "always, forex, or such as Mon-Fri 09:30-16:00 America/New_York; several split by ;",
    }),
  enabled: yesOrNo.describe("false: neither read nor served"),
};

const { page_url, page_selector, refresh_seconds, valid_min, valid_max, trading_hours, enabled } = changeable;

const range = z.object({ valid_min: amount.nullish(), valid_max: amount.nullish() });
/** Looked at whatever else is wrong. */
const rangeFault = {
  error: "more than valid_min",
  path: ["valid_max"],
  when: ({ value }: { value: unknown }) => range.safeParse(value).success,
};

export const newInstrument = z
  .strictObject({
    exchange,
    symbol,
    ...changeable,
    page_url: page_url.optional(),
    page_selector: page_selector.optional(),
    refresh_seconds: refresh_seconds.optional().describe("5 if not given"),
    valid_min: valid_min.optional(),
    valid_max: valid_max.optional(),
    trading_hours: trading_hours.optional().describe("always if not given"),
    enabled: enabled.optional().describe("true if not given"),
  })
  .refine(hasInside, rangeFault);

export const instrumentChange = z.strictObject(changeable).partial().refine(hasInside, rangeFault);

export const instrument = z
  .strictObject({
    id,
    exchange: z.string(),
    symbol: z.string(),
    name: z.string(),
    asset: z.string(),
    currency: z.string(),
    unit,
    page_url: z.string().nullable(),
    page_selector: z.string().nullable(),
    refresh_seconds: z.int(),
    valid_min: decimal.nullable(),
    valid_max: decimal.nullable(),
    trading_hours: z.string(),
    enabled: z.boolean(),
    created_at: timestamp,
    feeds: z.array(z.string()).describe("Who streams it; see POST /quotes/subscribe"),
    rejections: z.int().describe("Values that were no price, or out of the valid range"),
    last_rejection: z.strictObject({ text: z.string(), reason: z.string(), at: timestamp }).nullable(),
  })
  .meta({ id: "Instrument" });

function hasInside({ valid_min: least, valid_max: most }: z.infer<typeof range>): boolean {
  return least == null || most == null || compareAmounts(least, most) < 0;
}

function areTradingHours(words: string): boolean {
  try {
    parseTradingHours(words);
    return true;
  } catch {
    // Its way to say so; the words of what would be right are the field's.
    return false;
  }
}
