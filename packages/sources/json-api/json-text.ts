import { LayoutChangedError } from "@pricefleet/contracts";

/**
 * JSON with every number as the text it was written in: 1234.50 stays "1234.50", and a number of twenty digits keeps
 * them all. @throws LayoutChangedError
 */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text, keepNumbersAsWritten);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new LayoutChangedError("layout-changed", `the answer is no JSON: ${error.message}`);
  }
}

function keepNumbersAsWritten(_key: string, value: unknown, context?: { source?: string }): unknown {
  return typeof value === "number" ? (context?.source ?? String(value)) : value;
}

/**
 * What stands at a path: `data.items.0` or, for keys with dots in them, a JSON pointer (RFC 6901) `/data/items/0`; `.`
 * is the document. Undefined only for a last key that is not there.
 * @throws LayoutChangedError naming the part of the path that did not match.
 */
export function valueAt(document: unknown, path: string): unknown {
  const keys = keysOf(path);
  let value = document;
  for (const [index, key] of keys.entries()) {
    if (typeof value !== "object" || value === null) {
      const reached = index === 0 ? "the document" : `"${keys.slice(0, index).join(".")}"`;
      throw new LayoutChangedError(
        "layout-changed",
        `the path "${path}" did not match: ${reached} is ${describe(value)}, without "${key}"`,
      );
    }
    value = Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  }
  return value;
}

/** @throws LayoutChangedError when there is no list. */
export function listAt(document: unknown, path: string): unknown[] {
  const value = valueAt(document, path);
  if (Array.isArray(value)) return value;
  throw new LayoutChangedError(
    "layout-changed",
    `the path "${path}" leads to ${describe(value)}, not to a list`,
  );
}

/** Text or a number as text. @throws LayoutChangedError when there is neither. */
export function textAt(document: unknown, path: string): string {
  const value = valueAt(document, path);
  if (typeof value === "string" && value !== "") return value;
  throw new LayoutChangedError(
    "layout-changed",
    `the path "${path}" leads to ${describe(value)}, not to text`,
  );
}

function keysOf(path: string): string[] {
  if (path === ".") return [];
  if (!path.startsWith("/")) return path.split(".");
  return path
    .slice(1)
    .split("/")
    .map((key) => key.replaceAll("~1", "/").replaceAll("~0", "~"));
}

function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : JSON.stringify(value).slice(0, 42);
}
