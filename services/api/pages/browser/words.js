/** How the front page words times and prices: the server when it writes the page, the browser when it keeps it live. */

/** @param {number} ms since then */
export function ago(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1_000));
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return `${Math.floor(seconds / 86_400)} d ago`;
}

const quoted = new Intl.NumberFormat("en", { maximumSignificantDigits: 6 });

/** @param {string} price a decimal of any length: six digits are enough to look at */
export function shownPrice(price) {
  return quoted.format(Number(price));
}
