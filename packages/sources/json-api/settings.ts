import { readFileSync } from "node:fs";
import { currency, httpUrl, messageOf } from "@pricefleet/contracts";
import { z } from "zod";

const template = (...placeholders: string[]) =>
  z
    .string()
    .startsWith("/", { error: "starts with /, and goes after base_url" })
    .refine((text) => placeholders.every((name) => text.includes(`{${name}}`)), {
      error: `has ${placeholders.map((name) => `{${name}}`).join(" and ")} in it`,
    });

/** `data.items` or `/data/items`; `.` is the whole document. */
const path = z.string().min(1, { error: "a path such as data.items, or . for the whole document" });

/** The settings of the source json-api, as the file of JSON_API_CONFIG has them. */
export const jsonApiSettings = z.strictObject({
  base_url: httpUrl,
  /** Values may mention variables: "Bearer ${PRICING_API_TOKEN}". */
  headers: z.record(z.string(), z.string()).default({}),
  /** How many requests at once, and the least time between two. */
  at_once: z.int().min(1).max(1_000).default(1),
  min_delay_ms: z.int().min(0).max(3_600_000).default(0),
  markets: z.union(
    [
      z.array(z.string().min(1)).min(1),
      z.strictObject({ url: template(), items: path, id: path.default(".") }),
    ],
    { error: "a list of names, or an object with url and items" },
  ),
  products: z.strictObject({
    /** With {page}, its pages are counted. */
    url: template("market"),
    items: path,
    id: path,
    name: path.optional(),
    /** Where the address of the next page stands: absent or null on the last one. */
    next: path.optional(),
    total: path.optional(),
  }),
  price: z
    .strictObject({
      url: template("market", "product"),
      amount: path,
      currency: currency.optional(),
      currency_path: path.optional(),
      name: path.optional(),
    })
    .refine((price) => (price.currency === undefined) !== (price.currency_path === undefined), {
      error: "given, or currency_path in its place: a fixed currency such as EUR, or where it stands",
      path: ["currency"],
    }),
});
export type JsonApiSettings = z.infer<typeof jsonApiSettings>;

/** Reads the file that the variable names; what is wrong with it is told by its key. */
export const jsonApiSettingsFile = z.string().transform((file, context) => {
  const refuse = (message: string) => {
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  };
  let settings: unknown;
  try {
    settings = JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    return refuse(`a file with the settings of json-api as JSON (${messageOf(error)})`);
  }
  const parsed = jsonApiSettings.safeParse(settings);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  return refuse(
    `a file with the settings of json-api, in which ${issue?.path.join(".") || "all"} is: ${issue?.message}`,
  );
});
