/** The shortest decimal that reads as this number, never with an exponent: 1e-7 is "0.0000001". */
export function decimalOf(value: number): string {
  const text = String(value);
  const match = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (match === null) return text;
  const [, sign = "", first = "", more = "", exponentText = "0"] = match;
  const digits = first + more;
  const point = 1 + Number(exponentText);
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, "0");
}

/** For a sum of volumes: eight places, for the binary fractions of a sum have more digits than any of its parts. */
export function volumeOf(value: number): string {
  return decimalOf(Math.round(value * 1e8) / 1e8);
}
