/** What every store of keys promises. */
import { describe, expect, test } from "vitest";
import type { KeyStore, WrappedKey } from "../../journal/index.js";

export interface KeysHarness {
  /** Closes what was open, and opens it again. */
  open(): Promise<KeyStore>;
}

export function keyOf(subject: string, keyId: string): WrappedKey {
  const wrapped = Buffer.from(`wrapped ${subject} ${keyId}`);
  return { subject, keyId, masterKeyId: "m1", wrapped, createdAtMs: 1_000 };
}

export function keysConformance(name: string, harness: () => KeysHarness): void {
  describe(`A store of keys, ${name}`, () => {
    test("gives the keys of a subject in the order in which they came, also after a reopening", async () => {
      const { open } = harness();
      const store = await open();
      await store.put([keyOf("b", "b1"), keyOf("a", "a1")]);
      await store.put([keyOf("a", "a2")]);
      const expectThem = (found: KeyStore) => {
        expect(found.find("a")).toEqual([keyOf("a", "a1"), keyOf("a", "a2")]);
        expect(found.find("nobody")).toEqual([]);
      };
      expectThem(store);
      expectThem(await open());
    });

    test("replaces a key of the same subject and id", async () => {
      const store = await harness().open();
      await store.put([keyOf("a", "a1"), keyOf("a", "a2")]);
      await store.put([{ ...keyOf("a", "a1"), masterKeyId: "m2" }]);
      expect(store.find("a").map(({ masterKeyId }) => masterKeyId)).toEqual(["m2", "m1"]);
    });

    test("lists subjects in order, by pages", async () => {
      const store = await harness().open();
      await store.put(["c", "ä", "a", "z", "b"].map((subject) => keyOf(subject, "k")));
      expect(store.subjects("", 3)).toEqual(["a", "b", "c"]);
      expect(store.subjects("c", 3)).toEqual(["z", "ä"]);
    });

    test("rewritten, has what was made of each key and nothing else, also after a reopening", async () => {
      const { open } = harness();
      const store = await open();
      const subjects = Array.from({ length: 5_000 }, (_, n) => `s${String(n).padStart(4, "0")}`);
      await store.put(subjects.map((subject) => keyOf(subject, "k1")));
      await store.put([keyOf("s0001", "k2")]);
      const rewriting = store.rewrite((key) =>
        key.keyId === "k2" || key.subject === "s0000" ? undefined : { ...key, masterKeyId: "m2" },
      );
      // What is put meanwhile isn't lost.
      const putting = store.put([keyOf("late", "k1")]);
      await Promise.all([rewriting, putting]);
      const expectRewritten = (found: KeyStore) => {
        expect(found.find("s0000")).toEqual([]);
        expect(found.find("s0001")).toMatchObject([{ keyId: "k1", masterKeyId: "m2" }]);
        expect(found.find("s4999")).toMatchObject([{ masterKeyId: "m2" }]);
        expect(found.find("late")).toEqual([keyOf("late", "k1")]);
      };
      expectRewritten(store);
      expectRewritten(await open());
    });
  });
}
