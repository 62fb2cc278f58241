/** The aggregate: a foo is what belongs to one bar and one baz, and readings are what happens to it. */
import { aggregate, reject } from "tidemark";
import { v5 as uuidOf } from "uuid";

/** As it comes from outside: it carries no id of its own. */
export interface Reading {
  readonly barId: string;
  readonly bazId: string;
  readonly isActive: boolean;
  readonly value: number;
  /** ISO 8601. */
  readonly takenAt: string;
}

/** A reading as recorded, with its line in the feed, from 1. */
export type NumberedReading = Reading & { readonly line: number };

interface TakeReading {
  readonly type: "TakeReading";
  readonly data: NumberedReading;
}

interface ReadingTaken {
  readonly type: "ReadingTaken";
  readonly data: NumberedReading;
}

/** Never change it: it is a part of every id. */
const FOO_NAMESPACE = "6b0b6c1e-5f0a-4c55-9d3c-0c3a3f1b7a52";

/** The same two ids give the same UUID, in every process and for ever. Written as JSON, so that ("a", "b:c") isn't ("a:b", "c"). */
// #region id
export function fooIdOf({ barId, bazId }: Pick<Reading, "barId" | "bazId">): string {
  return uuidOf(JSON.stringify([barId, bazId]), FOO_NAMESPACE);
}
// #endregion

export const Foo = aggregate<{ readings: number }, TakeReading, ReadingTaken>({
  name: "foo",
  initialState: () => ({ readings: 0 }),
  decide: {
    TakeReading: (_state, reading, { entityId }) =>
      entityId === fooIdOf(reading)
        ? { type: "ReadingTaken", data: reading }
        : reject("another-foo", { belongsTo: fooIdOf(reading) }),
  },
  evolve: {
    ReadingTaken: ({ readings }) => ({ readings: readings + 1 }),
  },
});
