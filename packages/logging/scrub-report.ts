import { redact } from "@pricefleet/contracts";

const DEEPEST = 12;
const LONGEST_TEXT_CHARACTERS = 4_000;
const secretKey = /^(set-)?cookies?$|authorization|password|secret|token|^(html|body|data)$/i;
const markup = /<(!doctype|html|head|body|script|style|div|span|table|form|input|meta|a|p)\b/i;

/** A report without what must not leave: credentials, cookies, and pages, for those are other people's. */
export function scrubReport<T>(report: T): T {
  return scrub(report, "", 0) as T;
}

function scrub(value: unknown, key: string, depth: number): unknown {
  if (typeof value === "string") return secretKey.test(key) ? "[left out]" : scrubText(value);
  if (typeof value !== "object" || value === null) return value;
  if (depth >= DEEPEST) return "[left out]";
  if (Array.isArray(value)) return value.map((item) => scrub(item, key, depth + 1));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, scrub(item, name, depth + 1)]),
  );
}

function scrubText(text: string): string {
  const start = text.search(markup);
  const words = start === -1 ? text : `${text.slice(0, start)}[HTML left out]`;
  return redact(words).slice(0, LONGEST_TEXT_CHARACTERS);
}
