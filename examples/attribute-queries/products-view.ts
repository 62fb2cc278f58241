/** The view: products by their ids, and five more ways to find them. */
import { collection, projection } from "tidemark";
import { ProductItem, type Product } from "./product.js";

/** The band of prices that a product is in: not a field of it, but found by it. */
export function priceBand(cents: number): "cheap" | "fair" | "dear" {
  return cents < 2_000 ? "cheap" : cents < 50_000 ? "fair" : "dear";
}

export const products = projection({
  name: "products",
  version: 1,
  from: [ProductItem],
  collections: {
    // #region indexes
    products: collection<Product>()
      .index("byBrand", "brand")
      .index("byCategory", "category", "cents")
      .indexEach("byTag", "tags")
      .indexBy("byBand", ({ cents, stock }) =>
        stock > 0 ? ([priceBand(cents), cents] as const) : undefined,
      )
      .unique("bySku", "sku"),
    // #endregion
  },
  on: {
    Listed: ({ entityId, data }, documents) => documents.products.put(entityId, data),
    Priced: ({ entityId, data }, documents) =>
      documents.products.update(entityId, (product) => product && { ...product, ...data }),
    // Puts back what it read: a document that is as it was isn't written.
    LookedAt: ({ entityId }, documents) =>
      documents.products.update(entityId, (product) => product && { ...product }),
  },
});
