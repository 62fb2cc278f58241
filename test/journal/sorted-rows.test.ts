import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SortedRows, type RowChange } from "../../journal/memory/sorted-rows.js";
import { compareViewKeys } from "../../journal/index.js";

const change = fc
  .record({ key: fc.nat(150), length: fc.option(fc.nat(20)) })
  .map(({ key, length }): RowChange => ({
    key: [key % 2 === 0 ? key : `k${key}`],
    bytes: length === null ? undefined : new Uint8Array(length),
  }));

describe("rows in memory, changed many at a time", () => {
  it("are those of a map, in order, and count the bytes that are there", () => {
    const batches = fc.array(fc.array(change, { maxLength: 200 }), { maxLength: 6 });
    fc.assert(
      fc.property(batches, (changes) => {
        const rows = new SortedRows();
        const expected = new Map<string, RowChange>();
        for (const batch of changes) {
          rows.change(batch);
          for (const each of batch) {
            if (each.bytes === undefined) expected.delete(String(each.key[0]));
            else expected.set(String(each.key[0]), each);
          }
        }
        const sorted = [...expected.values()].sort((a, b) => compareViewKeys(a.key, b.key));
        expect(rows.slice()).toEqual(sorted);
        const again = new SortedRows();
        for (const each of sorted) again.change([each]);
        expect(rows.bytes).toBe(again.bytes);
        for (const { key, bytes } of sorted) expect(rows.get(key)).toBe(bytes);
      }),
    );
  });
});
