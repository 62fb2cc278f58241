/** Keys of views for properties: few enough that they meet, odd enough to find what an encoding forgets. */
import fc from "fast-check";
import type { ViewKey, ViewKeyPart } from "../../journal/views.js";

export const STORE = "00000000-0000-4000-8000-000000000001";
export const TABLES = ["documents", "entries", "rows"] as const;

const text = fc.oneof(
  fc.string({
    unit: fc.constantFrom(
      "\0",
      "\u0001",
      "\u0004",
      "\u0005",
      "\u001b",
      "\u001c",
      "a",
      "b",
      "é",
      "€",
      "\uffff",
      "😀",
    ),
    maxLength: 3,
  }),
  fc.string({ unit: "binary", maxLength: 5 }),
  // lmdb's own encoding of keys takes another way from 64 characters on.
  fc.string({
    unit: fc.constantFrom("\0", "\u0004", "a", "é", "😀"),
    minLength: 60,
    maxLength: 70,
  }),
);

export const keyPart: fc.Arbitrary<ViewKeyPart> = fc.oneof(
  fc.constantFrom(null, false, true, 0, -0, 1, -1, "", "a", 5n, -5n),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.bigInt({ min: 2n ** 53n - 4n, max: 2n ** 53n + 4n }),
  fc.bigInt({ min: -(2n ** 53n) - 4n, max: -(2n ** 53n) + 4n }),
  text,
);

export const viewKey: fc.Arbitrary<ViewKey> = fc.oneof(
  fc.array(fc.constantFrom<ViewKeyPart>(null, true, 0, 1, -1, "", "a", "\0"), {
    minLength: 1,
    maxLength: 3,
  }),
  fc.array(keyPart, { minLength: 1, maxLength: 4 }),
);
