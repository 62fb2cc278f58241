/** Tries every peer for a moment: deposits at 1 and at 256 in flight, and whether what was acknowledged is in the store. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { castoreInMemory } from "./castore.js";
import { effectCluster } from "./effect-cluster.js";
import { emmettSqlite } from "./emmett-sqlite.js";
import { nactSqlite } from "./nact.js";

const ACCOUNTS = 100;
const RUNS = [
  { count: 300, inFlight: 1 },
  { count: 1_000, inFlight: 256 },
];

const ids = Array.from(
  { length: ACCOUNTS },
  (_, n) => `f81d4fae-7dec-11d0-a765-${n.toString(16).padStart(12, "0")}`,
);

async function perSecond(store, count, inFlight) {
  let next = 0;
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      while (next < count) {
        const n = next++;
        await store.deposit(ids[n % ACCOUNTS], 1 + (n % 997));
      }
    }),
  );
  return Math.round((count * 1_000) / (performance.now() - startedAt));
}

for (const peer of [emmettSqlite, nactSqlite, castoreInMemory, effectCluster]) {
  const directory = mkdtempSync(join(tmpdir(), "tidemark-peers-"));
  const store = await peer.open(directory);
  try {
    let acknowledged = 0;
    const rates = [];
    for (const { count, inFlight } of RUNS) {
      rates.push(`${await perSecond(store, count, inFlight)}/s at ${inFlight} in flight`);
      acknowledged += count;
    }
    const rejected = await store.deposit(ids[0], 0).then(
      () => false,
      () => true,
    );
    if (!rejected) throw new Error(`${peer.name}: took a deposit of nothing`);
    const recorded = await store.count();
    if (recorded !== acknowledged)
      throw new Error(`${peer.name}: ${acknowledged} acknowledged, ${recorded} recorded`);
    const durable = peer.durable ? "durable" : "not durable";
    console.log(`${peer.name} (${durable}; ${peer.note}): ${rates.join(", ")}`);
  } finally {
    await store.close();
    rmSync(directory, { recursive: true });
  }
}
