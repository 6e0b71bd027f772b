import { z } from "zod";
import { decimal, id } from "./fields.ts";
import { Problem } from "./problem.ts";

/** Where a page ended, by the kind of its order. */
export const endedAtId = z.object({ id });
export const endedAtHost = z.object({ key: z.string() });
export const endedAtTime = z.object({ key: z.iso.datetime({ precision: 6 }), id });
export const endedAtPrice = z.object({ key: decimal, id, rate: decimal.optional() });
export const endedAtComparedTime = endedAtTime.extend({ rate: decimal.optional() });

/** A cursor is opaque to the caller, but no secret: what comes back is checked like any other input. */
export function writeCursor(
  order: string,
  endedAt: { key?: string; id: string; rate?: string | undefined } | null,
): string | null {
  if (endedAt === null) return null;
  const { key, id, rate } = endedAt;
  return Buffer.from(JSON.stringify({ key, id, order, rate })).toString("base64url");
}

/** @throws Problem 400, naming the cursor, when it is not one that this order gave. */
export function readCursor<T>(order: string, schema: z.ZodType<T>, cursor: string | undefined): T | null {
  if (cursor === undefined) return null;
  const content = parseJson(Buffer.from(cursor, "base64url").toString());
  const isOfOrder = z.object({ order: z.literal(order) }).safeParse(content).success;
  const endedAt = schema.safeParse(content);
  if (isOfOrder && endedAt.success) return endedAt.data;
  const message =
    "is not one of this list; it should be next_cursor of the page before, with the other parameters as they were";
  throw new Problem("bad-request", `cursor ${message}`, { errors: [{ field: "cursor", message }] });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}
