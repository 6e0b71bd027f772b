export const currencies = ["EUR", "USD", "PLN"] as const;
export type Currency = (typeof currencies)[number];

/** Thousands are kept together by a space that does not break, as real shops print them. */
const unbrokenSpace = "\u00a0";

/** An amount as a decimal string: 123456 cents are "1234.56". */
export function decimalOf(cents: number): string {
  return `${Math.trunc(cents / 100)}.${String(cents % 100).padStart(2, "0")}`;
}

/** An amount as people of the currency's country print it: "1.234,56 €", "$1,234.56", "1 234,56 zł". */
export function printMoney(cents: number, currency: Currency): string {
  const fraction = String(cents % 100).padStart(2, "0");
  const whole = (separator: string) => groupThousands(Math.trunc(cents / 100), separator);
  if (currency === "EUR") return `${whole(".")},${fraction}${unbrokenSpace}€`;
  if (currency === "PLN") return `${whole(unbrokenSpace)},${fraction}${unbrokenSpace}zł`;
  return `$${whole(",")}.${fraction}`;
}

export function groupThousands(whole: number, separator: string): string {
  return String(whole).replace(/\B(?=(\d{3})+$)/g, separator);
}
