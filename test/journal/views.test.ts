import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  LmdbViews,
  MemoryViews,
  VIEW_KEY_BYTES_MAX,
  viewKeyBytes,
  type ViewKey,
  type ViewRange,
  type ViewStore,
  type ViewWrite,
} from "../../journal/index.js";
import { temporaryDirectory } from "../support/directories.js";
import { STORE, TABLES, viewKey } from "../support/view-keys.js";

/** Before and behind all keys that have a part: nothing sorts before null, nothing behind what no text begins with. */
const ALL: ViewRange = { from: [], before: ["\u{10ffff}"] };
const COUNT = 25_000;

function put(key: ViewKey, value: unknown): ViewWrite {
  return { table: "rows", key, value };
}

describe.each(["memory", "lmdb"])("a view store, on %s", (kind) => {
  let directory = "";
  let views: ViewStore;
  beforeEach(() => {
    directory = temporaryDirectory();
    views = kind === "lmdb" ? new LmdbViews(directory, STORE) : new MemoryViews();
  });
  afterEach(() => views.close());
  async function reopen(): Promise<void> {
    await views.close();
    if (kind === "lmdb") views = new LmdbViews(directory, STORE);
  }
  const keysOf = (range: ViewRange) => [...views.keys("rows", range)];

  it("keeps rows by table and key, also after it was opened again", async () => {
    await views.write([
      { table: "documents", key: [1, "x"], value: { n: 1 } },
      { table: "entries", key: [1, "x"], value: [1, null] },
      { table: "rows", key: [1], value: "other" },
    ]);
    await reopen();
    expect(TABLES.map((table) => [...views.rows(table, ALL)])).toEqual([
      [{ key: [1, "x"], value: { n: 1 } }],
      [{ key: [1, "x"], value: [1, null] }],
      [{ key: [1], value: "other" }],
    ]);
    expect(views.get("documents", [1, "x"])).toEqual({ n: 1 });
    expect([views.get("documents", [1]), views.get("rows", [])]).toEqual([undefined, undefined]);
  });

  it("replaces and removes, and tells null from nothing", async () => {
    await views.write([put(["x"], 1), put(["y"], 2), put(["z"], null)]);
    await views.write([put(["x"], 3), put(["y"], undefined), put(["no such"], undefined)]);
    await reopen();
    expect([...views.rows("rows", ALL)]).toEqual([
      { key: ["x"], value: 3 },
      { key: ["z"], value: null },
    ]);
    expect([views.get("rows", ["z"]), views.get("rows", ["y"])]).toEqual([null, undefined]);
  });

  it("applies writes in order: within one, and of several that were begun together", async () => {
    await Promise.all([
      views.write([put(["x"], 1), put(["x"], 2), put(["y"], 1), put(["y"], undefined)]),
      views.write([]),
      views.write([put(["x"], 3), put(["z"], 3)]),
      views.write([put(["z"], undefined)]),
    ]);
    await reopen();
    expect([...views.rows("rows", ALL)]).toEqual([{ key: ["x"], value: 3 }]);
  });

  it("shows what a write wrote as soon as it resolves, however soon it was read before", async () => {
    for (let n = 0; n < 50; n += 1) {
      expect(views.get("rows", ["n"])).toBe(n === 0 ? undefined : n - 1);
      await views.write([put(["n"], n)]);
      expect([views.get("rows", ["n"]), views.count("rows", ALL)]).toEqual([n, 1]);
    }
  });

  it("sorts null, booleans, numbers, texts, and a key before those it begins", async () => {
    const ordered: ViewKey[] = [
      [null],
      [null, null],
      [null, null, null],
      [false],
      [true],
      [true, 1],
      [-Infinity],
      [-(2n ** 63n) + 1n],
      [-1.5],
      [-1],
      [0],
      [0, "a"],
      [5e-324],
      [0.5],
      [2 ** 53],
      [2n ** 53n + 1n],
      [2 ** 53 + 2],
      [2n ** 64n - 1n],
      [2 ** 64],
      [Infinity],
      [""],
      ["", null],
      ["", "a"],
      ["\0"],
      ["\u001b"],
      ["\u001c"],
      ["a"],
      ["a", 1],
      ["a\0"],
      ["a\0b"],
      ["a\u0001"],
      ["ab"],
      ["ä"],
      ["€"],
      ["\u{fffd}"],
      ["😀"],
    ];
    await views.write(ordered.toReversed().map((key, n) => put(key, n)));
    await reopen();
    expect(keysOf(ALL)).toEqual(ordered);
    expect(keysOf({ ...ALL, descending: true })).toEqual(ordered.toReversed());
  });

  it("takes parts that are equal as one key: -0 and 0, 5n and 5, and half a surrogate pair and U+FFFD", async () => {
    await views.write([put([-0], 1), put([5n], 2), put(["\ud800"], 3)]);
    expect(keysOf(ALL)).toEqual([[0], [5], ["\u{fffd}"]]);
    expect([[0], [5], ["\u{fffd}"]].map((key) => views.get("rows", key))).toEqual([1, 2, 3]);
    expect([[-0], [5n], ["\udc00"]].map((key) => views.get("rows", key))).toEqual([1, 2, 3]);
  });

  it("keeps long texts apart that differ in control characters", async () => {
    const long = "a".repeat(100);
    const keys = [[long, "x", 1], [`${long}\0x`, 1], [`${long}\u0001x\u0004`]];
    await views.write(keys.map((key, n) => put(key, n)));
    await reopen();
    expect(keysOf(ALL)).toEqual(keys);
    expect(keys.map((key) => views.get("rows", key))).toEqual([0, 1, 2]);
  });

  it("begins a range with `from`, ends it before `before`, in both directions, up to a limit", async () => {
    await views.write([1, 2, 3, 4, 5].map((n) => put(["n", n], n)));
    const range = { from: ["n", 2], before: ["n", 5] };
    const numbers = (options: Partial<ViewRange>) =>
      keysOf({ ...range, ...options }).map((key) => key[1]);
    expect(numbers({})).toEqual([2, 3, 4]);
    expect(numbers({ descending: true })).toEqual([4, 3, 2]);
    expect(numbers({ limit: 2 })).toEqual([2, 3]);
    expect(numbers({ limit: 2, descending: true })).toEqual([4, 3]);
    expect(numbers({ limit: 0 })).toEqual([]);
    expect(numbers({ before: ["n", 2] })).toEqual([]);
    expect(numbers({ before: ["m"] })).toEqual([]);
    expect(numbers({ from: ["n", 2.5], before: ["n", 4.5], descending: true })).toEqual([4, 3]);
    expect(numbers({ from: ["n"], before: ["n", Infinity], descending: true, limit: 1 })).toEqual([
      5,
    ]);
    expect(views.count("rows", { ...range, descending: true })).toBe(3);
    expect(views.count("rows", { ...range, limit: 2 })).toBe(2);
  });

  it("can be left in the middle of a range, and read meanwhile", async () => {
    await views.write([1, 2, 3].map((n) => put([n], n)));
    for (const { value } of views.rows("rows", ALL)) {
      expect([...views.rows("rows", { ...ALL, descending: true })]).toHaveLength(3);
      expect(views.get("rows", [3])).toBe(3);
      expect(value).toBe(1);
      break;
    }
    await views.write([put([1], undefined)]);
    expect(keysOf(ALL)).toEqual([[2], [3]]);
  });

  it("removes a range of many keys and nothing else, also what is still on its way", async () => {
    const rows = Array.from({ length: COUNT }, (_, n) => put([7, n], n));
    void views.write(rows);
    void views.write([
      put([6], 6),
      put([8], 8),
      put([7], 7),
      { ...put([7, 1], 0), table: "entries" },
    ]);
    await views.removeRange("rows", { from: [7, -Infinity], before: [8] });
    await views.removeRange("rows", { from: [8], before: [8] });
    await reopen();
    expect(keysOf(ALL)).toEqual([[6], [7], [8]]);
    expect(views.count("entries", ALL)).toBe(1);
  });

  it("refuses a key that is too long, has no parts or has no order, and writes nothing beside it", async () => {
    const longest = "a".repeat(VIEW_KEY_BYTES_MAX - 4);
    expect(viewKeyBytes([longest])).toBe(VIEW_KEY_BYTES_MAX);
    await views.write([put([longest], 1)]);
    const wrong = [
      [`${longest}a`],
      ["\0".repeat(1_000)],
      [],
      [Number.NaN],
      [2n ** 64n],
      [{}] as unknown as ViewKey,
    ];
    for (const key of wrong)
      await expect(views.write([put(["x"], 1), put(key, 1)])).rejects.toThrow(
        expect.objectContaining({ code: "invalid-argument" }),
      );
    expect(keysOf(ALL)).toEqual([[longest]]);
  });

  it("takes bounds that are longer than any key", async () => {
    const longest = "b".repeat(VIEW_KEY_BYTES_MAX - 4);
    const longer = "b".repeat(100_000);
    await views.write([put(["a"], 0), put([longest], 1), put(["c"], 2)]);
    expect(views.get("rows", [longer])).toBeUndefined();
    expect(keysOf({ from: ["a"], before: [longer] })).toEqual([["a"], [longest]]);
    expect(keysOf({ from: [longer], before: ["d"], descending: true })).toEqual([["c"]]);
    await views.removeRange("rows", { from: [longest], before: [longer] });
    expect(keysOf(ALL)).toEqual([["a"], ["c"]]);
  });

  it("gives nobody a share of what it keeps", async () => {
    const value = { list: [1] };
    const key = ["x"];
    await views.write([put(key, value)]);
    value.list.push(2);
    key[0] = "y";
    const [row] = views.rows("rows", ALL);
    (row?.value as typeof value).list.push(3);
    (row?.key as string[])[0] = "z";
    expect([...views.rows("rows", ALL)]).toEqual([{ key: ["x"], value: { list: [1] } }]);
  });

  it("shows in a snapshot one state while writes go on, and refuses once it is closed", async () => {
    await views.write([put(["x"], 0), put(["y"], 0)]);
    const snapshot = views.snapshot();
    for (let n = 1; n <= 20; n += 1) {
      await views.write([put(["x"], n), put(["y"], undefined), put(["z", n], n)]);
      await new Promise(setImmediate);
      const later = views.snapshot();
      expect([snapshot.get("rows", ["x"]), snapshot.get("rows", ["z", 1])]).toEqual([0, undefined]);
      expect([...snapshot.rows("rows", ALL)].map(({ value }) => value)).toEqual([0, 0]);
      expect([...snapshot.keys("rows", { ...ALL, descending: true })]).toEqual([["y"], ["x"]]);
      expect([snapshot, later, views].map((one) => one.count("rows", ALL))).toEqual([
        2,
        n + 1,
        n + 1,
      ]);
      expect([later.get("rows", ["x"]), views.get("rows", ["x"])]).toEqual([n, n]);
      later.close();
    }
    snapshot.close();
    snapshot.close();
    expect(() => snapshot.get("rows", ["x"])).toThrow("closed");
    expect(() => [...snapshot.rows("rows", ALL)]).toThrow("closed");
    expect(views.count("rows", ALL)).toBe(21);
  });
});

describe("both view stores", () => {
  const writes = fc.array(
    fc.record({
      table: fc.constantFrom(...TABLES),
      key: viewKey,
      value: fc.oneof(fc.constant(undefined), fc.integer(), fc.string(), fc.constant(null)),
    }),
    { maxLength: 30 },
  );
  const range = fc.record(
    {
      table: fc.constantFrom(...TABLES),
      from: fc.oneof(viewKey, fc.constant([])),
      before: fc.oneof(viewKey, fc.constant(["\u{10ffff}"])),
      descending: fc.boolean(),
      limit: fc.nat(5),
    },
    { requiredKeys: ["table", "from", "before"] },
  );
  const step = fc.record({
    writes: fc.array(writes, { minLength: 1, maxLength: 3 }),
    ranges: fc.array(range, { maxLength: 10 }),
    removed: fc.option(range, { freq: 3, nil: undefined }),
    reopens: fc.nat(9).map((n) => n === 0),
  });

  it("give the same rows, ascending, descending, limited and counted, whatever the keys", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 4 }), async (steps) => {
        const directory = temporaryDirectory();
        const memory = new MemoryViews();
        let lmdb = new LmdbViews(directory, STORE);
        try {
          for (const { writes: batches, ranges, removed, reopens } of steps) {
            const before = [memory.snapshot(), lmdb.snapshot()] as const;
            const pictures = ranges.map((one) => pictureOf(before[0], one));
            for (const store of [memory, lmdb]) {
              await Promise.all(batches.map((batch) => store.write(batch)));
              if (removed !== undefined) await store.removeRange(removed.table, removed);
            }
            for (const [index, one] of ranges.entries()) {
              expect(pictureOf(lmdb, one)).toEqual(pictureOf(memory, one));
              expect(pictureOf(before[1], one)).toEqual(pictures[index]);
              expect(pictureOf(before[0], one)).toEqual(pictures[index]);
            }
            for (const batch of batches)
              for (const { table, key } of batch)
                expect(lmdb.get(table, key)).toEqual(memory.get(table, key));
            for (const snapshot of before) snapshot.close();
            if (!reopens) continue;
            await lmdb.close();
            lmdb = new LmdbViews(directory, STORE);
          }
        } finally {
          await lmdb.close();
        }
      }),
      { numRuns: 100 },
    );
  });

  function pictureOf(
    reader: Pick<ViewStore, "rows" | "keys" | "count">,
    { table, ...one }: ViewRange & { readonly table: (typeof TABLES)[number] },
  ) {
    const rows = [...reader.rows(table, one)];
    expect([...reader.keys(table, one)]).toEqual(rows.map(({ key }) => key));
    expect(reader.count(table, one)).toBe(rows.length);
    return rows;
  }
});
