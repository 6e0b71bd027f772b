/** The code of the character zero in every script whose digits appear in prices; each script has its ten in a row. */
const scriptZeros = [
  0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6, 0x0d66, 0x0de6,
  0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0xff10,
];

const folded = new Map<number, string>();
for (const zero of scriptZeros)
  for (let digit = 0; digit < 10; digit++) folded.set(zero + digit, String(digit));
// Fullwidth punctuation and letters stand a fixed distance from ASCII.
for (let code = 0xff01; code <= 0xff5e; code++) folded.set(code, String.fromCharCode(code - 0xfee0));

function foldEach(characters: string, into: string): void {
  for (const character of characters) folded.set(character.charCodeAt(0), into);
}
foldEach("\u00a0\u1680\u202f\u205f\u3000", " ");
for (let code = 0x2000; code <= 0x200a; code++) folded.set(code, " ");
foldEach("‐‑‒−﹣－⁻₋➖", "-");
foldEach("—―", "–");
foldEach("’‘ʼʻ´`＇′‛", "'");
foldEach("٬", "'");
foldEach("،﹐", ",");
foldEach("﹒．", ".");
foldEach("￡", "£");
foldEach("￥", "¥");
foldEach("￦", "₩");
foldEach("￠", "¢");
foldEach("﹩", "$");
foldEach("٪﹪", "%");
foldEach("⁄∕", "/");
// Invisible: soft hyphen, direction marks, joiners, variation selectors, byte order mark.
foldEach("\u00ad\u061c\ufeff", "");
for (const [first, last] of [
  [0x200b, 0x200f],
  [0x202a, 0x202e],
  [0x2060, 0x2069],
  [0xfe00, 0xfe0f],
] as const) {
  for (let code = first; code <= last; code++) folded.set(code, "");
}

/**
 * The text with one spelling for each thing a price is written with: ASCII digits, "-" for every hyphen and minus,
 * "–" for longer dashes, "'" for apostrophes and the Arabic thousands sign, a plain space for every space of one line.
 * What is invisible is left out. "٫", the Arabic decimal sign, stays: it is never anything else.
 */
export function foldText(text: string): string {
  let result = "";
  let copiedTo = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code < 0x80) continue;
    const replacement = folded.get(code);
    if (replacement === undefined) continue;
    result += text.slice(copiedTo, index) + replacement;
    copiedTo = index + 1;
  }
  return copiedTo === 0 ? text : result + text.slice(copiedTo);
}

/** Lower case with every character at its old place, which toLowerCase alone does not promise ("İ" becomes two). */
export function lowerInPlace(text: string): string {
  const lower = text.toLowerCase();
  if (lower.length === text.length) return lower;
  return Array.from({ length: text.length }, (_, index) => {
    const character = text.charAt(index).toLowerCase();
    return character.length === 1 ? character : text.charAt(index);
  }).join("");
}

/** Is this code one of "0" to "9"? For folded text. */
export function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}

/** Spaces, tabs and line ends of folded text. */
export function isSpace(code: number): boolean {
  return (
    code === 0x20 || (code >= 0x09 && code <= 0x0d) || code === 0x2028 || code === 0x2029 || code === 0x85
  );
}

/** Signs of money that Unicode keeps in the blocks of their scripts. */
const signsAmongLetters = new Set(Array.from("฿৳৲៛௹૱﷼؋֏", (sign) => sign.charCodeAt(0)));

/**
 * Letters of scripts that put spaces between words. Chinese, Japanese, Korean and Thai do not, so there a sign of
 * money may touch the next word.
 */
export function isLetter(code: number): boolean {
  // Past the end of a text charCodeAt gives NaN, which no comparison below would stop.
  if (!(code >= 0x41)) return false;
  if (code < 0x80) return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a);
  if (code < 0xc0) return code === 0xaa || code === 0xb5 || code === 0xba;
  if (code >= 0x0e00 && code <= 0x0eff) return false;
  if (code >= 0x2000 && code <= 0x2bff) return false;
  if (code >= 0x2e00 && code <= 0xfaff) return false;
  if (code >= 0xfe30) return false;
  return code !== 0xd7 && code !== 0xf7 && code !== 0x060c && code !== 0x066b && !signsAmongLetters.has(code);
}
