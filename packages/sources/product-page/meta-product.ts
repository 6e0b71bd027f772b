import { elementsNamed, type Html } from "../reading/index.ts";
import { type PageFacts, type ProductSays, saysNothing } from "./product-says.ts";
import { addressIn, amountIn, availabilityIn, currencyIn, gtinIn } from "./values.ts";

/** What OpenGraph and the product tags beside it say. */
export function readMetaProduct(html: Html, page: PageFacts): ProductSays {
  const tags = new Map<string, string>();
  for (const element of elementsNamed(html, "meta")) {
    const { property, name, content } = element.attribs;
    const key = (property ?? name ?? "").toLowerCase();
    if (content !== undefined && content.trim() !== "" && !tags.has(key)) tags.set(key, content.trim());
  }
  const first = (...keys: string[]): string | null => {
    const key = keys.find((key) => tags.has(key));
    return key === undefined ? null : (tags.get(key) ?? null);
  };

  const sale = amountIn(first("product:sale_price:amount", "product:sale_price"), page);
  const priceTag = first("product:price:amount", "og:price:amount", "product:price", "og:price");
  const price = amountIn(priceTag, page);
  return {
    ...saysNothing,
    name: first("og:title"),
    amount: sale ?? price,
    currency:
      currencyIn(first("product:sale_price:currency", "product:price:currency", "og:price:currency"), page) ??
      currencyIn(priceTag, page),
    listPrice:
      amountIn(first("product:original_price:amount", "og:price:standard_amount"), page) ??
      (sale === null ? null : price),
    availability: availabilityIn(first("product:availability", "og:availability")),
    condition: first("product:condition", "og:condition"),
    brand: first("product:brand", "og:brand"),
    gtin: gtinIn(first("product:ean", "product:gtin", "product:upc", "product:isbn", "book:isbn")),
    sku: first("product:retailer_item_id", "product:retailer_part_no"),
    image: addressIn(first("og:image:secure_url", "og:image", "twitter:image"), page)?.href ?? null,
    description: first("og:description", "description")?.slice(0, 5_000) ?? null,
  };
}
