import type { Availability, ListingDetails } from "@pricefleet/contracts";

/** What one method of reading says about the product of a page. Whatever it does not say is null. */
export interface ProductSays {
  name: string | null;
  amount: string | null;
  /** The upper end, where the price is a range. */
  amountMax: string | null;
  currency: string | null;
  listPrice: string | null;
  availability: Availability | null;
  condition: string | null;
  brand: string | null;
  gtin: string | null;
  sku: string | null;
  image: string | null;
  description: string | null;
  variants: NonNullable<ListingDetails["variants"]>;
}

export const saysNothing: ProductSays = {
  name: null,
  amount: null,
  amountMax: null,
  currency: null,
  listPrice: null,
  availability: null,
  condition: null,
  brand: null,
  gtin: null,
  sku: null,
  image: null,
  description: null,
  variants: [],
};

/** What is known of the page before any product is looked for. */
export interface PageFacts {
  url: URL;
  /** The first heading, or else the title: a product of that name is the page's own. */
  titles: readonly string[];
  /** BCP 47, as the page declares it; null if it does not. */
  locale: string | null;
}
