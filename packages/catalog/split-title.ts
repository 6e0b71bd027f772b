/** A run of letters or of digits, in lower case and without accents. */
export interface Token {
  text: string;
  isNumber: boolean;
  /** Nothing stands between it and the token before: the "ti" of "3060ti". */
  isGlued: boolean;
}

/** Longer than any site's titles; the rest is not read. */
const LONGEST_TITLE = 400;

/**
 * Splits a title wherever letters, digits and anything else meet, so that "RX6800XT", "RX 6800 XT" and "rx-6800-xt" are
 * the same three tokens. One pass over the characters, with no regular expression.
 */
export function splitTitle(title: string): Token[] {
  const text = withoutAccents(title.slice(0, LONGEST_TITLE)).toLowerCase();
  const tokens: Token[] = [];
  let start = 0;
  let kind = 0;
  let isGlued = false;
  for (let index = 0; index <= text.length; index++) {
    const next = index < text.length ? kindOf(text, index) : 0;
    if (next === kind) continue;
    if (kind !== 0) {
      tokens.push({ text: text.slice(start, index), isNumber: kind === 1, isGlued });
      isGlued = next !== 0;
    } else isGlued = false;
    start = index;
    kind = next;
  }
  return tokens;
}

/** 1 a digit, 2 a letter, 0 anything else. */
function kindOf(text: string, index: number): 0 | 1 | 2 {
  const code = text.charCodeAt(index);
  if (code >= 48 && code <= 57) return 1;
  if (code >= 97 && code <= 122) return 2;
  if (code < 128 || code === 0xfffd) return 0;
  // Any letter that has two cases, and those of scripts without, are words; signs and spaces are not.
  return /\p{L}/u.test(text.charAt(index)) ? 2 : 0;
}

function withoutAccents(text: string): string {
  for (let index = 0; index < text.length; index++) {
    // й and ё would lose what tells them from и and е; both sides of every comparison lose it.
    if (text.charCodeAt(index) > 127)
      return text.replace(/[™®©]/g, " ").replace(/ł/gi, "l").normalize("NFKD").replace(/\p{M}/gu, "");
  }
  return text;
}
