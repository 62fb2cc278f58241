/** The products of a run, each made from its number alone: what is expected of a query can be counted without the view. */
import type { Runtime } from "tidemark";
import { pickAt, randomAt } from "tidemark/testing";
import { ProductItem, type Product } from "./product.js";

const BRANDS = Array.from({ length: 500 }, (_, n) => `brand-${n}`) as [string, ...string[]];
const CATEGORIES = Array.from({ length: 50 }, (_, n) => `category-${n}`) as [string, ...string[]];
const TAGS = ["new", "used", "eco", "gift", "sale", "import", "handmade", "heavy"] as const;

export const idOf = (number: number): string => `product-${number}`;

export function productAt(number: number): Product {
  return {
    sku: `SKU-${String(number).padStart(8, "0")}`,
    name: `Product number ${number}`,
    brand: pickAt(BRANDS, 1, number),
    category: pickAt(CATEGORIES, 2, number),
    cents: Math.floor(10 ** (2 + 4 * randomAt(3, number))),
    tags: TAGS.filter((_, nth) => randomAt(10 + nth, number) < 0.2),
    stock: Math.floor(randomAt(4, number) * 20),
  };
}

/** Lists products `from` to `before`, many on their way at a time. */
export async function supply(runtime: Runtime, from: number, before: number): Promise<void> {
  let next = from;
  const worker = async () => {
    while (next < before) {
      const number = next++;
      const command = { type: "List", data: productAt(number) } as const;
      await runtime.ask(ProductItem, idOf(number), command);
    }
  };
  await Promise.all(Array.from({ length: 512 }, worker));
}
