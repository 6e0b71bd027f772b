import { type Element, elementsNamed, type Html, parseLenientJson } from "../reading/index.ts";

/** A page's own state can be larger than all that is shown; so much of it is looked at. */
const MOST_SCRIPT_CHARACTERS = 3_000_000;
const MOST_STATES_OF_A_SCRIPT = 50;
const MOST_FLIGHT_LINES = 5_000;

/**
 * The states that a page's own scripts start from: Next.js and the like as JSON scripts, assignments such as
 * `window.__STATE__ = {…}`, pushes to the data layer, and the lines that Next.js streams since 2023.
 */
export function* statesOf(html: Html): Generator {
  let flight = "";
  for (const script of ownScripts(html)) {
    const type = script.attribs["type"] ?? "";
    if (/ld\+json|html|template/.test(type)) continue;
    const text = html(script).text();
    if (text.length > MOST_SCRIPT_CHARACTERS) continue;
    const streamed = /^\s{0,20}(?:\(?self\.__next_f\b[^"]{0,100})push\(\[1,\s{0,5}(".*")\s{0,5}\]\)/s.exec(
      text,
    )?.[1];
    if (streamed !== undefined) {
      // A line may go on in the next script.
      const chunk = parseLenientJson(streamed);
      if (typeof chunk === "string" && flight.length < MOST_SCRIPT_CHARACTERS) flight += chunk;
    } else if (!/pric/i.test(text)) continue;
    else if (/json/.test(type)) yield parseLenientJson(text);
    else yield* assignedIn(text);
  }
  for (const line of flight.split("\n", MOST_FLIGHT_LINES)) {
    const value = /^[0-9a-f]{1,6}:(?=[{[])/.exec(line)?.[0];
    if (value !== undefined && /pric/i.test(line)) yield parseLenientJson(line.slice(value.length));
  }
}

/** Those that stand in the page itself. */
function ownScripts(html: Html): Element[] {
  return elementsNamed(html, "script").filter(({ attribs }) => attribs["src"] === undefined);
}

/** The JSON in a script: what is assigned to a name, or given to `push` or `parse`. */
function* assignedIn(script: string): Generator {
  const starts = /(?:=|push\()\s{0,10}(?=[{[]\s{0,10}["{[])/g;
  let past = 0;
  let tries = 0;
  for (const match of script.matchAll(starts)) {
    const start = match.index + match[0].length;
    if (start < past) continue;
    if (++tries > MOST_STATES_OF_A_SCRIPT) return;
    const end = endOfJson(script, start);
    if (end === null) continue;
    const state = parseLenientJson(script.slice(start, end));
    if (state === undefined) continue;
    past = end;
    yield state;
  }
}

/** The index after the bracket that closes the one at `start`, strings considered; null if none does. */
function endOfJson(script: string, start: number): number | null {
  let depth = 0;
  for (let index = start; index < script.length; index++) {
    const char = script[index];
    if (char === '"') {
      for (index++; index < script.length && script[index] !== '"'; index++)
        if (script[index] === "\\") index++;
    } else if (char === "{" || char === "[") depth++;
    else if ((char === "}" || char === "]") && --depth === 0) return index + 1;
  }
  return null;
}

/** The currency that a Shopify shop names beside its products, which have none. */
export function shopifyCurrency(html: Html): string | null {
  for (const script of ownScripts(html)) {
    const text = html(script).text();
    if (!text.includes("Shopify.currency")) continue;
    const active = /Shopify\.currency\s{0,5}=\s{0,5}\{\s{0,5}"active"\s{0,5}:\s{0,5}"([A-Z]{3})"/.exec(
      text,
    )?.[1];
    if (active !== undefined) return active;
  }
  return null;
}
