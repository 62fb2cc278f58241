/** The aggregate: a product of a shop, with the attributes that it is asked for. */
import { aggregate } from "tidemark";

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
