/** How what was read of a page holds against what is known of it. */
export interface Measure {
  /** True items found, of so many. */
  found: number;
  known: number;
  /** Numbers of items that are not in the truth. */
  invented: string[];
  /** Items whose amount, second amount (range or Buy It Now) and currency are right. */
  right: number;
  /** What was read wrong, for people. */
  wrong: string[];
}
