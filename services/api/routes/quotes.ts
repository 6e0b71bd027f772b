import { instrumentName } from "@pricefleet/contracts";
import { askSubscription, askUnsubscription } from "@pricefleet/database";
import { z } from "zod";
import { exchange, symbol } from "../market/instrument-fields.ts";
import { quote, quoteView } from "../market/quote-view.ts";
import { Problem } from "../problem.ts";
import { defineRoute } from "../route.ts";

const subscription = z.strictObject({
  exchange,
  symbol,
  feed: z.enum(["tradingview"], { error: "tradingview" }).default("tradingview").describe("Who streams it"),
});

const ofSubscription = {
  path: "/quotes/subscribe",
  tag: "Market",
  body: subscription,
  responses: {
    200: {
      description: "It is so now",
      schema: z.strictObject({ instrument: z.string(), feed: z.string(), subscribed: z.boolean() }),
    },
  },
  problems: [404],
} as const;

export const quoteRoutes = [
  defineRoute({
    method: "get",
    path: "/quotes",
    tag: "Market",
    summary: "The latest quote of every enabled instrument, with bid, ask and volume",
    description: "From memory, as /prices is.",
    responses: { 200: { description: "All quotes", schema: z.strictObject({ items: z.array(quote) }) } },
    answer: async ({ market }) => {
      const nowMs = Date.now();
      const items = [...market.quotes.all().values()].map((row) => quoteView(row, nowMs));
      return { status: 200, body: { items } };
    },
  }),
  defineRoute({
    method: "get",
    path: "/quotes/{instrument}",
    tag: "Market",
    summary: "The latest quote of one instrument",
    params: z.strictObject({ instrument: instrumentName.describe("EXCHANGE:SYMBOL, such as TVC:GOLD") }),
    responses: { 200: { description: "The quote", schema: quote } },
    problems: [404],
    answer: async ({ market, params }) => {
      const row = market.quotes.all().get(params.instrument);
      if (row === undefined) {
        throw new Problem(
          "not-found",
          `${params.instrument} has no quote; GET /instruments tells what there is`,
        );
      }
      return { status: 200, body: quoteView(row, Date.now()) };
    },
  }),
  defineRoute({
    ...ofSubscription,
    method: "post",
    summary: "Have an instrument streamed",
    description: "The streamer follows within two seconds. Asked for again, it changes nothing.",
    answer: async ({ db, body }) => {
      await askSubscription(db, body);
      return {
        status: 200,
        body: { instrument: `${body.exchange}:${body.symbol}`, feed: body.feed, subscribed: true },
      };
    },
  }),
  defineRoute({
    ...ofSubscription,
    method: "delete",
    summary: "Have an instrument streamed no more",
    answer: async ({ db, body }) => {
      await askUnsubscription(db, body);
      return {
        status: 200,
        body: { instrument: `${body.exchange}:${body.symbol}`, feed: body.feed, subscribed: false },
      };
    },
  }),
];
