import type { Item, PageKind, PageReading, PageState } from "@pricefleet/contracts";

/** A reading without items: why the page gave nothing. */
export function unreadable(
  source: string | null,
  page: PageKind,
  state: Exclude<PageState, "ok">,
  reason: string,
): PageReading {
  return {
    page,
    state,
    source,
    reason,
    items: [],
    has_next_page: false,
    total_results: null,
    details: null,
  };
}

/** An item of which only the identity is known; a source spreads what it read over it. */
export function emptyItem(identity: Pick<Item, "external_id" | "url" | "title">): Item {
  return {
    ...identity,
    amount: null,
    amount_max: null,
    buy_it_now: null,
    currency: null,
    shipping: null,
    condition: null,
    availability: null,
    bids: null,
    ended: false,
    match: "exact",
    methods: {},
    disagreed: [],
    confidence: null,
    list_price: null,
    best_offer: false,
    seller: null,
    image_url: null,
  };
}
