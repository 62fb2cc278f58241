import { expectTypeOf, test } from "vitest";
import {
  collection,
  type AnyCollection,
  type DocumentOf,
  type IndexesOf,
} from "../../src/projections/collection.js";
import type { Documents } from "../../src/projections/documents.js";
import type { CollectionReader, Cursor, Entry } from "../../src/projections/query.js";

interface Booking {
  readonly serviceId: string;
  readonly startsAt: Date;
  readonly seats: number;
  readonly note?: string;
  readonly state: "open" | "paid";
  readonly tags: readonly string[];
  readonly customer: { readonly name: string };
}

const Bookings = collection<Booking>()
  .index("byService", "serviceId", "startsAt", "seats")
  .unique("byNote", "note")
  .index("byState", "state")
  .indexEach("byTag", "tags")
  .indexBy("byCustomer", ({ customer, seats }) => (seats > 0 ? [customer.name, seats] : undefined));

type BookingIndexes = IndexesOf<typeof Bookings>;
declare const reader: CollectionReader<Booking, BookingIndexes>;
declare const documents: Documents<Booking, BookingIndexes>;

test("a collection knows its documents and indexes", () => {
  expectTypeOf(Bookings).toExtend<AnyCollection>();
  expectTypeOf<DocumentOf<typeof Bookings>>().toEqualTypeOf<Booking>();
  expectTypeOf<keyof BookingIndexes>().toEqualTypeOf<
    "byService" | "byNote" | "byState" | "byTag" | "byCustomer"
  >();
});

test("what is read has the document's type", () => {
  expectTypeOf(reader.get("b-1")).toEqualTypeOf<Booking | undefined>();
  expectTypeOf(reader.getMany(["b-1"])).toEqualTypeOf<(Booking | undefined)[]>();
  expectTypeOf(reader.list({ prefix: "b-" }).entries).toEqualTypeOf<readonly Entry<Booking>[]>();
  const page = reader.find("byService", { equals: "s-1", order: "descending", limit: 10 });
  expectTypeOf(page.entries).toEqualTypeOf<readonly Entry<Booking>[]>();
  expectTypeOf(page.next).toEqualTypeOf<Cursor | undefined>();
  expectTypeOf(reader.countBy("byTag", { equals: "window" })).toEqualTypeOf<number>();
  expectTypeOf(documents.find("byState", { equals: "open" })).toEqualTypeOf<
    readonly Entry<Booking>[]
  >();
});

test("the values of an index have the types of its fields, for one field up to all", () => {
  const at = new Date(0);
  reader.find("byService", { equals: "s-1" });
  reader.find("byService", { equals: ["s-1"] });
  // A tuple made elsewhere is read-only.
  reader.find("byService", { equals: ["s-1"] as const });
  reader.find("byService", { equals: ["s-1", at] });
  reader.find("byService", { equals: ["s-1", at, 2] });
  reader.find("byService", { equals: "s-1", from: at, upTo: at });
  reader.find("byService", { equals: ["s-1", at], upTo: 2 });
  reader.find("byCustomer", { equals: ["Ada", 2] });
  reader.find("byCustomer", { prefix: "Ad" });
  reader.find("byState", { equals: "paid" });
  expectTypeOf<BookingIndexes["byService"]>().toEqualTypeOf<readonly [string, Date, number]>();
  expectTypeOf<BookingIndexes["byNote"]>().toEqualTypeOf<readonly [string | undefined]>();
  expectTypeOf<BookingIndexes["byCustomer"]>().toEqualTypeOf<readonly [string, number]>();
  expectTypeOf<BookingIndexes["byTag"]>().toEqualTypeOf<readonly [string]>();
});

test("wrong names and wrong kinds of values don't compile", () => {
  // @ts-expect-error -- no such index
  reader.find("byPrice");
  // @ts-expect-error -- no such index
  reader.countBy("bySeats");
  // @ts-expect-error -- no such index
  documents.find("byPrice");
  // @ts-expect-error -- the first field is text
  reader.find("byService", { equals: 5 });
  // @ts-expect-error -- the second field is a Date
  reader.find("byService", { equals: ["s-1", 5] });
  // @ts-expect-error -- there are three fields
  reader.find("byService", { equals: ["s-1", new Date(0), 1, 2] });
  // @ts-expect-error -- no field is a boolean
  reader.find("byService", { from: true });
  // @ts-expect-error -- not a state
  reader.find("byState", { equals: "closed" });
  // @ts-expect-error -- tags are text
  reader.countBy("byTag", { equals: 1 });
  // @ts-expect-error -- computed values have kinds too
  reader.find("byCustomer", { equals: 5 });
  // @ts-expect-error -- a prefix is text
  reader.find("byTag", { prefix: 1 });
  // @ts-expect-error -- ids are text
  reader.list({ from: 1 });
  // @ts-expect-error -- no such order
  reader.find("byTag", { order: "up" });
});

test("fields that can't be sorted make no index", () => {
  // @ts-expect-error -- an object
  collection<Booking>().index("byCustomer", "customer");
  // @ts-expect-error -- a list: that is indexEach
  collection<Booking>().unique("byTags", "tags");
  // @ts-expect-error -- no list: that is index
  collection<Booking>().indexEach("byState", "state");
  // @ts-expect-error -- no such field
  collection<Booking>().index("byPrice", "price");
  // @ts-expect-error -- a computed object
  collection<Booking>().indexBy("byCustomer", ({ customer }) => [customer]);
});
