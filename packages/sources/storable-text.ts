/**
 * The same value, with every text in it, keys too, as PostgreSQL can hold it: without NUL, and with no half of a
 * surrogate pair. Sites send both, and jsonb refuses the whole page for one of them.
 */
export function withStorableText<T>(value: T): T {
  return cleaned(value) as T;
}

function cleaned(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("\0", "").toWellFormed();
  if (Array.isArray(value)) return value.map(cleaned);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [cleaned(key), cleaned(inner)]));
}
