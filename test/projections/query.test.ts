import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  VIEW_KEY_BYTES_MAX,
  encode,
  throughCodec,
  viewKeyBytes,
  type ViewKey,
  type ViewKeyPart,
  type ViewRange,
  type ViewReader,
  type ViewRow,
  type ViewTable,
  type ViewWrite,
  compareViewKeys,
} from "../../journal/index.js";
import { collection, type IndexValue } from "../../src/projections/collection.js";
import { StoredCollection } from "../../src/projections/collection-reader.js";
import { endOf, endOfPrefix } from "../../src/projections/key-order.js";
import { entryValuesOf, indexChangesOf } from "../../src/projections/index-entries.js";
import type { UntypedRange } from "../../src/projections/key-range.js";
import { documentKey, layoutOf, type CollectionLayout } from "../../src/projections/layout.js";
import type { Cursor, DocumentPage, PageQuery } from "../../src/projections/query.js";

/** The naive store: everything in one list, sorted by the reference order. */
class NaiveRows implements ViewReader {
  #rows: Record<ViewTable, ViewRow[]> = { documents: [], entries: [], rows: [] };

  apply(writes: readonly ViewWrite[]): void {
    for (const { table, key, value } of writes) {
      const others = this.#rows[table].filter((row) => inReferenceOrder(row.key, key) !== 0);
      if (value !== undefined) others.push({ key, value });
      this.#rows[table] = others.sort((a, b) => inReferenceOrder(a.key, b.key));
    }
  }

  get(table: ViewTable, key: ViewKey): unknown {
    const found = this.#rows[table].find((row) => inReferenceOrder(row.key, key) === 0);
    return found === undefined ? undefined : throughCodec(found.value);
  }

  rows(table: ViewTable, { from, before, descending, limit }: ViewRange): ViewRow[] {
    for (const bound of [from, before]) {
      if (viewKeyBytes(bound) > VIEW_KEY_BYTES_MAX) throw new RangeError("the bound is no key");
    }
    const found = this.#rows[table].filter(
      ({ key }) => inReferenceOrder(from, key) <= 0 && inReferenceOrder(key, before) < 0,
    );
    if (descending === true) found.reverse();
    return found.slice(0, limit).map(({ key, value }) => ({ key, value: throughCodec(value) }));
  }

  keys(table: ViewTable, range: ViewRange): ViewKey[] {
    return this.rows(table, range).map(({ key }) => key);
  }

  count(table: ViewTable, range: ViewRange): number {
    return this.rows(table, range).length;
  }
}

/** The order that `journal/views.ts` promises, in the most obvious way. */
function inReferenceOrder(a: ViewKey, b: ViewKey): number {
  for (let at = 0; at < Math.min(a.length, b.length); at++) {
    const order = partsInReferenceOrder(a[at]!, b[at]!);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function partsInReferenceOrder(a: ViewKeyPart, b: ViewKeyPart): number {
  const rank = (part: ViewKeyPart) =>
    part === null ? 0 : { boolean: 1, number: 2, bigint: 2, string: 3 }[typeof part as "string"];
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  if (typeof a === "string") return Buffer.compare(Buffer.from(a), Buffer.from(b as string));
  return a! < b! ? -1 : a! > b! ? 1 : 0;
}

interface Doc {
  readonly a?: IndexValue;
  readonly b?: IndexValue;
  readonly tags?: readonly IndexValue[] | null;
  readonly u?: string;
}

const Docs = collection<Doc>()
  .index("byA", "a")
  .index("byAB", "a", "b")
  .unique("byU", "u", "a")
  .indexEach("byTag", "tags")
  .indexBy("mixed", mixedOf);

/** Rows of several lengths. */
function mixedOf({ a, b }: Doc): readonly IndexValue[] | undefined {
  if (a === null || a === undefined) return undefined;
  if (typeof a === "boolean") return [];
  return typeof b === "string" ? [a, b, a] : [a];
}

const COLLECTIONS = { before: Docs, docs: Docs, later: Docs };
const GENERATION = 7;

function layoutIn(generation: number, name = "docs"): CollectionLayout {
  return layoutOf(COLLECTIONS, generation).find((layout) => layout.name === name)!;
}

const DOCS = layoutIn(GENERATION);
const indexOf = (name: string) =>
  DOCS.indexes.find(({ definition }) => definition.name === name)!.definition;

let store: NaiveRows;
let docs: StoredCollection;
beforeEach(() => {
  store = new NaiveRows();
  docs = new StoredCollection(store, DOCS);
});

function put(id: string, document: Doc | undefined, layout = DOCS, to = store): void {
  const key = documentKey(layout, id);
  to.apply(indexChangesOf(layout, id, to.get("documents", key), document));
  to.apply([{ table: "documents", key, value: document }]);
}

function putAll(documents: Readonly<Record<string, Doc>>): void {
  for (const [id, document] of Object.entries(documents)) put(id, document);
}

const idsOf = (page: DocumentPage<unknown>) => page.entries.map(({ id }) => id);
const found = (index: string, query: UntypedRange & PageQuery = {}) =>
  idsOf(docs.find(index, query as object));
const listed = (query: object = {}) => idsOf(docs.list(query));

function problemOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toMatchObject({ code: "invalid-argument" });
    return (error as Error).message;
  }
  return "nothing was thrown";
}

describe("documents by id", () => {
  it("are given as copies, undefined where there is none, several in the order asked for", () => {
    putAll({ x: { a: 1 }, y: { a: 2 } });
    expect(docs.get("x")).toEqual({ a: 1 });
    expect(docs.get("x")).not.toBe(docs.get("x"));
    expect(docs.get("z")).toBeUndefined();
    expect(docs.getMany(["y", "z", "x", "y"])).toEqual([{ a: 2 }, undefined, { a: 1 }, { a: 2 }]);
  });

  it("are listed by the bytes of their ids, both ways, with inclusive bounds", () => {
    putAll(Object.fromEntries(["b", "a", "\uffee", "😀", "aa", "a b"].map((id) => [id, {}])));
    const sorted = ["a", "a b", "aa", "b", "\uffee", "😀"];
    expect(listed()).toEqual(sorted);
    expect(listed({ order: "descending" })).toEqual(sorted.toReversed());
    expect(listed({ from: "aa", upTo: "\uffee" })).toEqual(["aa", "b", "\uffee"]);
    expect(listed({ upTo: "a" })).toEqual(["a"]);
    expect(listed({ prefix: "a" })).toEqual(["a", "a b", "aa"]);
    expect(listed({ prefix: "" })).toEqual(sorted);
    expect(listed({ from: "c", upTo: "b" })).toEqual([]);
    expect([docs.count(), docs.count({ prefix: "a" }), docs.count({ from: "b" })]).toEqual([
      6, 3, 3,
    ]);
    expect([...docs.idsIn({ from: "aa", upTo: "b" })]).toEqual(["aa", "b"]);
  });

  it("of another collection and another generation aren't seen", () => {
    put("mine", { a: 1 });
    for (const name of ["before", "later"]) put(name, { a: 1 }, layoutIn(GENERATION, name));
    for (const generation of [GENERATION - 1, GENERATION + 1])
      put(`of ${generation}`, { a: 1 }, layoutIn(generation));
    expect(listed()).toEqual(["mine"]);
    expect(found("byA")).toEqual(["mine"]);
    expect(docs.get("later")).toBeUndefined();
    expect([docs.count(), docs.countBy("byA")]).toEqual([1, 1]);
  });
});

describe("documents by index", () => {
  it("come in order of values, null first, then booleans, numbers with bigints, text, then of ids", () => {
    const values: IndexValue[] = ["b", "", 2n ** 60n + 1n, 2 ** 60, 3, -1, true, false, null];
    values.forEach((a, at) => put(`d${values.length - at}`, { a }));
    put("missing", {});
    put("date", { a: new Date(2) });
    expect(found("byA")).toEqual([
      "d1",
      "missing",
      "d2",
      "d3",
      "d4",
      "date",
      "d5",
      "d6",
      "d7",
      "d8",
      "d9",
    ]);
    expect(found("byA", { equals: null })).toEqual(["d1", "missing"]);
    expect(found("byA", { equals: 2 })).toEqual(["date"]);
    expect(found("byA", { equals: new Date(2) })).toEqual(["date"]);
    expect(found("byA", { equals: 2n ** 60n })).toEqual(["d6"]);
    expect(found("byA", { from: 3 })).toEqual(["d5", "d6", "d7", "d8", "d9"]);
    expect(found("byA", { upTo: true })).toEqual(["d1", "missing", "d2", "d3"]);
    expect(found("byA", { from: 2n ** 60n + 1n, upTo: Number.MAX_VALUE })).toEqual(["d7"]);
  });

  it("are found by the first fields, and by a range of the next", () => {
    putAll({
      p: { a: "x", b: 1 },
      q: { a: "x", b: 2 },
      r: { a: "x", b: "two" },
      s: { a: "xy", b: 1 },
      t: { a: "x" },
    });
    expect(found("byAB", { equals: "x" })).toEqual(["t", "p", "q", "r"]);
    expect(found("byAB", { equals: ["x"] })).toEqual(["t", "p", "q", "r"]);
    expect(found("byAB", { equals: ["x", 2] })).toEqual(["q"]);
    expect(found("byAB", { equals: ["x", undefined] })).toEqual(["t"]);
    expect(found("byAB", { equals: "x", from: 2 })).toEqual(["q", "r"]);
    expect(found("byAB", { equals: "x", upTo: 2 })).toEqual(["t", "p", "q"]);
    expect(found("byAB", { upTo: "x" })).toEqual(["t", "p", "q", "r"]);
    expect(found("byAB", { prefix: "x", order: "descending" })).toEqual(["s", "r", "q", "p", "t"]);
    expect(found("byAB", { equals: "x", prefix: "t" })).toEqual(["r"]);
    expect(found("byAB", { equals: [] })).toEqual(["t", "p", "q", "r", "s"]);
    expect(docs.countBy("byAB", { equals: "x" })).toBe(4);
    expect([...docs.entriesIn("byAB", { equals: "x", from: 1 })]).toEqual(["p", "q", "r"]);
  });

  it("stand once for each different item of a list, and not at all for none", () => {
    putAll({ x: { tags: ["t", "s", "t"] }, y: { tags: [] }, z: {}, v: { tags: null } });
    put("w", { tags: [new Date(5), new Date(5), 5, 5n] });
    expect(found("byTag")).toEqual(["w", "x", "x"]);
    expect(found("byTag", { equals: "t" })).toEqual(["x"]);
    expect(docs.countBy("byTag")).toBe(3);
    const same = [new Date(5), 5, 5n, "5", new Date(5)];
    expect(entryValuesOf(indexOf("byTag"), { tags: same }, "docs", "x")).toEqual([[5], ["5"]]);
  });

  it("by computed rows of several lengths are those whose row has the fields asked for", () => {
    putAll({ k: { a: "x" }, l: { a: "x", b: "k" }, m: { a: true }, n: {}, x: { a: true } });
    expect(found("mixed")).toEqual(["m", "x", "k", "l"]);
    expect(found("mixed", { equals: "x" })).toEqual(["k", "l"]);
    expect(found("mixed", { equals: ["x", "k"] })).toEqual(["l"]);
    expect(found("mixed", { equals: "x", from: "k", upTo: "k", limit: 1 })).toEqual(["l"]);
    expect(docs.countBy("mixed", { equals: "x", prefix: "k" })).toBe(1);
    expect([...docs.entriesIn("mixed", { equals: ["x", "k"] })]).toEqual(["l"]);
  });

  it("by a prefix are right up to the last character of Unicode and around the surrogates", () => {
    const texts = ["", "a", "a\0", "a\ud7ff", "a\ue000", "a\uffff", "a😀", "a\u{10ffff}"];
    const more = [
      "a\u{10ffff}z",
      "b",
      "\ud7ff",
      "\ud7ffz",
      "\ue000",
      "\u{10fffe}",
      "\u{10ffff}",
      "\u{10ffff}q",
    ];
    for (const a of [...texts, ...more]) put(`id of ${a.length} ${encodeURI(a)}`, { a });
    put("number", { a: 1 });
    for (const prefix of [...texts, ...more]) {
      const expected = [...texts, ...more].filter((text) => text.startsWith(prefix));
      const entries = docs.find("byA", { prefix }).entries;
      expect(entries.map(({ document }) => (document as Doc).a)).toEqual(
        expected.sort((x, y) => Buffer.compare(Buffer.from(x), Buffer.from(y))),
      );
    }
  });

  it("throw an error that says to rebuild, when an entry has no document", () => {
    put("x", { a: 1 });
    store.apply([{ table: "documents", key: documentKey(DOCS, "x"), value: undefined }]);
    expect(() => docs.find("byA")).toThrow(
      expect.objectContaining({
        code: "view-corrupted",
        message:
          "collection docs is damaged: index byA has an entry of document x, which isn't there; rebuild the projection",
      }),
    );
    expect(docs.countBy("byA")).toBe(1);
  });
});

describe("a query that can't be taken", () => {
  const refusals: readonly [string, () => unknown, string][] = [
    ["an unknown index", () => found("byC"), "index of collection docs must be one of byA, byAB"],
    [
      "more values than fields",
      () => found("byA", { equals: [1, 2] }),
      "at most 1, of a; given: 2",
    ],
    ["a bound behind all fields", () => found("byAB", { equals: [1, 2], from: 3 }), "at most 2"],
    ["an object", () => found("byA", { equals: [{}] }), "equals of index byA of collection docs"],
    ["NaN", () => found("byA", { from: Number.NaN }), "from of index byA"],
    ["Infinity", () => found("byA", { upTo: Infinity }), "upTo of index byA"],
    ["an invalid date", () => found("byA", { equals: new Date(Number.NaN) }), "a valid Date"],
    ["a bigint of 65 bits", () => found("byA", { equals: 2n ** 64n }), "a bigint of 64 bits"],
    ["half a character", () => found("byA", { equals: "\ud83d" }), "without lone surrogates"],
    ["half a character as prefix", () => found("byA", { prefix: "\ud83d" }), "prefix of index byA"],
    ["equals of nothing", () => found("byA", { equals: undefined }), "leave it out to find all"],
    ["a prefix that isn't text", () => found("byA", { prefix: 1 }), "prefix of index byA"],
    [
      "prefix and from",
      () => found("byA", { prefix: "a", from: "b" }),
      "left out where from or upTo",
    ],
    ["prefix and upTo of ids", () => listed({ prefix: "a", upTo: "b" }), "left out where from or"],
    ["an id that isn't text", () => listed({ from: 1 }), "from of ids of collection docs"],
    [
      "a bound that is too long",
      () => found("byA", { from: "x".repeat(1_790) }),
      "keys of 1818 bytes",
    ],
    ["a limit of 0", () => listed({ limit: 0 }), "limit must be an integer from 1 to 10000"],
    ["a limit of 10,001", () => found("byA", { limit: 10_001 }), "limit must be"],
    ["an unknown order", () => listed({ order: "up" }), '"ascending" or "descending"; given: "up"'],
    ["a range that is no object", () => docs.count("a" as never), "must be an object"],
    ["an empty id", () => docs.get(""), "id in collection docs"],
    ["ids that are no list", () => docs.getMany("a" as never), "ids in collection docs"],
  ];
  it.each(refusals)("because of %s is refused with what to do", (_, call, message) => {
    expect(problemOf(call)).toContain(message);
  });
});

describe("a cursor", () => {
  const next = (page: DocumentPage<unknown>) => page.next!;
  beforeEach(() =>
    putAll({ p: { a: 1 }, q: { a: 1 }, r: { a: 2n ** 60n + 1n }, s: { a: "😀" }, t: {} }),
  );

  it("is given exactly when something follows", () => {
    for (const order of ["ascending", "descending"] as const) {
      expect(docs.list({ limit: 5, order }).next).toBeUndefined();
      expect(docs.find("byA", { limit: 5, order }).next).toBeUndefined();
      const first = docs.find("byA", { limit: 4, order });
      expect(first.next).toBeTypeOf("string");
      const rest = docs.find("byA", { limit: 1, order, after: next(first) });
      expect([rest.entries.length, rest.next]).toEqual([1, undefined]);
    }
  });

  it("stays good when the document before it goes, and in another generation", () => {
    const after = next(docs.find("byA", { limit: 2 }));
    put("p", undefined);
    expect(found("byA", { after })).toEqual(["q", "r", "s"]);
    const second = layoutIn(GENERATION + 4);
    for (const id of ["p", "q"]) put(id, { a: 1 }, second);
    const { entries } = new StoredCollection(store, second).find("byA", { after });
    expect(entries.map(({ id }) => id)).toEqual(["q"]);
  });

  it("of another collection, index, order or range is refused", () => {
    const after = next(docs.find("byA", { limit: 2 }));
    const other = new StoredCollection(store, layoutIn(GENERATION, "later"));
    for (const call of [
      () => other.find("byA", { after }),
      () => docs.find("byAB", { after }),
      () => docs.list({ after }),
      () => docs.find("byA", { after: next(docs.list({ limit: 1 })) }),
      () => docs.find("byA", { after, order: "descending" }),
      () => docs.find("byA", { after, equals: "😀" }),
      () => docs.find("byA", { after, upTo: 0 }),
    ]) {
      expect(problemOf(call)).toMatch(/^after must be a cursor .* use a cursor with the query/);
    }
  });

  it("that was damaged is refused, whatever it became", () => {
    const good = Buffer.from(next(docs.find("byA", { limit: 2 })), "base64url");
    const text = (fields: unknown) => Buffer.from(encode(fields)).toString("base64url");
    const damaged: unknown[] = [
      ...["", "!", "AA==", "x".repeat(5_000), 5, null],
      good.subarray(1).toString("base64url"),
      good.subarray(0, -1).toString("base64url"),
      ...["A", "\n", "=", "!"].map((more) => good.toString("base64url") + more),
      ...[
        {},
        [],
        ["docs", "byA", false],
        ["docs", "byA", false, 1],
        ["docs", "byA", false, "p"],
      ].map(text),
      ...[["docs", "byA", false, {}, "p"], ["docs", "byA", false, 1, 2, "p"], "docs"].map(text),
      text(["docs", "byA", false, Number.NaN, "p"]),
    ];
    for (const after of damaged)
      expect(problemOf(() => docs.find("byA", { after: after as Cursor }))).toMatch(
        /^after must be/,
      );
  });
});

describe("the entries of a document", () => {
  it("are only those that changed, removals first", () => {
    expect(indexChangesOf(DOCS, "x", { a: 1, b: 1 }, { a: 1, b: 1 })).toEqual([]);
    expect(indexChangesOf(DOCS, "x", undefined, undefined)).toEqual([]);
    const byA = DOCS.indexes.find(({ definition }) => definition.name === "byA")!;
    const writes = indexChangesOf({ ...DOCS, indexes: [byA] }, "x", { a: 1 }, { a: "1" });
    expect(writes).toEqual([
      { table: "entries", key: [...byA.prefix, 1, "x"], value: undefined },
      { table: "entries", key: [...byA.prefix, "1", "x"], value: null },
    ]);
    expect(indexChangesOf({ ...DOCS, indexes: [byA] }, "x", { a: 1, b: 5 }, { a: 1n })).toEqual([]);
    const tagged = indexChangesOf(DOCS, "x", { tags: ["a", "b"] }, { tags: ["b", "c", "b"] });
    expect(tagged.map(({ key, value }) => [key.at(-2), value])).toEqual([
      ["a", undefined],
      ["c", null],
    ]);
  });

  it.each<[unknown, ViewKeyPart]>([
    [undefined, null],
    [-0, 0],
    [5n, 5],
    [2n ** 60n + 1n, 2n ** 60n + 1n],
    [2n ** 64n - 1n, 2n ** 64n - 1n],
    [new Date(7), 7],
    ["\0", "\0"],
  ])("have the value %s as %s", (a, part) => {
    expect(entryValuesOf(indexOf("byA"), { a }, "docs", "x")).toEqual([[part]]);
  });

  it.each<[string, string, unknown]>([
    ["NaN", "byA", { a: Number.NaN }],
    ["Infinity", "byA", { a: -Infinity }],
    ["an object", "byA", { a: {} }],
    ["a list where none belongs", "byA", { a: [1] }],
    ["an invalid date", "byA", { a: new Date(Number.NaN) }],
    ["half a character", "byA", { a: "x\udc00" }],
    ["a bigint of 65 bits", "byA", { a: -(2n ** 64n) }],
    ["text that is too long", "byA", { a: "é".repeat(900) }],
    ["text where a list belongs", "byTag", { tags: "abc" }],
    ["an object in a list", "byTag", { tags: ["a", {}] }],
  ])("can't have %s: the error names index, collection and document", (_, name, document) => {
    const problem = problemOf(() => entryValuesOf(indexOf(name), document, "docs", "d-1"));
    const field = name === "byA" ? "a" : "tags";
    expect(problem).toMatch(
      new RegExp(`^${field} in index ${name}, of document d-1 of collection docs, must be`),
    );
    expect(problemOf(() => indexChangesOf(DOCS, "d-1", {}, document))).toContain("document d-1");
  });

  it("can be as long as a key, and not a byte longer", () => {
    const around = viewKeyBytes([0, 0, "", "id"]);
    const longest = "x".repeat(VIEW_KEY_BYTES_MAX - around);
    put("id", { tags: [longest] });
    put("id-", { tags: ["x"] });
    expect(found("byTag", { equals: longest })).toEqual(["id"]);
    expect(found("byTag", { from: longest, upTo: longest })).toEqual(["id"]);
    const first = docs.find("byTag", { limit: 1, order: "descending" });
    expect(idsOf(docs.find("byTag", { order: "descending", after: first.next! }))).toEqual(["id-"]);
    expect(problemOf(() => put("id", { tags: [`${longest}x`] }))).toContain(
      "the key has 1801 bytes of at most 1800; index a part of it or a hash, by indexBy",
    );
  });
});

const text = fc.oneof(
  fc.constantFrom("", "\0", "a", "a\0", "a\0\0", "ab", "abc", "b", "a\ud7ff", "a\ue000", "a\uffff"),
  fc.constantFrom(
    "😀",
    "a😀",
    "a😀b",
    "a\u{10ffff}",
    "a\u{10ffff}b",
    "\u{10ffff}",
    "\ud7ff",
    "\ue000",
  ),
  fc.string({ unit: "binary", maxLength: 4 }),
);
const EDGES = [
  0,
  -0,
  5e-324,
  -5e-324,
  1,
  -1,
  1.5,
  2 ** 53,
  -(2 ** 53),
  2 ** 60,
  2 ** 64,
  -(2 ** 63),
];
const BIG_EDGES = [0n, 1n, -1n, 2n ** 53n + 1n, -(2n ** 53n) - 1n, 2n ** 60n, 2n ** 60n + 1n];
const number = fc.oneof(
  fc.constantFrom(...EDGES, Number.MAX_VALUE, -Number.MAX_VALUE),
  fc.constantFrom(...BIG_EDGES, 2n ** 60n - 1n, 2n ** 64n - 1n, -(2n ** 63n), -(2n ** 63n) + 1n),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
);
const value: fc.Arbitrary<IndexValue> = fc.oneof(
  { weight: 3, arbitrary: text },
  { weight: 2, arbitrary: number },
  fc.constantFrom<IndexValue>(null, undefined, true, false, new Date(0), new Date(1)),
  fc.date({ noInvalidDate: true }),
);
const document: fc.Arbitrary<Doc> = fc.record(
  { a: value, b: value, tags: fc.option(fc.array(value, { maxLength: 4 })) },
  { requiredKeys: [] },
);
const id = fc.oneof(
  fc.constantFrom("a", "ab", "abc", "b", "z", "a😀", "a\uffee", "\u{10fffd}"),
  fc.stringMatching(/^[a-e]{1,3}$/),
);
const documents = fc.dictionary(id, document, { maxKeys: 14, noNullPrototype: true });
const INDEXES = ["byA", "byAB", "byU", "byTag", "mixed"] as const;
type IndexName = (typeof INDEXES)[number];
const FIELDS: Record<IndexName, number> = { byA: 1, byAB: 2, byU: 2, byTag: 1, mixed: 3 };

/** A query, with values mostly of the documents themselves so that they find something. */
const query = fc.record({
  index: fc.constantFrom(...INDEXES),
  equals: fc.array(fc.oneof(fc.nat({ max: 40 }), value), { maxLength: 3 }),
  bounds: fc.oneof(
    fc.constant({}),
    fc.record({ from: value, upTo: value }, { requiredKeys: [] }),
    fc.record({ prefix: text }),
  ),
  order: fc.constantFrom("ascending" as const, "descending" as const),
  limit: fc.integer({ min: 1, max: 4 }),
});

interface ModelEntry {
  readonly id: string;
  readonly key: readonly ViewKeyPart[];
}

function plain(given: IndexValue): ViewKeyPart {
  if (given instanceof Date) return given.getTime();
  return given === undefined ? null : given;
}

function modelRows(name: IndexName, doc: Doc): ViewKeyPart[][] {
  const rows: Record<IndexName, () => (readonly IndexValue[])[]> = {
    byA: () => [[doc.a]],
    byAB: () => [[doc.a, doc.b]],
    byU: () => [[doc.u, doc.a]],
    byTag: () => (doc.tags ?? []).map((tag) => [tag]),
    mixed: () => [mixedOf(doc)].filter((row) => row !== undefined),
  };
  const all = rows[name]().map((row) => row.map(plain));
  return all.filter((row, at) => all.findIndex((one) => inReferenceOrder(one, row) === 0) === at);
}

function modelFind(
  all: Readonly<Record<string, Doc>>,
  name: IndexName,
  { equals, from, upTo, prefix }: { equals: ViewKeyPart[] } & UntypedRange,
): ModelEntry[] {
  const same = (a: ViewKeyPart, b: ViewKeyPart) => partsInReferenceOrder(a, b) === 0;
  const isBounded = from !== undefined || upTo !== undefined || prefix !== undefined;
  const isWithin = (row: ViewKeyPart[]) => {
    if (row.length < equals.length + (isBounded ? 1 : 0)) return false;
    if (!equals.every((each, at) => same(each, row[at]!))) return false;
    const next = row[equals.length]!;
    if (from !== undefined && partsInReferenceOrder(plain(from as IndexValue), next) > 0)
      return false;
    if (upTo !== undefined && partsInReferenceOrder(next, plain(upTo as IndexValue)) > 0)
      return false;
    return prefix === undefined || (typeof next === "string" && next.startsWith(prefix as string));
  };
  return Object.entries(all)
    .flatMap(([id, doc]) =>
      modelRows(name, doc)
        .filter(isWithin)
        .map((row) => ({ id, key: [...row, id] })),
    )
    .sort((a, b) => inReferenceOrder(a.key, b.key));
}

type Query = typeof query extends fc.Arbitrary<infer Q> ? Q : never;

/** The query as the collection and the model take it: as many values as there are fields, some from documents. */
function fitted({ index, equals, bounds }: Query, all: Readonly<Record<string, Doc>>) {
  const known = Object.values(all).flatMap((doc) => modelRows(index, doc));
  const count = Math.max(0, FIELDS[index] - (Object.keys(bounds).length > 0 ? 1 : 0));
  const chosen = equals.slice(0, count);
  const [seed] = chosen;
  // A number stands for the row of a document, so that several values belong together.
  const row =
    typeof seed === "number" && known.length > 0
      ? known[Math.abs(seed | 0) % known.length]!
      : undefined;
  const values = chosen.map((each, at) =>
    row === undefined || at >= row.length ? plain(each) : row[at]!,
  );
  return { equals: values, ...bounds };
}

function withUnique(all: Readonly<Record<string, Doc>>): Record<string, Doc> {
  return Object.fromEntries(
    Object.entries(all).map(([id, doc], at) => [id, { ...doc, u: `u${at}` }]),
  );
}

describe("a collection, of random documents", () => {
  it("answers random queries as the naive model does, page by page", () => {
    let hits = 0;
    fc.assert(
      fc.property(documents, fc.array(query, { minLength: 1, maxLength: 12 }), (given, queries) => {
        const all = withUnique(given);
        store = new NaiveRows();
        docs = new StoredCollection(store, DOCS);
        putAll(all);
        put("zz", { a: "a", b: "b", tags: ["a"] }, layoutIn(GENERATION, "later"));
        put("zz", { a: "a", b: "b", tags: ["a"] }, layoutIn(GENERATION + 1));
        for (const one of queries) {
          const range = fitted(one, all);
          const model = modelFind(all, one.index, range).map((entry) => entry.id);
          hits += model.length;
          expect([...docs.entriesIn(one.index, range)]).toEqual(model);
          expect(docs.countBy(one.index, range as object)).toBe(model.length);
          if (one.order === "descending") model.reverse();
          const pages = pagesOf((after) =>
            docs.find(one.index, {
              ...(range as object),
              order: one.order,
              limit: one.limit,
              ...after,
            }),
          );
          const last = pages.at(-1)!;
          expect(pages.flatMap(idsOf)).toEqual(model);
          expect(pages.slice(0, -1).every(({ entries }) => entries.length === one.limit)).toBe(
            true,
          );
          expect(last.entries.length > 0 || pages.length === 1).toBe(true);
          for (const entry of pages.flatMap(({ entries }) => entries))
            expect(entry.document).toEqual(throughCodec(all[entry.id]));
        }
      }),
      { numRuns: 250 },
    );
    expect(hits).toBeGreaterThan(1_000);
  });

  it("is listed as the naive model says", () => {
    const range = fc.oneof(
      fc.record({ from: text, upTo: text }, { requiredKeys: [] }),
      fc.record({ prefix: text }),
    );
    fc.assert(
      fc.property(documents, range, query, (given, bounds, { order, limit }) => {
        store = new NaiveRows();
        docs = new StoredCollection(store, DOCS);
        putAll(given);
        const entries = Object.keys(given).map((id): [string, Doc] => [id, { a: id }]);
        const model = modelFind(Object.fromEntries(entries), "byA", { equals: [], ...bounds }).map(
          (entry) => entry.id,
        );
        expect([...docs.idsIn(bounds)]).toEqual(model);
        expect(docs.count(bounds)).toBe(model.length);
        const pages = pagesOf((after) => docs.list({ ...bounds, order, limit, ...after }));
        expect(pages.flatMap(idsOf)).toEqual(order === "ascending" ? model : model.reverse());
      }),
      { numRuns: 300 },
    );
  });

  it("gives documents that stay exactly once and in order, while others come and go between pages", () => {
    const changes = fc.array(fc.tuple(id, fc.option(document, { nil: undefined })), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(documents, query, changes, (given, one, coming) => {
        store = new NaiveRows();
        docs = new StoredCollection(store, DOCS);
        putAll(given);
        const range = fitted(one, given);
        const changed = new Set(coming.map(([id]) => id));
        const staying = modelFind(given, one.index, range).filter(({ id }) => !changed.has(id));
        const left = [...coming];
        const { order, limit } = one;
        const pages = pagesOf((after) => {
          const page = docs.find(one.index, { ...(range as object), order, limit, ...after });
          for (const [id, doc] of left.splice(0, 3)) put(id, doc);
          return page;
        });
        const seen = pages.flatMap(idsOf).filter((id) => !changed.has(id));
        const expected = staying.map((entry) => entry.id);
        expect(seen).toEqual(order === "ascending" ? expected : expected.reverse());
      }),
      { numRuns: 400 },
    );
  });

  it("has the entries of its documents, whatever changes led to them, and each write changes something", () => {
    const change = fc.tuple(
      fc.constantFrom("a", "b", "c"),
      fc.option(document, { nil: undefined }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        const step = new NaiveRows();
        const now = new Map<string, Doc>();
        for (const [id, doc] of changes) {
          for (const { key, value } of indexChangesOf(DOCS, id, now.get(id), doc))
            expect(step.get("entries", key) === undefined).toBe(value !== undefined);
          put(id, doc, DOCS, step);
          if (doc === undefined) now.delete(id);
          else now.set(id, doc);
        }
        const whole = new NaiveRows();
        for (const [id, doc] of now) put(id, doc, DOCS, whole);
        const everything: ViewRange = { from: [GENERATION], before: [GENERATION + 1] };
        expect(step.keys("entries", everything)).toEqual(whole.keys("entries", everything));
      }),
      { numRuns: 300 },
    );
  });
});

function pagesOf(
  read: (after: { readonly after?: Cursor }) => DocumentPage<unknown>,
): DocumentPage<unknown>[] {
  const pages = [read({})];
  for (let next = pages[0]!.next; next !== undefined; next = pages.at(-1)!.next)
    pages.push(read({ after: next }));
  return pages;
}

describe("the order of keys", () => {
  const part = value.map((each) => entryValuesOf(indexOf("byA"), { a: each }, "docs", "x")[0]![0]!);
  const key = fc.array(part, { minLength: 1, maxLength: 3 });

  it("is the reference order", () => {
    fc.assert(
      fc.property(key, key, (a, b) => {
        expect(Math.sign(compareViewKeys(a, b))).toBe(Math.sign(inReferenceOrder(a, b)));
      }),
      { numRuns: 5_000 },
    );
  });

  it("has an end of each range, behind all keys that begin so and before all others that follow", () => {
    fc.assert(
      fc.property(key, key, (base, other) => {
        expect(inReferenceOrder([...base, ...other], endOf(base))).toBeLessThan(0);
        const begins = inReferenceOrder(other.slice(0, base.length), base) === 0;
        const isBehind = inReferenceOrder(other, base) > 0 && !begins;
        expect(inReferenceOrder(other, endOf(base)) >= 0).toBe(isBehind);
      }),
      { numRuns: 5_000 },
    );
  });

  it("has an end of each prefix, behind all texts that begin so and before all others that follow", () => {
    fc.assert(
      fc.property(key, text, part, text, (base, prefix, other, rest) => {
        const end = endOfPrefix(base, prefix);
        expect(inReferenceOrder([...base, prefix + rest, other], end)).toBeLessThan(0);
        const begins = typeof other === "string" && other.startsWith(prefix);
        const isBehind = partsInReferenceOrder(other, prefix) > 0 && !begins;
        expect(inReferenceOrder([...base, other], end) >= 0).toBe(isBehind);
      }),
      { numRuns: 5_000 },
    );
  });
});
