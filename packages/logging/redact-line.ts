import { redact } from "@pricefleet/contracts";

const DEEPEST = 6;

/** The same value with the credentials taken out of every text in it. Errors become what is worth reading of them. */
export function redactDeep(value: unknown, depth = 0): unknown {
  if (typeof value === "string") return redact(value);
  if (typeof value !== "object" || value === null) return value;
  if ("toJSON" in value && typeof value.toJSON === "function") return redactDeep(value.toJSON(), depth + 1);
  // Whatever lies this deep came with some library's object, not from a line of ours.
  if (depth >= DEEPEST) return "…";
  if (value instanceof Error) {
    const { name, message, stack } = value;
    return { name, message: redact(message), stack: redact(stack ?? "") };
  }
  if (Array.isArray(value)) return value.map((item) => redactDeep(item, depth + 1));
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redactDeep(item, depth + 1)]));
}
