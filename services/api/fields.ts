import { amount, currency } from "@pricefleet/contracts";
import { z } from "zod";

/** What several routes take or give, worded for the person who gets it wrong: "… should be <error>". */

/** A row's id: digits, as a string, for they outgrow a JSON number. */
export const id = z.string({ error: "an id such as 17" }).regex(/^\d{1,18}$/, { error: "an id such as 17" });

export const idParams = z.strictObject({ id });

/** PostgreSQL keeps no NUL in a text. */
export const text = (most: number) => {
  const error = `1 to ${most} characters of text`;
  return (
    z
      .string({ error })
      .trim()
      .min(1, { error })
      .max(most, { error })
      // oxlint-disable-next-line no-control-regex -- the control character is what is refused
      .regex(/^[^\u0000]*$/, { error: `${error}, without NUL` })
  );
};

/** Of a query: digits that become a number. */
export const numberInQuery = (least: number, most: number) => {
  const error = `a whole number from ${least} to ${most}`;
  return z
    .string({ error })
    .regex(/^\d{1,9}$/, { error })
    .transform(Number)
    .refine((value) => value >= least && value <= most, { error })
    .meta({ override: { type: "integer", minimum: least, maximum: most, pattern: undefined } });
};

export const numberOrElse = (least: number, most: number, otherwise: number) =>
  numberInQuery(least, most)
    .default(otherwise)
    .meta({
      override: { type: "integer", minimum: least, maximum: most, default: otherwise, pattern: undefined },
    });

/** Of a JSON body. */
export const numberInBody = (least: number, most: number) => {
  const error = `a whole number from ${least} to ${most}`;
  return z.int({ error }).min(least, { error }).max(most, { error });
};

/** Rows carry a Date; JSON.stringify writes it as ISO 8601, UTC. */
export const timestamp = z.date().meta({ override: { type: "string", format: "date-time" } });

/** Of a query: a moment, or a day that begins at midnight UTC. */
export const moment = z
  .union([z.iso.datetime({ offset: true }), z.iso.date()], {
    error: "a time such as 2026-11-22T10:00:00Z or a day such as 2026-11-22",
  })
  .transform((text) => new Date(text))
  .meta({ override: { anyOf: undefined, type: "string", format: "date-time" } });

/** A price or a rate may have more digits than an amount of money. */
export const decimal = z.string().regex(/^-?\d+(\.\d+)?$/);
export const amountOrNull = amount.nullable();
export const currencyOrNull = currency.nullable();

export const pageSize = numberOrElse(1, 200, 50).describe("How many at most");
export const cursorField = text(500)
  .optional()
  .describe("`next_cursor` of the page before; the other parameters stay the same");

export function pageSchema<Item extends z.ZodType>(item: Item) {
  return z.strictObject({
    items: z.array(item),
    next_cursor: z.string().nullable().meta({ description: "Of the next page; null: this is the last one" }),
  });
}
