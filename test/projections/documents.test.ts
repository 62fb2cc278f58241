import fc from "fast-check";
import { collection, DocumentNotUniqueError } from "tidemark";
import { describe, expect, it } from "vitest";
import { MemoryViews, type ViewWrite } from "../../journal/index.js";
import { CollectionDocuments } from "../../src/projections/documents.js";
import { layoutOf } from "../../src/projections/layout.js";

interface Row {
  readonly kind: string;
  readonly size: number;
  readonly tags: readonly string[];
  readonly mail: string | null;
}

const rows = collection<Row>()
  .index("byKind", "kind", "size")
  .indexEach("byTag", "tags")
  .unique("byMail", "mail");
const [layout] = layoutOf({ rows }, 7);
const limits = { nestingDepthMax: 32, documentBytesMax: 10_000 };

class Documents {
  readonly store = new MemoryViews();
  readonly documents = new CollectionDocuments(this.store, layout!, limits);
  /** What was written in the last flush. */
  written: ViewWrite[] = [];

  async flush(): Promise<void> {
    this.written = [];
    this.documents.collect(this.written, [], 0, Infinity);
    await this.store.write(this.written);
    this.documents.flushed();
  }
}

const row = (changes: Partial<Row> = {}): Row => ({
  kind: "a",
  size: 1,
  tags: [],
  mail: null,
  ...changes,
});
const idsOf = (entries: readonly { readonly id: string }[]) => entries.map(({ id }) => id);

describe("documents as handlers see them", () => {
  it("are found by index, range and list as if everything were written already, whenever it is", async () => {
    const kind = fc.constantFrom("a", "b", "c");
    const id = fc.constantFrom("1", "2", "3", "4", "5", "6");
    const operation = fc.oneof(
      fc.record({
        do: fc.constant("put" as const),
        id,
        kind,
        size: fc.integer({ min: 0, max: 4 }),
        tags: fc.uniqueArray(fc.constantFrom("x", "y", "z"), { maxLength: 3 }),
      }),
      fc.record({ do: fc.constant("grow" as const), id }),
      fc.record({ do: fc.constant("remove" as const), id }),
      fc.record({ do: fc.constant("flush" as const), trim: fc.boolean() }),
      fc.record({ do: fc.constant("look" as const), kind, from: fc.integer({ min: 0, max: 4 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 60 }), async (operations) => {
        const harness = new Documents();
        const { documents } = harness;
        const model = new Map<string, Row>();
        for (const each of operations) {
          if (each.do === "put") {
            const { kind: newKind, size, tags } = each;
            const value = row({ kind: newKind, size, tags });
            model.set(each.id, value);
            documents.put(each.id, value);
          } else if (each.do === "grow") {
            const before = model.get(each.id);
            const grown = (value: Row) => ({ ...value, size: value.size + 1 });
            if (before !== undefined) model.set(each.id, grown(before));
            documents.update(each.id, (value) =>
              value === undefined ? undefined : grown(value as Row),
            );
          } else if (each.do === "remove") {
            model.delete(each.id);
            documents.remove(each.id);
          } else if (each.do === "flush") {
            await harness.flush();
            if (each.trim) documents.trim(0);
          } else {
            const all = [...model].map(([key, value]) => ({ id: key, ...value }));
            const inOrder = all
              .filter((value) => value.kind === each.kind && value.size >= each.from)
              .sort((a, b) => a.size - b.size || (a.id < b.id ? -1 : 1));
            const range = { equals: each.kind, from: each.from };
            expect(idsOf(documents.find("byKind", range))).toEqual(idsOf(inOrder));
            const tagged = all.filter(({ tags }) => tags.includes("y"));
            expect(idsOf(documents.find("byTag", { equals: "y" })).sort()).toEqual(
              idsOf(tagged).sort(),
            );
            expect(idsOf(documents.find("byKind")).sort()).toEqual([...model.keys()].sort());
            expect(idsOf(documents.list({ from: "2", upTo: "5" }))).toEqual(
              [...model.keys()].filter((key) => key >= "2" && key <= "5").sort(),
            );
          }
          documents.endEvent();
        }
        await harness.flush();
        const stored = harness.store.rows("documents", { from: [7, 0], before: [7, 1] });
        expect(new Map([...stored].map(({ key, value }) => [key[2], value]))).toEqual(
          new Map([...model].sort(([a], [b]) => (a < b ? -1 : 1))),
        );
        const entries = harness.store.count("entries", { from: [7], before: [8] });
        const wanted = [...model.values()].reduce((sum, { tags }) => sum + 2 + tags.length, 0);
        expect(entries).toBe(wanted);
      }),
      { numRuns: Number(process.env["DOCUMENT_RUNS"] ?? 300) },
    );
  });

  it("may swap what is unique within one event, and not take what another has", async () => {
    const harness = new Documents();
    const { documents } = harness;
    documents.put("1", row({ mail: "ada@x" }));
    documents.put("2", row({ mail: "bo@x" }));
    documents.put("3", row());
    documents.put("4", row());
    documents.endEvent();
    await harness.flush();
    documents.put("1", row({ mail: "bo@x" }));
    documents.put("2", row({ mail: "ada@x" }));
    documents.endEvent();
    documents.put("3", row({ mail: "ada@x" }));
    expect(() => documents.endEvent()).toThrow(DocumentNotUniqueError);
    documents.reset();
    // Nothing of what wasn't written counts.
    documents.put("3", row({ mail: "cy@x" }));
    documents.endEvent();
    documents.remove("1");
    documents.put("3", row({ mail: "ada@x" }));
    documents.endEvent();
    await harness.flush();
    expect(idsOf(documents.find("byMail", { equals: "ada@x" }))).toEqual(["3"]);
  });

  it("are refused where they are too large, or can't stand in an index, before anything is written", () => {
    const { documents } = new Documents();
    expect(() => documents.put("1", row({ kind: "x".repeat(20_000) }))).toThrow(/at most 10000/);
    expect(() => documents.put("1", row({ kind: "x".repeat(3_000) }))).toThrow(/index byKind/);
    expect(() => documents.put("", row())).toThrow(/id of a document/);
    expect(documents.changedCount).toBe(0);
  });

  it("that are as they were aren't written again", async () => {
    const harness = new Documents();
    harness.documents.put("1", row({ tags: ["x"] }));
    await harness.flush();
    expect(harness.written).toHaveLength(4);
    harness.documents.put("1", row({ tags: ["x"] }));
    harness.documents.put("2", row());
    harness.documents.remove("2");
    await harness.flush();
    expect(harness.written).toEqual([]);
    harness.documents.put("1", row({ tags: ["x", "y"] }));
    await harness.flush();
    expect(harness.written).toHaveLength(2);
  });
});
