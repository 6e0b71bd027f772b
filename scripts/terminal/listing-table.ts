export interface TableRow {
  title: string;
  /** Decimal string; null where no price is known. */
  amount: string | null;
  currency: string | null;
  /** The price before it changed; null where it never did. */
  previousAmount: string | null;
}

const symbols: Record<string, string> = { EUR: "€", USD: "$", GBP: "£", PLN: "zł", JPY: "¥" };

/** Lines of a table: title, price, and how the price moved since the run before. `width` is the terminal's. */
export function listingTable(rows: readonly TableRow[], width: number): string[] {
  const prices = rows.map(priceText);
  const priceWidth = Math.max(5, ...prices.map((price) => price.length));
  const changes = rows.map(changeText);
  const changeWidth = Math.max(0, ...changes.map((change) => change.length));
  const titleWidth = Math.max(20, Math.min(80, width - priceWidth - changeWidth - 5));
  return rows.map((row, index) =>
    [
      cut(row.title, titleWidth).padEnd(titleWidth),
      (prices[index] ?? "").padStart(priceWidth),
      changes[index] ?? "",
    ]
      .join("  ")
      .trimEnd(),
  );
}

function priceText({ amount, currency }: TableRow): string {
  if (amount === null) return "no price";
  return `${currency === null ? "" : (symbols[currency] ?? currency)} ${withCents(amount)}`.trimStart();
}

/** "▼ 1.50" where it is cheaper than before, "▲ 2.00" where dearer. */
function changeText({ amount, previousAmount }: TableRow): string {
  if (amount === null || previousAmount === null) return "";
  const change = units(amount) - units(previousAmount);
  if (change === 0n) return "";
  return `${change < 0n ? "▼" : "▲"} ${withCents(amountOf(change < 0n ? -change : change))}`;
}

const DECIMALS = 8;

/** A decimal string as a whole number of hundred-millionths: exact, where a float would not be. */
function units(amount: string): bigint {
  const [whole = "0", fraction = ""] = amount.replace("-", "").split(".");
  const magnitude = BigInt(whole + fraction.padEnd(DECIMALS, "0").slice(0, DECIMALS));
  return amount.startsWith("-") ? -magnitude : magnitude;
}

function amountOf(magnitude: bigint): string {
  const digits = magnitude.toString().padStart(DECIMALS + 1, "0");
  return `${digits.slice(0, -DECIMALS)}.${digits.slice(-DECIMALS)}`;
}

/** At least two decimals, more only where they say something. */
function withCents(amount: string): string {
  const [whole = "0", fraction = ""] = amount.split(".");
  return `${whole}.${fraction.replace(/0+$/, "").padEnd(2, "0")}`;
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}
