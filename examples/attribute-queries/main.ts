/**
 * Attribute queries: one view instead of one for each attribute, and nothing loaded that wasn't asked for.
 *
 * `node dist/examples/attribute-queries/main.js` · `--documents N` · `--ci` · `--directory DIR`, an empty one
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { openRuntime, type Runtime } from "tidemark";
import { inDirectory } from "../support/directory.js";
import { count, lines } from "../support/figures.js";
import { heapBytes } from "./memory.js";
import { ProductItem, products } from "./products.js";
import { assertCounts, measureQueries, type Measured } from "./queries.js";
import { idOf, productAt, supply } from "./supply.js";

const { values } = parseArgs({
  options: {
    directory: { type: "string" },
    documents: { type: "string" },
    ci: { type: "boolean", default: false },
  },
});

const documents = Number(values.documents ?? (values.ci ? 3_000 : 20_000));
const WAIT_MS = 600_000;
/** What may be in memory beside a view: far less than a million documents are. */
const HEAP_GROWTH_MAX = 64 * 2 ** 20;
const CHANGED = 100;

await inDirectory("attribute-queries", values.directory, async (directory) => {
  const options = { directory, aggregates: [ProductItem], projections: [products] };
  const few = Math.ceil(documents / 10);
  const startedAt = performance.now();
  let runtime = await openRuntime(options);
  let heapOfFew: number;
  try {
    await supply(runtime, 0, few);
    await runtime.view(products).count({ fresh: true, timeoutMs: WAIT_MS });
  } finally {
    await runtime.close();
  }
  // Both times in a runtime that was just opened, so that what the commands took is gone.
  runtime = await openRuntime(options);
  try {
    heapOfFew = await heapWhileRead(runtime, few);
    // The rest comes, and the runtime is closed before the view has all of it.
    await supply(runtime, few, documents);
  } finally {
    await runtime.close();
  }
  runtime = await openRuntime(options);
  try {
    const view = runtime.view(products);
    await view.count({ fresh: true, timeoutMs: WAIT_MS });
    const seconds = (performance.now() - startedAt) / 1_000;
    await assertCounts(runtime, documents);
    const measured = await measureQueries(runtime, documents);
    const heapOfAll = await heapWhileRead(runtime, documents);
    assert.ok(heapOfAll - heapOfFew < HEAP_GROWTH_MAX, "memory grew with the documents");
    const changed = await changeSome(runtime);
    report(runtime, { seconds, measured, few, heapOfFew, heapOfAll, changed });
  } finally {
    await runtime.close();
  }
});

/** Bytes in use when pages have just been read from everywhere. */
async function heapWhileRead(runtime: Runtime, so: number): Promise<number> {
  const view = runtime.view(products);
  await view.count({ fresh: true, timeoutMs: WAIT_MS });
  for (let n = 0; n < so; n += Math.ceil(so / 1_000)) await view.get(idOf(n));
  return heapBytes();
}

interface Changed {
  readonly watched: number;
  readonly priced: number;
  readonly lookedAt: number;
}

/** Half of the documents of a brand get another price, all are put back as they were: only the first are written. */
async function changeSome(runtime: Runtime): Promise<Changed> {
  const view = runtime.view(products);
  const brand = { equals: productAt(0).brand };
  const { entries } = await view.find("byBrand", { ...brand, limit: CHANGED });
  const priced = entries.slice(0, Math.ceil(entries.length / 2)).map(({ id }) => id);
  const toldOf = await watchPrices(runtime, priced.length);
  for (const { id } of entries) await runtime.ask(ProductItem, id, { type: "LookAt" });
  for (const id of priced)
    await runtime.ask(ProductItem, id, { type: "Price", data: { cents: 1 } });
  assert.deepEqual([...(await toldOf.changed)].sort(), [...priced].sort());
  const [first = ""] = priced;
  assert.equal((await view.get(first, { fresh: true }))?.cents, 1);
  return { watched: toldOf.watched, priced: priced.length, lookedAt: entries.length };
}

/** Resolves once it has read every document of the brand; `changed` then gives the first so many that were written. */
async function watchPrices(
  runtime: Runtime,
  wanted: number,
): Promise<{ readonly watched: number; readonly changed: Promise<ReadonlySet<string>> }> {
  const brand = { equals: productAt(0).brand };
  const watch = runtime.view(products).watchBy("byBrand", brand);
  const watched = await runtime.view(products).countBy("byBrand", brand);
  for (let n = 0; n < watched; n++) await watch.next();
  const changed = (async () => {
    const ids = new Set<string>();
    for await (const { id } of watch) if (ids.add(id).size === wanted) break;
    return ids;
  })();
  return { watched, changed };
}

function report(
  runtime: Runtime,
  result: {
    readonly seconds: number;
    readonly measured: readonly Measured[];
    readonly few: number;
    readonly heapOfFew: number;
    readonly heapOfAll: number;
    readonly changed: Changed;
  },
): void {
  const { seconds, measured, few, heapOfFew, heapOfAll, changed } = result;
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const us = (ms: number) => `${(ms * 1_000).toFixed(0).padStart(5)} µs`;
  console.log(
    `${count(documents)} documents with five indexes, recorded and indexed in ${seconds.toFixed(1)} s\n` +
      lines(
        measured.map(({ query, latencies, targetMs }) => [
          query,
          `p50 ${us(latencies.quantile(0.5))}   p99 ${us(latencies.quantile(0.99))}   wanted ${us(targetMs)}`,
        ]),
      ),
  );
  const parts = Object.entries(runtime.status().journal.diskBytes).map(
    ([part, bytes]) => `${part} ${mib(bytes)}`,
  );
  const figures = [
    ["memory in use", `${mib(heapOfFew)} with ${count(few)}, ${mib(heapOfAll)} with all of them`],
    ["journal on disk", parts.join(", ")],
    [
      "changed",
      `${changed.lookedAt} of ${count(changed.watched)} documents of a brand were handled, ${changed.priced} were different and written`,
    ],
  ] as const;
  console.log(lines(figures));
  // A busy machine spoils single answers, not half of them; small runs are for tests, which don't judge times.
  if (!values.ci)
    for (const { query, latencies, targetMs } of measured)
      assert.ok(latencies.quantile(0.5) < targetMs, `${query}: half of them within the target`);
  console.log("Everything was found where it belongs.");
}
