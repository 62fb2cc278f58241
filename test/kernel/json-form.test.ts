import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { InvalidArgumentError } from "tidemark";
import { leafKeyOf, sealLeaf } from "../../src/kernel/leaf-cipher.js";
import { fromJsonForm, toJsonForm } from "../../src/kernel/json-form.js";

const key = fc.oneof(
  fc.string(),
  fc.constantFrom("$date", "$$date", "$bigint", "$bytes", "$", "constructor"),
);
const plain = fc.letrec<{ value: unknown; leaf: unknown }>((tie) => ({
  leaf: fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.double().map((number) => (number === 0 ? 0 : number)),
    fc.string({ unit: "binary" }),
    fc.bigInt(-(2n ** 63n), 2n ** 64n - 1n),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.constantFrom(undefined, null, "gone", 0).map((placeholder) => {
      const key = leafKeyOf({ subject: "Ä", keyId: "k" }, "store", Buffer.alloc(32, 1));
      return sealLeaf(key, "secret", placeholder);
    }),
  ),
  value: fc.oneof(
    { depthSize: "small" },
    tie("leaf"),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(
      key.filter((name) => name !== "__proto__"),
      tie("value"),
      { maxKeys: 5, noNullPrototype: true },
    ),
  ),
})).value;

/** Over the wire and back. */
const there = (value: unknown): unknown =>
  fromJsonForm(JSON.parse(JSON.stringify(toJsonForm(value))));

describe("the JSON form", () => {
  it("gives any plain data back equal", () => {
    fc.assert(
      fc.property(plain, (value) => {
        // Vitest asks data for its constructor, which may be a key of it.
        expect(isDeepStrictEqual(there(value), value)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("keeps two values apart that JSON alone would make one", () => {
    const values = [1n, "1", { $bigint: "1" }, { $$bigint: "1" }, Buffer.from([49])];
    const texts = values.map((value) => JSON.stringify(toJsonForm(value)));
    expect(new Set(texts).size).toBe(values.length);
    expect(values.map(there)).toStrictEqual(values);
  });

  it("leaves out what is undefined", () => {
    expect(there({ a: undefined, b: [undefined, 1] })).toStrictEqual({ b: [null, 1] });
    expect(toJsonForm(undefined)).toBeUndefined();
  });

  it.each([
    ["a map", { a: new Map() }],
    ["a class instance", { a: new Error("no") }],
    ["a function", { a: () => 1 }],
    ["an invalid date", { a: new Date(Number.NaN) }],
    ["__proto__ as a key", JSON.parse('{"a":{"__proto__":1}}') as unknown],
  ])("refuses to write %s rather than lose it", (_, value) => {
    expect(() => toJsonForm(value)).toThrow(InvalidArgumentError);
  });

  it("refuses a cycle, and what is nested too deep, in both directions", () => {
    const cycle: Record<string, unknown> = {};
    cycle["again"] = cycle;
    expect(() => toJsonForm(cycle)).toThrow("nested less deeply");
    const deep = JSON.parse("[".repeat(100_000) + "]".repeat(100_000)) as unknown;
    expect(() => fromJsonForm(deep)).toThrow("nested less deeply");
  });

  it.each([
    '{"$nope":1}',
    '{"$bigint":1}',
    '{"$bigint":"1.5"}',
    '{"$bigint":"1","more":1}',
    '{"more":1,"$bigint":"1"}',
    '{"$date":"yesterday"}',
    '{"$date":"2026-13-45T99:00:00.000Z"}',
    '{"$bytes":"*"}',
    '{"$number":"1"}',
    '{"$constructor":"x"}',
    '{"$toString":"x"}',
    '{"a":{"__proto__":{"polluted":true}}}',
  ])("refuses to read %s", (text) => {
    expect(() => fromJsonForm(JSON.parse(text))).toThrow(InvalidArgumentError);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it("reads whatever it is given, or says that it can't", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        try {
          const value = fromJsonForm(JSON.parse(text));
          expect(isDeepStrictEqual(there(value), value)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidArgumentError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
