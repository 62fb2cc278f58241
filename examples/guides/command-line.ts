/** The shop that docs/guides/command-line.md looks at; test/docs/guides/command-line.test.ts runs every command of it. */
import {
  aggregate,
  collection,
  fact,
  projection,
  reject,
  rule,
  ruleSet,
  saga,
  slidingWindow,
  startOrResume,
} from "tidemark";
import { setup } from "xstate";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface ArticleState {
  readonly sku?: string;
  readonly count: number;
}
type ArticleEvent =
  | { type: "Listed"; data: { sku: string } }
  | { type: "Received"; data: { count: number } }
  | { type: "Sold"; data: { count: number; note?: string } }
  | { type: "RanLow"; data: { left: number } }
  | { type: "Counted"; data: ArticleState };
export type ArticleCommand =
  | { type: "List"; data: { sku: string } }
  | { type: "Receive"; data: { count: number } }
  | { type: "Sell"; data: { count: number; note?: string } };

const LOW = 3;

export const Article = aggregate<ArticleState, ArticleCommand, ArticleEvent>({
  name: "article",
  initialState: () => ({ count: 0 }),
  decide: {
    List: (_state, data) => ({ type: "Listed", data }),
    Receive: (_state, data) => ({ type: "Received", data }),
    Sell: (state, data) => {
      const left = state.count - data.count;
      if (left < 0) return reject("out-of-stock", { left: state.count });
      const sold = { type: "Sold", data } as const;
      return left < LOW ? [sold, { type: "RanLow", data: { left } }] : sold;
    },
  },
  evolve: {
    Listed: (state, { sku }) => ({ ...state, sku }),
    Received: (state, { count }) => ({ ...state, count: state.count + count }),
    Sold: (state, { count }) => ({ ...state, count: state.count - count }),
    RanLow: (state) => state,
    Counted: (_state, counted) => counted,
  },
  // For tidemark compact.
  summary: (data) => ({ type: "Counted", data }),
  claims: { sku: (state) => state.sku },
});

/** What is on the shelf. It can't take a sale with a note: that is its bug. */
export const shelf = projection({
  name: "shelf",
  version: 1,
  from: [Article],
  collections: { articles: collection<{ count: number }>() },
  onFailure: { attemptsMax: 1, then: "park" },
  on: {
    Received: ({ entityId, data }, { articles }) => {
      articles.update(entityId, (row) => ({ count: (row?.count ?? 0) + data.count }));
    },
    Sold: ({ entityId, data }, { articles }) => {
      if (data.note !== undefined) throw new Error(`a sale with a note: ${data.note}`);
      articles.update(entityId, (row) => ({ count: (row?.count ?? 0) - data.count }));
    },
  },
});

const reordering = setup({
  types: { events: {} as { type: "Delivered" } },
  delays: { patience: 3 * DAY_MS },
}).createMachine({
  id: "reorder",
  initial: "waiting",
  states: {
    waiting: { on: { Delivered: "delivered" }, after: { patience: "overdue" } },
    overdue: { on: { Delivered: "delivered" } },
    delivered: { type: "final" },
  },
});

/** Waits for what was ordered anew, for three days. */
export const Reorder = saga({
  name: "reorder",
  machine: reordering,
  from: [Article],
  onKnown: "ignore",
  correlate: { RanLow: ({ entityId }) => startOrResume(entityId) },
});

type Rush = { type: "Rush"; data: { pieces: number } };
const SoldAnHour = slidingWindow("sold-an-hour", { sizeMs: HOUR_MS });
const Listed = fact<{ sku: string }>("listed");

/** Says when more than five pieces of an article go in an hour. */
export const ShopRules = ruleSet({
  name: "shop-rules",
  from: [Article],
  facts: [SoldAnHour, Listed],
  on: {
    Listed: ({ data }, memory) => {
      memory.insert(Listed, "", data);
    },
    Sold: ({ data }, memory) => {
      memory.add(SoldAnHour, { value: data.count });
    },
  },
  rules: [
    rule<Rush>("rush")
      .when("listed", Listed)
      .when("sold", SoldAnHour, ({ sum }) => sum > 5)
      .then(({ sold }, act) => {
        act.alert({ type: "Rush", data: { pieces: sold.sum } });
      }),
  ],
});

/** For `--app`. */
export const definitions = {
  aggregates: [Article],
  projections: [shelf],
  sagas: [Reorder],
  ruleSets: [ShopRules],
};
