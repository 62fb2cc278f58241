/** The view: each foo as it is, and its history beside it, so that a long history isn't written anew with each reading. */
import { collection, projection } from "tidemark";
import { Foo } from "./foo.js";

export interface FooRow {
  readonly barId: string;
  readonly bazId: string;
  readonly isActive: boolean;
  readonly value: number;
  readonly lastUpdateAt: string;
  /** Counted up, not put: an event that was handled twice would show. */
  readonly readings: number;
}

export interface HistoryRow {
  readonly fooId: string;
  /** Of the foo, from 1. */
  readonly version: number;
  readonly isActive: boolean;
  readonly value: number;
  readonly takenAt: string;
}

// #region view
export const foosView = projection({
  name: "foos",
  version: 1,
  from: [Foo],
  collections: {
    foos: collection<FooRow>().index("byActive", "isActive"),
    history: collection<HistoryRow>().index("byFoo", "fooId", "version"),
  },
  on: {
    ReadingTaken: ({ entityId, version, data }, { foos, history }) => {
      const { barId, bazId, isActive, value, takenAt } = data;
      foos.update(entityId, (foo) => ({
        barId,
        bazId,
        isActive,
        value,
        lastUpdateAt: takenAt,
        readings: (foo?.readings ?? 0) + 1,
      }));
      history.put(`${entityId}/${version}`, { fooId: entityId, version, isActive, value, takenAt });
    },
  },
});
// #endregion
