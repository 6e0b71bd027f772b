/** Photos whose hashes differ in so many of their 64 bits at most count as the same. */
export const PHOTO_DISTANCE = 5;

/** In how many bits two hashes differ. */
export function hammingDistance(one: bigint, other: bigint): number {
  let differing = BigInt.asUintN(64, one ^ other);
  let count = 0;
  for (; differing > 0n; differing &= differing - 1n) count++;
  return count;
}

/**
 * A hash in one band more than the distance allows: two hashes that near each other have at least one band the same, so
 * an index of bands finds all candidates (pigeonhole). The number of the band is part of its value.
 */
export function bandsOf(hash: bigint): number[] {
  const bandCount = PHOTO_DISTANCE + 1;
  return Array.from({ length: bandCount }, (_, band) => {
    const from = Math.floor((band * 64) / bandCount);
    const to = Math.floor(((band + 1) * 64) / bandCount);
    const bits = BigInt.asUintN(to - from, BigInt.asUintN(64, hash) >> BigInt(from));
    return band * 2 ** 16 + Number(bits);
  });
}
