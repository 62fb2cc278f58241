import { beforeEach, afterEach, describe, expect, it } from "vitest";
import { LmdbViews, MemoryViews, type ViewStore } from "../../journal/index.js";
import { temporaryDirectory } from "../support/directories.js";

const A = { name: "a", version: 1 };
const A2 = { name: "a", version: 2 };
const STORE = "00000000-0000-4000-8000-000000000001";

describe.each(["memory", "lmdb"])("a view store, on %s", (kind) => {
  let directory = "";
  let views: ViewStore;
  const memory = () => new MemoryViews();
  beforeEach(() => {
    directory = temporaryDirectory();
    views = kind === "lmdb" ? new LmdbViews(directory, STORE) : memory();
  });
  afterEach(() => views.close());
  async function reopen(storeId = STORE): Promise<void> {
    if (kind === "memory") return;
    await views.close();
    views = new LmdbViews(directory, storeId);
  }

  it("keeps documents and checkpoint together, by view and version", async () => {
    await views.write(
      A,
      new Map<string, unknown>([
        ["x", { n: 1 }],
        ["y", [1, null]],
      ]),
      5,
    );
    await views.write(A2, new Map([["x", "other"]]), 9);
    await reopen();
    expect([
      views.checkpoint(A),
      views.checkpoint(A2),
      views.checkpoint({ name: "b", version: 1 }),
    ]).toEqual([5, 9, 0]);
    expect([views.get(A, "x"), views.get(A, "y"), views.get(A2, "x"), views.get(A2, "y")]).toEqual([
      { n: 1 },
      [1, null],
      "other",
      undefined,
    ]);
    expect([views.count(A), views.count(A2)]).toEqual([2, 1]);
    expect(views.views()).toEqual([A, A2]);
  });

  it("replaces and removes, and tells null from nothing", async () => {
    await views.write(
      A,
      new Map<string, unknown>([
        ["x", 1],
        ["y", 2],
        ["z", null],
      ]),
      1,
    );
    await views.write(
      A,
      new Map<string, unknown>([
        ["x", 3],
        ["y", undefined],
      ]),
      2,
    );
    await reopen();
    expect([...views.list(A)]).toEqual([
      ["x", 3],
      ["z", null],
    ]);
    expect(views.checkpoint(A)).toBe(2);
  });

  it("lists in order of id, from an id on, up to a count, also ids beyond ASCII", async () => {
    const ids = ["b", "a", "ä", "a/1", "€", "😀", "Z", "a b"];
    await views.write(A, new Map(ids.map((id) => [id, id])), 1);
    const ordered = ids.toSorted((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y)));
    expect([...views.list(A)].map(([id]) => id)).toEqual(ordered);
    expect([...views.list(A, { from: "a b", limit: 3 })].map(([id]) => id)).toEqual(
      ordered.slice(ordered.indexOf("a b"), ordered.indexOf("a b") + 3),
    );
    expect([...views.list(A, { limit: 0 })]).toEqual([]);
  });

  it("forgets a view and no other", async () => {
    await views.write(A, new Map(Array.from({ length: 25_000 }, (_, n) => [`d${n}`, n])), 1);
    await views.write(A2, new Map([["x", 1]]), 2);
    await views.drop(A);
    await reopen();
    expect([views.count(A), views.checkpoint(A), views.get(A, "d1")]).toEqual([0, 0, undefined]);
    expect([views.count(A2), views.checkpoint(A2)]).toEqual([1, 2]);
    expect(views.views()).toEqual([A2]);
  });

  it("gives nobody a share of what it keeps", async () => {
    const document = { list: [1] };
    await views.write(A, new Map([["x", document]]), 1);
    document.list.push(2);
    (views.get(A, "x") as typeof document).list.push(3);
    expect(views.get(A, "x")).toEqual({ list: [1] });
  });

  it("counts as not there for another journal", async () => {
    await views.write(A, new Map([["x", 1]]), 1);
    if (kind === "memory") {
      expect(views.checkpoint(A)).toBe(1);
      return;
    }
    await reopen("00000000-0000-4000-8000-000000000002");
    expect(views.checkpoint(A)).toBe(0);
  });
});
