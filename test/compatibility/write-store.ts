/**
 * Writes a store of today's format, to be kept for ever: `npm run build && node dist/test/compatibility/write-store.js <release>`.
 * It has every kind of record, from a clock and ids that are always the same. Written once a release, and never again.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inProcessHub, openRuntime, verifyStore, type Ids, type Runtime } from "tidemark";
import { ManualClock } from "tidemark/testing";
import { openLmdbJournal } from "../../journal/index.js";
import { limitsOf } from "../../src/kernel/limits.js";
import { silentLogger } from "../../src/kernel/log.js";
import { asJson, LATER_MS, settled, showStore, type ExpectedStore } from "./describe.js";
import { formats } from "./formats.js";
import { pack, unpack } from "./packing.js";
import { Delivery, EarlierOrder, Order, Orders, Price, PriceList, shop, Watch } from "./shop.js";

/** 00000000-0000-4000-8000-000000000001 and on. */
function countingIds(): Ids {
  let given = 0;
  return { newId: () => `00000000-0000-4000-8000-${String((given += 1)).padStart(12, "0")}` };
}

const [release] = process.argv.slice(2);
if (release === undefined) throw new Error("which release writes it? write-store.js <release>");
const kept = join("test/compatibility/stores", release);
mkdirSync(kept, { recursive: true });
const work = mkdtempSync(join(tmpdir(), "tidemark-store-"));
const directory = join(work, "store");
const clock = new ManualClock();
const ids = countingIds();

/** What the runtime itself doesn't write, or not without a wait: expiring and moved claims, truncation, several streams a commit. */
async function writeRaw(): Promise<void> {
  const limits = limitsOf({});
  const journal = await openLmdbJournal({
    directory,
    clock,
    ids,
    limits,
    logger: silentLogger,
    freeBytesMin: 0,
  });
  const expiresAtMs = clock.nowMs() + LATER_MS / 2;
  await journal.append({
    streams: [
      {
        streamId: "raw/one",
        events: [{ type: "Began", data: { bytes: Buffer.from([1, 2, 255]) } }],
      },
      {
        streamId: "raw/two",
        events: [{ type: "Began" }, { type: "Went", shape: 3, data: [1, -0.5, null] }],
      },
    ],
    commandId: "raw-1",
    reply: { said: "yes" },
    metadata: { correlationId: "c", causationId: "d", headers: { by: "ada" } },
    claims: [
      { op: "take", name: "raw", key: "kept", owner: "raw/one" },
      { op: "take", name: "raw", key: "moved", owner: "raw/one" },
      { op: "take", name: "raw", key: "given-up", owner: "raw/two" },
      { op: "take", name: "raw", key: "short", owner: "raw/two", expiresAtMs },
    ],
  });
  const data = { big: 2n ** 62n, when: new Date(0), text: "ß 🌊", long: "x".repeat(3_000) };
  await journal.append({ streams: [{ streamId: "raw/one", events: [{ type: "Went", data }] }] });
  await journal.append({
    streams: [{ streamId: "raw/one", events: [{ type: "Ended" }], truncateBefore: 2, expected: 2 }],
    claims: [
      { op: "move", name: "raw", key: "moved", owner: "raw/one", to: "raw/two" },
      { op: "release", name: "raw", key: "given-up", owner: "raw/two" },
    ],
  });
  await journal.close();
}

async function writeEarlierShape(): Promise<void> {
  const runtime = await openRuntime({
    directory,
    clock,
    ids,
    aggregates: [EarlierOrder],
    freeBytesMin: 0,
  });
  await runtime.ask(EarlierOrder, "o-0", { type: "Place", data: { buyer: "ada", price: 7 } });
  await runtime.close();
}

async function place(
  runtime: Runtime,
  id: string,
  buyer: string,
  cents: number,
  tags: string[] = [],
) {
  const commandId = `place-${id}`;
  await runtime.ask(Order, id, { type: "Place", data: { buyer, cents, tags } }, { commandId });
  await settled(runtime);
}

/** Waits, a little at a time, so that what waits for an answer goes on in between. */
async function pass(runtime: Runtime, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 5_000) {
    await clock.advance(5_000);
    await settled(runtime);
  }
}

async function writeShop(): Promise<void> {
  const hub = inProcessHub();
  const other = await openRuntime({
    ...{ directory: join(work, "other"), clock, ids, aggregates: [Price], freeBytesMin: 0 },
    ...{ service: "prices", messaging: hub },
  });
  const runtime = await openRuntime({
    ...shop,
    directory,
    clock,
    ids,
    freeBytesMin: 0,
    messaging: hub,
  });
  await other.ask(Price, "tea", { type: "Set", data: { cents: 250 } });
  await other.ask(Price, "cake", { type: "Set", data: { cents: 400 } });
  await place(runtime, "o-1", "bob", 1_000, ["gift", "express"]);
  await place(runtime, "o-2", "cleo", 2_500, ["gift"]);
  await place(runtime, "o-3", "mallory", 10);
  await place(runtime, "o-4", "dan", 300);
  await runtime.ask(Order, "o-1", { type: "Pay" });
  await pass(runtime, 35_000);
  await runtime.ask(Order, "o-4", { type: "Pay" });
  await runtime.ask(Order, "o-3", { type: "Cancel" });
  await settled(runtime);
  await runtime.sagas.park(Delivery, "o-2", { by: "an operator", reason: "a call came in" });
  await runtime.sagas.end(Delivery, "o-0", { by: "an operator" });
  await runtime.rules.park(Watch, "o-3", { by: "an operator" });
  await runtime.operations.pause(Orders, { by: "an operator", reason: "to look" });
  await runtime.operations.resume(Orders, { by: "an operator" });
  await pass(runtime, 5_000);
  const prices = async () => (await runtime.view(PriceList).list()).entries.length;
  while ((await prices()) < 2) await pass(runtime, 5_000);
  await runtime.close();
  await other.close();
}

await writeRaw();
await writeEarlierShape();
await writeShop();
pack(directory, join(kept, "store.json.gz"));
const verified = await verifyStore(directory);
const closedAtMs = clock.nowMs();
const copy = join(work, "copy");
unpack(join(kept, "store.json.gz"), copy);
const expected: ExpectedStore = {
  release,
  formats,
  closedAtMs,
  verified: { ...verified, directory: "" },
  ...(await showStore(copy, closedAtMs)),
};
writeFileSync(
  join(kept, "expected.json"),
  `${JSON.stringify(asJson(expected))}
`,
);
rmSync(work, { recursive: true });
console.log(`${kept}: ${verified.head} events, ${verified.problemCount} problems`);
