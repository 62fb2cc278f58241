import { existsSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LmdbViews, type ViewRange, type ViewStore, type ViewWrite } from "../../journal/index.js";
import { seal } from "../../journal/codec.js";
import { openEnvironment, openTable, type Environment } from "../../journal/lmdb/environment.js";
import { decodeViewKey, encodeViewKey } from "../../journal/lmdb/view-key-codec.js";
import { temporaryDirectory } from "../support/directories.js";
import { STORE, TABLES, viewKey } from "../support/view-keys.js";

const OTHER = "00000000-0000-4000-8000-000000000002";
const ALL: ViewRange = { from: [], before: ["\u{10ffff}"] };
const X: ViewWrite = { table: "rows", key: ["x"], value: 1 };

/** A folder of views with one row. */
async function written(): Promise<string> {
  const directory = temporaryDirectory();
  const views = new LmdbViews(directory, STORE);
  await views.write([X]);
  await views.close();
  return directory;
}

/** Does something to the environment while nobody else has it open. */
async function tamper<T>(directory: string, change: (environment: Environment) => T): Promise<T> {
  const environment = openEnvironment(join(directory, "views"), false);
  try {
    return change(environment);
  } finally {
    await environment.close();
  }
}

function rowsOf(views: ViewStore): number[] {
  return TABLES.map((table) => views.count(table, ALL));
}

describe("views on LMDB", () => {
  it("have keys that lmdb's own encoding finds", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(viewKey, { minLength: 1, maxLength: 20 }), async (keys) => {
        // Longer texts with control characters are what lmdb's own encoding mixes up.
        const plain = keys.filter((key) => key.every((part) => String(part).length < 64));
        const directory = temporaryDirectory();
        const views = new LmdbViews(directory, STORE);
        await views.write(plain.map((key) => ({ table: "rows", key, value: "found" })));
        await views.close();
        const found = await tamper(directory, (environment) => {
          const table = openTable(environment, "rows");
          return plain.map((key) =>
            // Ours are the same for -0 and 0.
            table.doesExist(key.map((part) => (part === 0 ? 0 : part)) as string[]),
          );
        });
        expect(found).toEqual(plain.map(() => true));
      }),
      { numRuns: 30 },
    );
  });

  it("refuse bytes that aren't a key, naming them", () => {
    for (const wrong of ["", "02", "13ff", "0661", "6100", "13ff0000000000000061", "1a"])
      expect(() => decodeViewKey(Buffer.from(wrong, "hex"))).toThrow(`the bytes ${wrong} aren't`);
    expect(decodeViewKey(encodeViewKey(["a", null, null, -1.5, true]))).toEqual([
      "a",
      null,
      null,
      -1.5,
      true,
    ]);
  });

  it("exist once a writer has opened them", () => {
    const directory = temporaryDirectory();
    expect(LmdbViews.exist(directory)).toBe(false);
    return new LmdbViews(directory, STORE).close().then(() => {
      expect(LmdbViews.exist(directory)).toBe(true);
    });
  });

  it("name the key of a damaged value, and what to do", async () => {
    const directory = await written();
    await tamper(directory, (environment) => {
      const bytes = seal(["other"]);
      bytes[2] = (bytes[2] ?? 0) ^ 1;
      openTable(environment, "rows").putSync(["x"], bytes);
    });
    const views = new LmdbViews(directory, STORE);
    for (const read of [() => views.get("rows", ["x"]), () => [...views.rows("rows", ALL)]])
      expect(read).toThrow(/key \["x"\] in rows of views: .*delete the folder "views"/);
    expect([...views.keys("rows", ALL)]).toEqual([["x"]]);
    await views.write([X]);
    expect(views.get("rows", ["x"])).toBe(1);
    await views.close();
  });
});

describe("views on LMDB that aren't ours", () => {
  const header = (directory: string, bytes: Uint8Array) =>
    tamper(directory, (environment) => openTable(environment, "about").putSync("views", bytes));
  const cases: Record<string, (directory: string) => unknown> = {
    "were made in another format": (directory) => header(directory, seal([2, STORE])),
    "were made for another log": (directory) => header(directory, seal([1, OTHER])),
    "have a damaged header row": (directory) => header(directory, Buffer.from([1, 2, 3])),
    "have no header row": (directory) =>
      tamper(directory, (environment) => openTable(environment, "about").removeSync("views")),
    "have a file that LMDB can't open": (directory) => {
      const file = join(directory, "views", "data.mdb");
      writeFileSync(file, readFileSync(file).fill(0, 0, 8_192));
    },
    "have an empty file": (directory) => {
      truncateSync(join(directory, "views", "data.mdb"));
    },
  };

  it.each(Object.keys(cases))("%s: a reader sees none, a writer begins anew", async (name) => {
    const directory = await written();
    await cases[name]?.(directory);
    const reader = new LmdbViews(directory, STORE, true);
    expect([rowsOf(reader), reader.get("rows", ["x"])]).toEqual([[0, 0, 0], undefined]);
    expect([rowsOf(reader), [...reader.rows("rows", ALL)]]).toEqual([[0, 0, 0], []]);
    reader.snapshot().close();
    reader.refresh();
    await reader.close();
    const writer = new LmdbViews(directory, STORE);
    expect(rowsOf(writer)).toEqual([0, 0, 0]);
    await writer.write([X]);
    await writer.close();
    const again = new LmdbViews(directory, STORE);
    expect(rowsOf(again)).toEqual([0, 0, 1]);
    await again.close();
  });

  it("were written before there was a header: nothing of them is left", async () => {
    const directory = temporaryDirectory();
    await tamper(directory, (environment) => {
      openTable(environment, "checkpoints").putSync(["a", 1], seal([STORE, 7]));
      openTable(environment, "documents").putSync(["a", 1, "x"], seal([1]));
    });
    const reader = new LmdbViews(directory, STORE, true);
    expect(rowsOf(reader)).toEqual([0, 0, 0]);
    await reader.close();
    const writer = new LmdbViews(directory, STORE);
    expect(rowsOf(writer)).toEqual([0, 0, 0]);
    await writer.close();
    const tables = await tamper(directory, (environment) => [...environment.getKeys({})]);
    expect(tables).toEqual(["about", ...TABLES]);
  });

  it("aren't there: a reader makes nothing, and finds them once a writer has made them", async () => {
    const directory = temporaryDirectory();
    const reader = new LmdbViews(directory, STORE, true);
    expect([rowsOf(reader), existsSync(join(directory, "views"))]).toEqual([[0, 0, 0], false]);
    const writer = new LmdbViews(directory, STORE);
    await writer.write([X]);
    reader.refresh();
    expect(reader.get("rows", ["x"])).toBe(1);
    await Promise.all([reader.close(), writer.close()]);
  });
});

describe("views on LMDB, read while they are written", () => {
  const both = (n: number): ViewWrite[] => [
    ...Array.from({ length: 1_500 }, (_, i) => ({ table: "rows" as const, key: [i], value: n })),
    { table: "documents", key: ["n"], value: n },
  ];

  it("show one state in one turn, also when a write comes to the disk in the middle of it", async () => {
    const directory = temporaryDirectory();
    const views = new LmdbViews(directory, STORE);
    await views.write(both(0));
    const observer = new LmdbViews(directory, STORE, true);
    const isOnDisk = (n: number) => {
      observer.refresh();
      return observer.get("documents", ["n"]) === n;
    };
    let overtaken = 0;
    for (let n = 1; n <= 20; n += 1) {
      const write = views.write(both(n));
      // A write of fewer than 2,000 rows begins when this turn ends.
      await new Promise(setImmediate);
      const seen = views.get("documents", ["n"]);
      while (!isOnDisk(n));
      if (seen === n - 1) overtaken += 1;
      const snapshot = views.snapshot();
      for (const reader of [views, snapshot]) {
        expect(reader.get("documents", ["n"])).toBe(seen);
        expect(new Set([...reader.rows("rows", ALL)].map(({ value }) => value))).toEqual(
          new Set([seen]),
        );
      }
      snapshot.close();
      await write;
      expect(views.get("documents", ["n"])).toBe(n);
    }
    expect(overtaken).toBeGreaterThan(0);
    await Promise.all([observer.close(), views.close()]);
  });

  it("are seen by a reader beside the owner as of its last refresh, or later", async () => {
    const directory = await written();
    const owner = new LmdbViews(directory, STORE);
    const reader = new LmdbViews(directory, STORE, true);
    expect(reader.get("rows", ["x"])).toBe(1);
    await owner.write([{ ...X, value: 2 }]);
    reader.refresh();
    expect(reader.get("rows", ["x"])).toBe(2);
    await expect(reader.write([X])).rejects.toThrow(
      expect.objectContaining({ code: "journal-read-only" }),
    );
    await expect(reader.removeRange("rows", ALL)).rejects.toThrow(
      expect.objectContaining({ code: "journal-read-only" }),
    );
    await Promise.all([reader.close(), owner.close()]);
  });

  it("pin what a snapshot sees until it is closed, and no longer", async () => {
    const directory = await written();
    const views = new LmdbViews(directory, STORE);
    const environment = openEnvironment(join(directory, "views"), true);
    /** Transactions that readers see, oldest first. */
    const pinned = () =>
      [...environment.readerList().matchAll(/ (\d+)$/gm)]
        .map(([, id]) => Number(id))
        .sort((a, b) => a - b);
    await new Promise(setImmediate);
    const snapshots = [views.snapshot(), views.snapshot()];
    const [id] = pinned();
    for (let n = 0; n < 5; n += 1) {
      await views.write([{ ...X, value: n }]);
      expect(snapshots.map((one) => [...one.rows("rows", ALL)][0]?.value)).toEqual([1, 1]);
    }
    expect(pinned()[0]).toBe(id);
    snapshots[0]?.close();
    expect(pinned()[0]).toBe(id);
    expect(snapshots[1]?.get("rows", ["x"])).toBe(1);
    snapshots[1]?.close();
    expect(pinned()).not.toContain(id);
    for (let n = 0; n < 100; n += 1) {
      const snapshot = views.snapshot();
      expect([...snapshot.keys("rows", ALL), ...views.keys("rows", ALL)]).toHaveLength(2);
      await views.write([{ ...X, value: n }]);
      expect([...snapshot.keys("rows", ALL), ...views.keys("rows", ALL)]).toHaveLength(2);
      snapshot.close();
    }
    expect(environment.readerList().split("\n").length).toBeLessThan(10);
    await Promise.all([environment.close(), views.close()]);
  });

  it("share a transaction among small writes of one turn", async () => {
    const directory = await written();
    const views = new LmdbViews(directory, STORE);
    const environment = openEnvironment(join(directory, "views"), true);
    const newest = () => {
      environment.resetReadTxn();
      return (environment.getStats() as { lastTxnId: number }).lastTxnId;
    };
    const before = newest();
    const writes = Array.from({ length: 50 }, (_, n) => views.write([{ ...X, value: n }]));
    await Promise.all(writes);
    // How many go with the first depends on how soon lmdb's own thread begins.
    expect(newest() - before).toBeLessThan(25);
    expect(views.get("rows", ["x"])).toBe(49);
    await Promise.all([environment.close(), views.close()]);
  });

  it("refuse everything once closed, and write what was begun before", async () => {
    const directory = await written();
    const views = new LmdbViews(directory, STORE);
    const snapshot = views.snapshot();
    const late = views.write([{ ...X, value: 2 }]);
    await views.close();
    await late;
    await views.close();
    snapshot.close();
    const closed = expect.objectContaining({ code: "journal-closed" }) as Error;
    for (const read of [
      () => views.get("rows", ["x"]),
      () => views.rows("rows", ALL),
      () => views.snapshot(),
      () => views.refresh(),
      () => snapshot.get("rows", ["x"]),
    ])
      expect(read).toThrow(closed);
    await expect(views.write([X])).rejects.toThrow(closed);
    await expect(views.removeRange("rows", ALL)).rejects.toThrow(closed);
    const again = new LmdbViews(directory, STORE);
    expect(again.get("rows", ["x"])).toBe(2);
    await again.close();
  });
});
