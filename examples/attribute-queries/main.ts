/**
 * S15 attribute queries: one view instead of one for each attribute, and nothing loaded that wasn't asked for.
 *
 * `node dist/examples/attribute-queries/main.js` · `--size N` documents · `--full` · `--ci` · `--directory DIR`
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { openRuntime, type Runtime } from "tidemark";
import { inTemporaryDirectory } from "tidemark/testing";
import { heapBytes } from "./memory.js";
import { ProductItem } from "./product.js";
import { products } from "./products-view.js";
import { assertCounts, measureQueries, type Measured } from "./queries.js";
import { idOf, productAt, supply } from "./traffic.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
  },
});

const documents = Number(flags.size ?? (flags.full ? 1_000_000 : flags.ci ? 3_000 : 20_000));
const WAIT_MS = 600_000;
/** What may be in memory beside a view: far less than a million documents are. */
const HEAP_GROWTH_MAX = 64 * 2 ** 20;
const CHANGED = 100;

async function main(directory: string): Promise<void> {
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
    const changed = await changeSome(runtime);
    report(runtime, { seconds, measured, few, heapOfFew, heapOfAll, changed });
    const grown = heapOfAll - heapOfFew;
    const outcome = {
      "documents, opened again while it was behind": {
        stated: documents,
        found: await view.count(),
      },
      "memory grew by less than 64 MiB": { stated: true, found: grown < HEAP_GROWTH_MAX },
      "documents written of those handled": { stated: changed.priced, found: changed.written },
      // A busy machine spoils single answers, not half of them; small runs are for tests, which don't judge times.
      ...(flags.ci ? {} : inTime(measured)),
    };
    console.table(outcome);
    for (const [what, { stated, found }] of Object.entries(outcome))
      assert.equal(found, stated, `not as stated: ${what}`);
  } finally {
    await runtime.close();
  }
}

function inTime(measured: readonly Measured[]) {
  const isInTime = ({ latencies, targetMs }: Measured) => latencies.percentile(50) < targetMs * 1e6;
  const [byId, ...pages] = measured;
  return {
    "half of the gets by id took less than 50 µs": { stated: true, found: byId && isInTime(byId) },
    "half of any pages took less than 1 ms": { stated: true, found: pages.every(isInTime) },
  };
}

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
  readonly written: number;
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
  const written = await toldOf.changed;
  assert.deepEqual([...written].sort(), [...priced].sort());
  const [first = ""] = priced;
  assert.equal((await view.get(first, { fresh: true }))?.cents, 1);
  return {
    watched: toldOf.watched,
    priced: priced.length,
    written: written.size,
    lookedAt: entries.length,
  };
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
  console.log(
    `${count(documents)} documents with five indexes, recorded and indexed in ${seconds.toFixed(1)} s`,
  );
  for (const { query, latencies, targetMs } of measured) {
    const us = (ns: number) => `${(ns / 1_000).toFixed(0).padStart(5)} µs`;
    const [half, most] = [us(latencies.percentile(50)), us(latencies.percentile(99))];
    line(query.padEnd(43), `p50 ${half}   p99 ${most}   wanted ${us(targetMs * 1e6)}`);
  }
  line("memory in use", `${mib(heapOfFew)} with ${count(few)}, ${mib(heapOfAll)} with all of them`);
  const parts = Object.entries(runtime.status().journal.diskBytes);
  line("journal on disk", parts.map(([part, bytes]) => `${part} ${mib(bytes)}`).join(", "));
  line(
    "changed",
    `${changed.lookedAt} of ${count(changed.watched)} documents of a brand were handled, ${changed.written} were different and written`,
  );
  console.log("Everything was found where it belongs.");
}

function count(value: number): string {
  return value.toLocaleString("en");
}

function line(name: string, text: string): void {
  console.log(`  ${name.padEnd(15)}  ${text}`);
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
