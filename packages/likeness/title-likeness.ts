/** From here on two titles are nearly the same. */
const NEARLY_SAME = 0.8;

/**
 * How alike two titles are, 0 to 1: the share of their trigrams that they have in common (Dice), taken of each word by
 * itself as pg_trgm does it. Case, accents, punctuation and the order of words do not matter.
 */
export function titleLikeness(one: string, other: string): number {
  const [a, b] = [trigramsOf(wordsOf(one)), trigramsOf(wordsOf(other))];
  if (a.size + b.size === 0) return 0;
  const common = [...a].filter((trigram) => b.has(trigram)).length;
  return (2 * common) / (a.size + b.size);
}

/**
 * Do two titles name the same thing? Numbers weigh more than letters: where each title has one that the other lacks
 * (RTX 4070 and RTX 4080, 64 GB and 128 GB), they do not, however alike the rest is.
 */
export function isNearlySameTitle(one: string, other: string): boolean {
  const [a, b] = [numbersIn(wordsOf(one)), numbersIn(wordsOf(other))];
  const contradict = a.difference(b).size > 0 && b.difference(a).size > 0;
  return !contradict && titleLikeness(one, other) >= NEARLY_SAME;
}

/** "16GB" and "16 GB" are the same two words. */
function wordsOf(title: string): string[] {
  const plain = title.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
  return plain.match(/\p{N}+|[^\p{N}\P{Alphabetic}]+/gu) ?? [];
}

function numbersIn(words: readonly string[]): Set<string> {
  return new Set(words.filter((word) => /^\p{N}/u.test(word)));
}

function trigramsOf(words: readonly string[]): Set<string> {
  const trigrams = new Set<string>();
  for (const word of words) {
    const letters = Array.from(`  ${word} `);
    for (let at = 0; at + 3 <= letters.length; at++) trigrams.add(letters.slice(at, at + 3).join(""));
  }
  return trigrams;
}
