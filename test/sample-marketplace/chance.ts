/** 32 bits out of a seed and words: the same in every process, so that nothing needs to be stored. FNV-1a, then murmur3's mix. */
export function hashOf(seed: number, ...words: readonly (string | number)[]): number {
  let hash = 0x811c9dc5 ^ seed;
  for (const word of words) {
    const text = String(word);
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
    hash = Math.imul(hash ^ 0xff, 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A number from 0 (inclusive) to 1 (exclusive) out of a seed and words. */
export function shareOf(seed: number, ...words: readonly (string | number)[]): number {
  return hashOf(seed, ...words) / 2 ** 32;
}

/** A stream of decisions that is always the same for the same seed and words. */
export interface Dice {
  /** True with the given probability, 0 to 1. */
  chance(probability: number): boolean;
  /** A whole number between both bounds, inclusive. */
  between(least: number, most: number): number;
  pick<Value>(values: readonly [Value, ...Value[]]): Value;
}

export function rollDice(seed: number, ...words: readonly (string | number)[]): Dice {
  let state = hashOf(seed, ...words);
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    chance: (probability) => next() < probability,
    between: (least, most) => least + Math.floor(next() * (most - least + 1)),
    pick: (values) => values[Math.floor(next() * values.length)] ?? values[0],
  };
}
