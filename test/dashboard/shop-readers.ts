/** Who reads what the shop records; some of it is out of order, until it is mended. */
import { assign, setup } from "xstate";
import {
  collection,
  fact,
  projection,
  reactor,
  resume,
  rule,
  ruleSet,
  saga,
  send,
  start,
  type AnswerEvent,
} from "tidemark";
import { Order, Payment } from "./shop-domain.js";

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** What a deployment would have mended; switched while the shop runs. */
export interface Mended {
  taxes: boolean;
  revenue: boolean;
  carriers: boolean;
  scores: boolean;
  /** Not a mistake: what a later version of the shop shows, too. */
  regions: boolean;
}

interface OrderRow {
  readonly customer: string;
  readonly country: string;
  readonly status: string;
  readonly cents: number;
  readonly region?: string;
}

export function ordersView(mended: Mended, version = 1) {
  return projection({
    name: "orders-by-country",
    version,
    from: [Order],
    approval: true,
    collections: { orders: collection<OrderRow>() },
    onFailure: { attemptsMax: 2, retryDelayMs: 1 },
    on: {
      OrderPlaced: ({ entityId, data }, { orders }) => {
        if (data.country.startsWith("NO") && !mended.taxes)
          throw new Error(`no tax rate for country ${data.country}`);
        const { customer, country, cents } = data;
        const region = mended.regions ? { region: country === "CH" ? "EFTA" : "EU" } : {};
        orders.put(entityId, { customer, country, status: "placed", cents, ...region });
      },
      OrderPaid: ({ entityId }, { orders }) => {
        const row = orders.get(entityId);
        if (row !== undefined) orders.put(entityId, { ...row, status: "paid" });
      },
      OrderShipped: ({ entityId }, { orders }) => {
        const row = orders.get(entityId);
        if (row !== undefined) orders.put(entityId, { ...row, status: "shipped" });
      },
    },
  });
}

export function revenueView(mended: Mended) {
  return projection({
    name: "revenue-by-day",
    version: 1,
    from: [Payment],
    collections: { days: collection<{ cents: number; payments: number }>() },
    onFailure: { attemptsMax: 2, retryDelayMs: 1, then: "stop" },
    on: {
      PaymentCaptured: ({ recordedAtMs, data }, { days }) => {
        if (data.cents < 0 && !mended.revenue)
          throw new Error(`a payment of ${data.cents} cents: refunds aren't known here`);
        const day = new Date(recordedAtMs).toISOString().slice(0, 10);
        const { cents = 0, payments = 0 } = days.get(day) ?? {};
        days.put(day, { cents: cents + data.cents, payments: payments + 1 });
      },
    },
  });
}

export const articlesView = projection({
  name: "articles-sold",
  version: 3,
  from: [Order],
  collections: { articles: collection<{ pieces: number }>() },
  on: {
    OrderPlaced: ({ data }, { articles }) => {
      for (const { article, pieces } of data.lines)
        articles.put(article, { pieces: (articles.get(article)?.pieces ?? 0) + pieces });
    },
  },
});

export const confirmationMail = reactor({
  name: "confirmation-mail",
  from: [Order],
  on: { OrderPlaced: () => undefined, OrderShipped: () => undefined },
});

function fulfilmentMachine(mended: Mended) {
  return setup({
    types: {
      context: {} as { order: string; country: string; cents: number; carrier?: string },
      input: {} as { order: string; country: string; cents: number },
      events: {} as
        | { type: "PaymentCaptured"; data: { cents: number } }
        | { type: "OrderPacked"; data: { parcels: number; grams: number } }
        | { type: "OrderShipped"; data: { carrier: string; tracking: string } }
        | { type: "OrderDelivered" }
        | AnswerEvent<"capture">,
    },
    actions: {
      authorize: send(
        Payment,
        ({ context }) => context.order,
        ({ context }) => ({
          type: "Authorize",
          data: { order: context.order, cents: context.cents },
        }),
        { as: "authorize" },
      ),
      carrier: assign(({ context }) => {
        if (context.country.startsWith("IS") && !mended.carriers)
          throw new Error(`no carrier delivers to ${context.country}`);
        return { carrier: "DHL" };
      }),
    },
  }).createMachine({
    id: "fulfilment",
    context: ({ input }) => input,
    initial: "paying",
    states: {
      paying: {
        entry: "authorize",
        on: { PaymentCaptured: "shipping", "authorize.accepted": {} },
        after: { [2 * DAY_MS]: "abandoned" },
      },
      shipping: {
        initial: "packing",
        states: {
          packing: { on: { OrderPacked: { target: "handover", actions: "carrier" } } },
          handover: { on: { OrderShipped: "underway" } },
          underway: { after: { [5 * DAY_MS]: "searching" } },
          searching: {},
        },
        on: { OrderDelivered: "delivered" },
      },
      delivered: { type: "final" },
      abandoned: { type: "final" },
    },
  });
}

export function fulfilmentSaga(mended: Mended) {
  return saga({
    name: "fulfilment",
    version: 1,
    machine: fulfilmentMachine(mended),
    from: [Order, Payment],
    correlate: {
      OrderPlaced: ({ entityId, data }) =>
        start(entityId, { order: entityId, country: data.country, cents: data.cents }),
      PaymentCaptured: ({ entityId }) => resume(entityId),
      OrderPacked: ({ entityId }) => resume(entityId),
      OrderShipped: ({ entityId }) => resume(entityId),
      OrderDelivered: ({ entityId }) => resume(entityId),
    },
    start: "beginning",
  });
}

const Open = fact<{ order: string; cents: number }>("open-order");

export type FraudAlert =
  | { type: "ManyOpenOrders"; data: { customer: string; orders: readonly string[] } }
  | { type: "LargeOrder"; data: { order: string; cents: number } };

export const OPEN_ORDERS_MAX = 3;

export function fraudRules(mended: Mended) {
  return ruleSet({
    name: "fraud",
    version: 1,
    from: [Order],
    facts: [Open],
    start: "beginning",
    key: ({ type, data }) => (type === "OrderPlaced" ? data.customer : undefined),
    on: {
      OrderPlaced: ({ entityId, data }, memory) => {
        if (data.customer === "cus-207" && !mended.scores)
          throw new Error("the score of cus-207 isn't a number");
        memory.insert(Open, entityId, { order: entityId, cents: data.cents });
      },
    },
    rules: [
      rule<FraudAlert>("many-open-orders")
        .collect("open", Open, { having: (open) => open.length > OPEN_ORDERS_MAX })
        .then(({ open }, act) => {
          const orders = open.map(({ order }) => order);
          act.alert({ type: "ManyOpenOrders", data: { customer: act.sessionId, orders } });
        }),
      rule<FraudAlert>("large-order")
        .when("open", Open, ({ cents }) => cents > 150_000)
        .then(({ open }, act) => act.alert({ type: "LargeOrder", data: open })),
    ],
  });
}
