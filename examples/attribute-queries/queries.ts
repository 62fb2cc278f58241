/** The queries, each checked against what the products of the run must give, and measured. */
import assert from "node:assert/strict";
import { createHistogram, type Histogram } from "node:perf_hooks";
import type { Runtime } from "tidemark";
import { randomAt } from "tidemark/testing";
import type { Product } from "./product.js";
import { priceBand, products } from "./products-view.js";
import { idOf, productAt } from "./traffic.js";

export interface Measured {
  readonly query: string;
  /** Nanoseconds. */
  readonly latencies: Histogram;
  /** Milliseconds that half of them may not exceed. */
  readonly targetMs: number;
}

const ROUNDS = 2_000;
const PAGE = 50;

export async function measureQueries(runtime: Runtime, documents: number): Promise<Measured[]> {
  await assertWritten(runtime);
  const view = runtime.view(products);
  const measured: Measured[] = [];
  const measure = async (
    query: string,
    targetMs: number,
    ask: (number: number) => Promise<(Product | undefined)[]>,
    isExpected: (product: Product, number: number) => boolean,
  ) => {
    const latencies = createHistogram();
    for (let round = 0; round < ROUNDS; round++) {
      const number = Math.floor(randomAt(20, round) * documents);
      const askedAt = performance.now();
      const found = await ask(number);
      latencies.record(Math.ceil((performance.now() - askedAt) * 1e6));
      assert.ok(found.length > 0 && found.length <= PAGE);
      for (const product of found)
        assert.ok(product !== undefined && isExpected(product, number), query);
    }
    measured.push({ query, latencies, targetMs });
  };
  const page = async (finding: Promise<{ entries: readonly { document: Product }[] }>) =>
    (await finding).entries.map(({ document }) => document);

  await measure(
    "get one by id",
    0.05,
    async (n) => [await view.get(idOf(n))],
    ({ sku }, n) => sku === productAt(n).sku,
  );
  await measure(
    "unique: by SKU",
    1,
    (n) => page(view.find("bySku", { equals: productAt(n).sku, limit: 1 })),
    ({ sku }, n) => sku === productAt(n).sku,
  );
  await measure(
    "single: 50 of a brand",
    1,
    (n) => page(view.find("byBrand", { equals: productAt(n).brand, limit: PAGE })),
    ({ brand }, n) => brand === productAt(n).brand,
  );
  await measure(
    "compound: 50 of a category by price",
    1,
    (n) => {
      const { category, cents } = productAt(n);
      return page(view.find("byCategory", { equals: category, from: cents, limit: PAGE }));
    },
    ({ category, cents }, n) => category === productAt(n).category && cents >= productAt(n).cents,
  );
  await measure(
    "multi-valued: 50 with a tag",
    1,
    (n) => page(view.find("byTag", { equals: tagOf(n), limit: PAGE })),
    ({ tags }, n) => tags.includes(tagOf(n)),
  );
  await measure(
    "computed: 50 of a price band, dearest first",
    1,
    (n) => {
      const equals = [priceBand(productAt(n).cents)] as const;
      return page(view.find("byBand", { equals, order: "descending", limit: PAGE }));
    },
    ({ cents, stock }, n) => stock > 0 && priceBand(cents) === priceBand(productAt(n).cents),
  );
  return measured;
}

/** Each way to find, as it is written down; what follows measures the same with products taken at random. */
async function assertWritten(runtime: Runtime): Promise<void> {
  const view = runtime.view(products);
  // #region queries
  const seventh = await view.get("product-7");
  const bySku = await view.find("bySku", { equals: "SKU-00000007", limit: 1 });
  const dearer = await view.find("byCategory", { equals: "category-3", from: 5_000, limit: 50 });
  const eco = await view.find("byTag", { equals: "eco", limit: 50 });
  const cheap = await view.find("byBand", { equals: ["cheap"], order: "descending", limit: 50 });
  // #endregion
  assert.deepEqual(seventh, productAt(7));
  assert.deepEqual(bySku.entries, [{ id: idOf(7), document: productAt(7) }]);
  const isAll = (found: typeof eco, isExpected: (product: Product) => boolean) =>
    assert.ok(found.entries.length > 0 && found.entries.every((each) => isExpected(each.document)));
  isAll(dearer, ({ category, cents }) => category === "category-3" && cents >= 5_000);
  isAll(eco, ({ tags }) => tags.includes("eco"));
  isAll(cheap, ({ cents, stock }) => stock > 0 && priceBand(cents) === "cheap");
  const prices = cheap.entries.map(({ document }) => document.cents);
  assert.deepEqual(
    prices,
    prices.toSorted((a, b) => b - a),
  );
}

function tagOf(number: number): string {
  return productAt(number).tags[0] ?? "new";
}

/** The counts of every index agree with those of the products themselves. */
export async function assertCounts(runtime: Runtime, documents: number): Promise<void> {
  const view = runtime.view(products);
  let [ofBrand, eco, cheap] = [0, 0, 0];
  for (let number = 0; number < documents; number++) {
    const { brand, tags, cents, stock } = productAt(number);
    if (brand === "brand-7") ofBrand += 1;
    if (tags.includes("eco")) eco += 1;
    if (stock > 0 && priceBand(cents) === "cheap") cheap += 1;
  }
  assert.equal(await view.count(), documents);
  assert.equal(await view.countBy("bySku"), documents);
  assert.equal(await view.countBy("byCategory"), documents);
  assert.equal(await view.countBy("byBrand", { equals: "brand-7" }), ofBrand);
  assert.equal(await view.countBy("byTag", { equals: "eco" }), eco);
  assert.equal(await view.countBy("byBand", { equals: "cheap" }), cheap);
}
