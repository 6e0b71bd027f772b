/** What a listing's own page prints, apart from the layout that it prints it in. */
export interface ListingText {
  title: string;
  /** The seller's price in the seller's currency; of an auction the bid. Never the visitor's converted one. */
  priceLine: string | null;
  buyItNowLine: string | null;
  /** Struck-through or recommended retail price. */
  listPrice: string | null;
  shippingLine: string | null;
  condition: string | null;
  /** "More than 10 available", "Out of stock". */
  quantityLine: string | null;
  /** Number of bids; null where there is no auction. */
  bids: number | null;
  bestOffer: boolean;
  /** How the listing ended, null while it runs. */
  ending: "sold" | "ended" | null;
  seller: string | null;
  /** "(8116)" */
  feedbackCount: string | null;
  /** "99.5% Positive feedback" */
  feedbackPercent: string | null;
  description: string | null;
  images: string[];
  specifics: Record<string, string>;
  location: string | null;
}
