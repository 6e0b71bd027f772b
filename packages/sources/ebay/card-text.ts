/** What a card prints, apart from the layout that it prints it in. Lines are as a person reads them. */
export interface CardText {
  /** The item's link as written. */
  href: string | null;
  title: string;
  /** A line a price: of an auction the bid, then Buy It Now; a range is one line, "EUR 17,72 bis EUR 18,66". */
  priceLines: string[];
  /** Struck-through or recommended retail price. */
  listPrice: string | null;
  condition: string | null;
  seller: string | null;
  imageUrl: string | null;
  /** "9m left"; without a digit the time is over: "Ended". */
  timeLeft: string | null;
  /** "Sold Mar 6, 2026" or "Ended …" of a search for completed listings. */
  endedLine: string | null;
  /** All other lines: bids, shipping, purchase options. */
  lines: string[];
}
