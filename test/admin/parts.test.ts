/** What operations are made of: lines out of bytes, leaves of states, rates, fields. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidArgumentError } from "tidemark";
import { ManualClock } from "tidemark/testing";
import { id, integer, optional, readFields, text } from "../../src/admin/fields.js";
import { leafChanges } from "../../src/admin/leaf-changes.js";
import { LineReader } from "../../src/admin/line-reader.js";
import { Sampler } from "../../src/admin/sampler.js";
import { told } from "../../src/admin/told.js";

describe("lines out of bytes", () => {
  it("are the same however the bytes are cut", () => {
    const lines = fc.array(fc.string({ unit: "binary" }).map((line) => line.replaceAll("\n", " ")));
    fc.assert(
      fc.property(lines, fc.array(fc.nat(20), { minLength: 1 }), (written, cuts) => {
        const bytes = Buffer.from(written.map((line) => `${line}\n`).join(""));
        const reader = new LineReader(1_000_000);
        const read: string[] = [];
        for (let at = 0, n = 0; at < bytes.length; n++) {
          const size = 1 + (cuts[n % cuts.length] ?? 0);
          read.push(...(reader.read(bytes.subarray(at, at + size)) ?? []));
          at += size;
        }
        expect(read).toEqual(written);
      }),
    );
  });

  it("may be as long as allowed and no longer, in one piece or many", () => {
    expect(new LineReader(3).read(Buffer.from("abc\nabc\n"))).toEqual(["abc", "abc"]);
    expect(new LineReader(3).read(Buffer.from("abcd\n"))).toBeUndefined();
    const reader = new LineReader(3);
    expect(reader.read(Buffer.from("ab"))).toEqual([]);
    expect(reader.read(Buffer.from("cd"))).toBeUndefined();
  });
});

describe("leaf changes", () => {
  it.each([
    [{ a: 1 }, { a: 1 }, []],
    [{ a: 1 }, { a: 2 }, [{ path: "a", before: 1, after: 2 }]],
    [
      { a: { b: 1 } },
      { a: { c: 2 } },
      [
        { path: "a.b", before: 1 },
        { path: "a.c", after: 2 },
      ],
    ],
    [
      { items: [{ price: 1 }] },
      { items: [{ price: 2 }] },
      [{ path: "items.0.price", before: 1, after: 2 }],
    ],
    [undefined, { a: [1] }, [{ path: "a.0", after: 1 }]],
    [{ a: {} }, {}, [{ path: "a", before: {} }]],
    [{ a: 5 }, { a: { b: 1 } }, [{ path: "a", before: 5, after: { b: 1 } }]],
    [{ at: new Date(1) }, { at: new Date(1) }, []],
    [
      { at: new Date(1) },
      { at: new Date(2) },
      [{ path: "at", before: new Date(1), after: new Date(2) }],
    ],
    [{ b: Buffer.from("x") }, { b: Buffer.from("x") }, []],
    [1, 2, [{ path: "", before: 1, after: 2 }]],
  ])("from %o to %o", (before, after, changes) => {
    expect(leafChanges(before, after)).toEqual(changes);
  });

  it("are none exactly where both are the same, but for empty lists and objects", () => {
    const value = fc.jsonValue({ maxDepth: 4 });
    fc.assert(
      fc.property(value, value, (before, after) => {
        const isSame = isDeepStrictEqual(shape(before), shape(after));
        expect(leafChanges(before, after).length === 0).toBe(isSame);
        expect(leafChanges(before, before)).toEqual([]);
      }),
    );
  });

  it("are at most a thousand", () => {
    const many = Object.fromEntries(Array.from({ length: 2_000 }, (_, n) => [`f${n}`, n]));
    expect(leafChanges({}, many)).toHaveLength(1_000);
  });

  /** A list is told like an object with numbers for names; -0 isn't 0 to a comparison of leaves. */
  function shape(value: unknown): unknown {
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([name, item]) => [name, shape(item)] as const);
    if (entries.length === 0) return Array.isArray(value) ? [] : {};
    return Object.fromEntries(entries);
  }
});

describe("rates", () => {
  it("are over the last ten seconds while somebody looks, and over the time since the last look otherwise", async () => {
    const clock = new ManualClock();
    let count = 0;
    const sampler = new Sampler(clock, () => ({ count }));
    expect(sampler.rates()).toEqual({ count: 0 });
    count = 100;
    await clock.advance(2_000);
    expect(sampler.rates()).toEqual({ count: 50 });
    await clock.advance(11_000);
    expect(sampler.rates()).toEqual({ count: 0 });
    await clock.advance(100_000);
    count = 1_000;
    await clock.advance(100_000);
    const { count: rate = 0 } = sampler.rates();
    expect(rate).toBeGreaterThan(0);
    sampler.close();
  });

  it("of what began anew are not negative", async () => {
    const clock = new ManualClock();
    let count = 100;
    const sampler = new Sampler(clock, () => ({ count }));
    count = 0;
    await clock.advance(1_000);
    expect(sampler.rates()).toEqual({ count: 0 });
    sampler.close();
  });
});

describe("fields", () => {
  const fields = { name: id, limit: optional(integer(1, 10)), note: optional(text(5)) };

  it("give what was given and is known, and nothing else", () => {
    expect(readFields(fields, { name: "a", limit: undefined })).toEqual({ name: "a" });
    for (const bad of [undefined, null, [], "x", {}, { name: "" }, { name: "a", limit: 11 }])
      expect(() => readFields(fields, bad), JSON.stringify(bad)).toThrow(InvalidArgumentError);
    expect(() => readFields(fields, { name: "a", note: "longer" })).toThrow("note");
    expect(() => readFields(fields, { name: "a", other: 1 })).toThrow("name, limit, note");
  });

  it("refuse whatever else there is with that one error", () => {
    fc.assert(
      fc.property(fc.anything(), (input) => {
        try {
          expect(readFields(fields, input)).toHaveProperty("name");
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidArgumentError);
        }
      }),
    );
  });
});

describe("what parts tell", () => {
  const status = {
    lastError: new TypeError("secret"),
    error: "secret",
    samples: ["secret"],
    at: new Date(1),
  };

  it("is told with its errors as data", () => {
    expect(told({ ...status, left: undefined, run: () => 1 }, { payloads: true })).toEqual({
      lastError: { name: "TypeError", message: "secret" },
      error: "secret",
      samples: ["secret"],
      at: new Date(1),
    });
  });

  it("is told without what may quote payloads to whoever may not see them", () => {
    expect(JSON.stringify(told(status, { payloads: false }))).not.toContain("secret");
  });
});
