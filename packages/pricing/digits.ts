/** The first digit (zero) of the scripts that shops print prices in; each has its ten digits in a row. */
const zeros = [0x0660, 0x06f0, 0x0966, 0x09e6, 0x0e50, 0xff10];

/** Printed forms of one and the same thing, as the one that the scanner knows. */
const sameAs = new Map<string, string>([
  ..."\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t\n\r"
    .split("")
    .map((c): [string, string] => [c, " "]),
  ..."\u2010\u2011\u2012\u2013\u2014\u2212\ufe58\ufe63\uff0d"
    .split("")
    .map((c): [string, string] => [c, "-"]),
  ..."\u2019\u02bc\uff07`\u00b4\u2018".split("").map((c): [string, string] => [c, "'"]),
  ["\u066b", "."],
  ["\u066c", ","],
  ["\uff0c", ","],
  ["\uff0e", "."],
  ["\uff04", "$"],
  ["\uffe5", "¥"],
  ["\uffe1", "£"],
  ["\uffe0", "¢"],
]);
/** Marks that tell the direction of writing, or where a line may break: not there for the reader. */
const invisible = new Set(
  "\u200b\u200c\u200d\u200e\u200f\u061c\u2060\u202a\u202b\u202c\u2066\u2067\u2068\u2069\ufeff\u00ad",
);

/** Digits of every script as 0 to 9, all spaces as one kind, all minus signs as "-", direction marks gone. */
export function plainCharacters(text: string): string {
  if (isPlain(text)) return text;
  let plain = "";
  for (const character of text) {
    if (invisible.has(character)) continue;
    plain += sameAs.get(character) ?? asciiDigit(character) ?? character;
  }
  return plain;
}

function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (
      code < 0x20 ||
      code === 0x60 ||
      code === 0xb4 ||
      code > 0x2ff ||
      code === 0xa0 ||
      code === 0xad ||
      code === 0x2bc
    )
      return false;
  }
  return true;
}

function asciiDigit(character: string): string | null {
  const code = character.codePointAt(0) ?? 0;
  const zero = zeros.find((start) => code >= start && code <= start + 9);
  return zero === undefined ? null : String(code - zero);
}

export function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}
