import { gpuOfferKinds } from "@pricefleet/catalog";
import { amount, currency, listingStates } from "@pricefleet/contracts";
import { z } from "zod";
import { cursorField, id, moment, numberInQuery, pageSize, text } from "../fields.ts";
import { sourceName } from "../search-order.ts";

const sorts = ["newest", "oldest", "price_asc", "price_desc", "last_seen", "deal"] as const;
export const isByPrice = (sort: (typeof sorts)[number]) => sort === "price_asc" || sort === "price_desc";

export const yesOrNo = z.enum(["true", "false"], { error: "true or false" });

export const listingQuery = z
  .strictObject({
    source: sourceName.optional(),
    search_id: id.optional(),
    text: text(200)
      .optional()
      .describe('Words of the title; "words in quotes" stand together, -word must not be there'),
    currency: currency
      .optional()
      .describe(
        "Alone: priced in it. With a price bound or an order by price: compared in it, whatever they are priced in",
      ),
    min_price: amount.optional().describe("In `currency`"),
    max_price: amount.optional().describe("In `currency`"),
    condition: text(100).optional().describe("As the site words it, in any case"),
    state: z
      .enum(listingStates, { error: `one of ${listingStates.join(", ")}` })
      .optional()
      .describe("Without it: listings in any state"),
    model: text(100).optional().describe("A graphics card as `/catalog/gpu` names it"),
    memory_gb: numberInQuery(1, 1_000).optional().describe("With `model`: its size of memory"),
    offer: z
      .enum(gpuOfferKinds, { error: `one of ${gpuOfferKinds.join(", ")}` })
      .optional()
      .describe("With `model`: what is offered, such as card"),
    min_confidence: z
      .string()
      .regex(/^(0(\.\d{1,4})?|1(\.0{1,4})?)$/, { error: "a number from 0 to 1 such as 0.9" })
      .optional()
      .describe("Leaves out prices whose methods disagree so far, or that are not known"),
    distinct: yesOrNo
      .optional()
      .describe("true: one listing of each group of duplicates, one that can be had if there is one"),
    doubted: z
      .enum(["true"], { error: "true, or left out" })
      .optional()
      .describe("Only listings with a price in quarantine: their `pending_price`"),
    min_deal: z
      .string()
      .regex(/^-?[01](\.\d{1,6})?$/, {
        error: "a share such as 0.2, for a fifth below the median of its peers",
      })
      .optional()
      .describe("At least this share below the median of its peers: 0.2 is a fifth"),
    seen_since: moment.optional().describe("Last seen at this time or after it"),
    sort: z
      .enum(sorts, { error: `one of ${sorts.join(", ")}` })
      .default("newest")
      .describe(
        "By price: needs `currency`, and leaves out what has no price; deal: the furthest below its peers first, without what has no deal",
      ),
    limit: pageSize,
    cursor: cursorField,
  })
  .refine(
    ({ currency, min_price, max_price, sort }) =>
      currency !== undefined || (min_price === undefined && max_price === undefined && !isByPrice(sort)),
    {
      error: "an ISO 4217 currency such as EUR, because prices of different currencies cannot be compared",
      path: ["currency"],
    },
  )
  .refine(
    ({ model, memory_gb, offer }) => model !== undefined || (memory_gb === undefined && offer === undefined),
    { error: "given with memory_gb and offer, which tell its listings apart", path: ["model"] },
  );
