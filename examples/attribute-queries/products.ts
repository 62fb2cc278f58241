/** The domain and its view: products, and five ways to find them beside their ids. */
import { aggregate, collection, projection } from "tidemark";

export interface Product {
  readonly sku: string;
  readonly name: string;
  readonly brand: string;
  readonly category: string;
  readonly cents: number;
  readonly tags: readonly string[];
  readonly stock: number;
}

export type ProductCommand =
  | { readonly type: "List"; readonly data: Product }
  | { readonly type: "Price"; readonly data: { readonly cents: number } }
  | { readonly type: "LookAt" };

export type ProductEvent =
  | { readonly type: "Listed"; readonly data: Product }
  | { readonly type: "Priced"; readonly data: { readonly cents: number } }
  | { readonly type: "LookedAt" };

export const ProductItem = aggregate<{ readonly listed: boolean }, ProductCommand, ProductEvent>({
  name: "product",
  initialState: () => ({ listed: false }),
  decide: {
    List: ({ listed }, data) => (listed ? [] : { type: "Listed", data }),
    Price: (_state, data) => ({ type: "Priced", data }),
    LookAt: () => ({ type: "LookedAt" }),
  },
  evolve: {
    Listed: () => ({ listed: true }),
    Priced: (state) => state,
    LookedAt: (state) => state,
  },
});

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
