import {
  baseCurrency,
  databaseUrl,
  listVariable,
  sharedEnvironment,
  wholeNumber,
} from "@pricefleet/contracts";
import { sourcesEnvironment } from "@pricefleet/sources";
import { z } from "zod";

const origins = listVariable.refine((list) => list.every(isOrigin), {
  error: "origins split by ; such as https://prices.example.com",
});

function isOrigin(text: string): boolean {
  return URL.canParse(text) && new URL(text).origin === text;
}

const proxyCount = z
  .string()
  .regex(/^\s*(off|\d)\s*$/i, { error: "off, or how many proxies stand before the API: 1 to 9" })
  .transform((text) => (/off/i.test(text) ? 0 : Number(text)));

export const apiEnvironment = sharedEnvironment.extend({
  ...sourcesEnvironment.shape,
  DATABASE_URL: databaseUrl,
  BASE_CURRENCY: baseCurrency,
  DATABASE_POOL_MAX: wholeNumber(1, 1_000).default(10),
  /** Where workers keep failed pages; only read here. */
  DEBUG_DIR: z.string().default(".local/debug"),
  /** Where workers keep pages; only read here. */
  SNAPSHOT_DIR: z.string().default(".local/snapshots"),
  /** 0 takes any free one; the log says which. */
  PORT: wholeNumber(0, 65_535).default(30_080),
  /** Web pages of these origins may read the API. */
  CORS_ORIGINS: origins.default([]),
  /** Without it nobody can control anything. Sixteen characters keep it from being guessed. */
  CONTROL_TOKEN: z
    .string()
    .regex(/^\S{16,}$/, { error: "at least 16 characters, none of them a space" })
    .optional(),
  /** How many proxies stand before the API and tell the caller's address; off: none. */
  TRUST_PROXY: proxyCount.default(0),
  /** For each caller's address; 0: no limit. */
  RATE_LIMIT_PER_MINUTE: wholeNumber(0, 1_000_000).default(600),
});
