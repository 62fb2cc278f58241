/** The keys in use, while some are being written and all are wrapped anew. */
import { describe, expect, test } from "vitest";
import { MemoryKeys, type KeyStore } from "../../journal/index.js";
import { KeyRing } from "../../src/privacy/key-ring.js";
import type { MasterKeys } from "../../src/privacy/master-key.js";
import { systemRandomBytes } from "../../src/kernel/system-clock.js";
import { ManualClock } from "../../src/testing/index.js";

const STORE = "00000000-0000-4000-8000-000000000000";

/** Like a disk: what is asked for happens in order, some turns later. */
function slowed(store: MemoryKeys): KeyStore {
  let last: Promise<void> = Promise.resolve();
  const later = (work: () => Promise<void>) => {
    last = last.then(async () => {
      for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
      await work();
    });
    return last;
  };
  return {
    find: (subject) => store.find(subject),
    subjects: (after, limit) => store.subjects(after, limit),
    put: (keys) => later(() => store.put(keys)),
    rewrite: (change) => later(() => store.rewrite(change)),
    refresh: () => store.refresh(),
    close: () => store.close(),
  };
}

const masterKey = (id: string) => ({ id, key: Buffer.alloc(32, id) });

const open = (store: KeyStore, masterKeys: MasterKeys) =>
  KeyRing.open({
    ...{ store, storeId: STORE, readOnly: false, masterKeys, randomBytes: systemRandomBytes },
    ...{ foreignKeys: undefined, foreignKeyTtlMs: 0, keysCached: 100, clock: new ManualClock() },
  });

describe("A key that many wait for while all are wrapped anew", () => {
  test("is wrapped by the new master key in the end, by whomever it was written", async () => {
    const store = new MemoryKeys();
    let current = "one";
    const ring = await open(slowed(store), (id) => masterKey(id ?? current));
    const { names } = ring.current("ann");
    current = "two";
    const wrapped = ring.rewrap();
    let isOver = false;
    void wrapped.then(() => (isOver = true));
    const waits: Promise<void>[] = [];
    while (!isOver) {
      // As the journal asks before each of its commits.
      const wait = ring.durable();
      if (wait !== undefined) waits.push(wait);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await Promise.all(waits);
    expect(waits.length).toBeGreaterThan(1);
    expect(store.find("ann").map(({ masterKeyId }) => masterKeyId)).toEqual(["two"]);
    const again = await open(store, (id) =>
      id === undefined || id === "two" ? masterKey("two") : undefined,
    );
    for (const name of names) expect(again.find(name, STORE)).toBeDefined();
  });
});
