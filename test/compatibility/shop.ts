/**
 * What the kept stores hold, as it was defined when they were written. Nothing here may change: a new release adds definitions of
 * its own beside these.
 */
import { assign, setup } from "xstate";
import {
  aggregate,
  collection,
  commandTo,
  fact,
  projection,
  reactor,
  reject,
  remote,
  resume,
  rule,
  ruleSet,
  saga,
  send,
  sequence,
  signal,
  slidingWindow,
  start,
  upcaster,
  type AnswerEvent,
  type RuntimeOptions,
} from "tidemark";

interface Order {
  readonly buyer: string;
  readonly cents: number;
  readonly tags: readonly string[];
  readonly status: "absent" | "placed" | "paid" | "cancelled";
}
type OrderCommand =
  | { type: "Place"; data: { buyer: string; cents: number; tags: readonly string[] } }
  | { type: "Pay" | "Cancel" };
type Placed = { type: "Placed"; data: { buyer: string; cents: number; tags: readonly string[] } };
type OrderEvent = Placed | { type: "Paid" | "Cancelled" };
interface EarlierPlaced {
  readonly type: "Placed";
  readonly data: { buyer: string; price: number };
}

/** The same aggregate before its event got another shape. */
export const EarlierOrder = aggregate<
  null,
  { type: "Place"; data: { buyer: string; price: number } },
  EarlierPlaced
>({
  name: "order",
  initialState: () => null,
  decide: { Place: (_state, data) => ({ type: "Placed", data }) },
  evolve: { Placed: () => null },
});

/** Has two shapes of an event, a claim that is taken and given up, and snapshots. */
export const Order = aggregate<Order, OrderCommand, OrderEvent>({
  name: "order",
  initialState: () => ({ buyer: "", cents: 0, tags: [], status: "absent" }),
  decide: {
    Place: (state, data) =>
      state.status === "absent" ? { type: "Placed", data } : reject("placed-already"),
    Pay: (state) => (state.status === "placed" ? { type: "Paid" } : reject("not-placed")),
    Cancel: (state) => (state.status === "placed" ? { type: "Cancelled" } : reject("not-placed")),
  },
  evolve: {
    Placed: (_state, data) => ({ ...data, status: "placed" }),
    Paid: (state) => ({ ...state, status: "paid" }),
    Cancelled: (state) => ({ ...state, status: "cancelled" }),
  },
  upcasters: {
    Placed: upcaster<{ buyer: string; price: number }>().reshape(({ buyer, price }) => ({
      buyer,
      cents: price * 100,
      tags: [],
    })),
  },
  claims: {
    "open-order": ({ buyer, status }) => (status === "placed" ? buyer : undefined),
  },
  snapshots: { everyEvents: 2 },
});

type TallyCommand = { type: "Add"; data: { key: string } } | { type: "Refuse" };
/** Counts what sagas and rules tell it. */
export const Tally = aggregate<
  Record<string, number>,
  TallyCommand,
  { type: "Added"; data: { key: string } }
>({
  name: "tally",
  initialState: () => ({}),
  decide: { Add: (_state, data) => ({ type: "Added", data }), Refuse: () => reject("no") },
  evolve: { Added: (state, { key }) => ({ ...state, [key]: (state[key] ?? 0) + 1 }) },
});

/** Of another service that isn't there any more: its commands stay in the outbox. */
const Carrier = remote<{ type: "Fetch" }>("carrier");

/** Of another service whose events are recorded here. */
export const Price = aggregate<
  null,
  { type: "Set"; data: { cents: number } },
  { type: "PriceSet"; data: { cents: number } }
>({
  name: "price",
  initialState: () => null,
  decide: { Set: (_state, data) => ({ type: "PriceSet", data }) },
  evolve: { PriceSet: () => null },
});
const Prices = remote(Price);

interface OrderRow {
  readonly id: string;
  readonly buyer: string;
  readonly cents: number;
  readonly status: string;
  readonly tags: readonly string[];
}

/** Every kind of index, two collections, and an event that can't be handled: "mallory" is parked. */
export const Orders = projection({
  name: "orders",
  version: 1,
  from: [Order],
  collections: {
    orders: collection<OrderRow>()
      .index("byBuyerAndCents", "buyer", "cents")
      .indexEach("byTag", "tags")
      .indexBy("byPounds", ({ cents }) => [Math.floor(cents / 100)]),
    buyers: collection<{ readonly buyer: string; readonly orders: number }>().unique(
      "byName",
      "buyer",
    ),
  },
  onFailure: { attemptsMax: 1 },
  on: {
    Placed: ({ entityId: id, data }, { orders, buyers }) => {
      if (data.buyer === "mallory") throw new Error("nobody of that name buys here");
      orders.put(id, { id, ...data, status: "placed" });
      buyers.update(data.buyer, (row) => ({ buyer: data.buyer, orders: (row?.orders ?? 0) + 1 }));
    },
    Paid: ({ entityId }, { orders }) =>
      orders.update(entityId, (row) => ({ ...(row as OrderRow), status: "paid" })),
    Cancelled: ({ entityId }, { orders }) => orders.remove(entityId),
  },
});

/** Of what the other service told. */
export const PriceList = projection({
  name: "price-list",
  version: 1,
  from: [Prices],
  lifecycle: "inline",
  collections: { prices: collection<{ readonly cents: number }>() },
  on: { PriceSet: ({ entityId, data }, { prices }) => prices.put(entityId, data) },
});

/** Tells the tally of each payment. */
const Teller = reactor({
  name: "teller",
  from: [Order],
  start: "beginning",
  on: {
    Paid: async ({ entityId }, { ask }) => {
      await ask(Tally, "paid", { type: "Add", data: { key: entityId } });
    },
  },
});

const deliveryMachine = setup({
  types: {
    context: {} as { id: string; reminders: number },
    input: {} as { id: string },
    events: {} as { type: "Paid" } | AnswerEvent<"second", typeof Tally> | AnswerEvent<"fetch">,
  },
  actors: { add: commandTo(Tally) },
  actions: {
    second: send(Tally, "second", ({ context }) => ({ type: "Add", data: { key: context.id } }), {
      as: "second",
    }),
    fetch: send(Carrier, ({ context }) => context.id, { type: "Fetch" }, { as: "fetch" }),
  },
}).createMachine({
  id: "delivery",
  context: ({ input }) => ({ id: input.id, reminders: 0 }),
  initial: "noting",
  states: {
    noting: {
      invoke: {
        src: "add",
        input: ({ context }) => ({
          entityId: "first",
          command: { type: "Add" as const, data: { key: context.id } },
        }),
        onDone: "unpaid",
      },
    },
    unpaid: {
      after: {
        60_000: {
          target: "unpaid",
          reenter: true,
          actions: assign({ reminders: ({ context }) => context.reminders + 1 }),
        },
      },
      on: { Paid: "telling" },
    },
    telling: { entry: "second", on: { "second.accepted": "resting" } },
    resting: { after: { 30_000: "fetching" } },
    fetching: { entry: "fetch", on: { "fetch.accepted": "done" } },
    done: { type: "final" },
  },
});

/** Instances wait for a timer, for an answer that doesn't come, are parked, or have ended by hand. */
export const Delivery = saga({
  name: "delivery",
  machine: deliveryMachine,
  from: [Order],
  correlate: {
    Placed: ({ entityId }) => start(entityId, { id: entityId }),
    Paid: ({ entityId }) => resume(entityId),
  },
  start: "beginning",
});

const Open = fact<{ cents: number }>("open");
const Payment = signal<{ cents: number }>("payment");
const Recent = slidingWindow("recent", { sizeMs: 3_600_000 });
const Quick = sequence<OrderEvent>("quick", { steps: ["Placed", "Paid"], withinMs: 600_000 });

type BuyerAlert =
  | { type: "Forgotten"; data: { cents: number } }
  | { type: "Busy"; data: { count: number } }
  | { type: "Quick" | "Thanked" };

/** Sessions with facts, a window, a sequence, a timer that lasts, and commands. */
export const Watch = ruleSet({
  name: "watch",
  version: 1,
  from: [Order],
  facts: [Open, Payment, Recent, Quick],
  key: ({ entityId }) => entityId,
  targets: [Tally],
  start: "beginning",
  on: {
    Placed: ({ entityId, data }, memory) => {
      memory.insert(Open, entityId, { cents: data.cents });
      memory.add(Recent, { value: data.cents });
    },
    Paid: ({ entityId }, memory) => {
      memory.retract(Open, entityId);
      memory.signal(Payment, { cents: 1 });
    },
  },
  rules: [
    rule<BuyerAlert>("forgotten")
      .when("open", Open)
      .lasting(90_000)
      .then(({ open }, act) => act.alert({ type: "Forgotten", data: open })),
    rule<BuyerAlert>("busy")
      .when("recent", Recent, { where: ({ count }) => count >= 1 })
      .then(({ recent }, act) => act.alert({ type: "Busy", data: { count: recent.count } })),
    rule<BuyerAlert>("quick")
      .when("quick", Quick)
      .then((_bound, act) => act.alert({ type: "Quick" })),
    rule<BuyerAlert>("thank")
      .when("payment", Payment)
      .then((_bound, act) => {
        act.alert({ type: "Thanked" });
        act.send(Tally, "thanked", { type: "Add", data: { key: act.sessionId } });
      }),
  ],
});

/** The shop as it is opened with what it defines. */
export const shop = {
  service: "shop",
  aggregates: [Order, Tally],
  sagas: [Delivery],
  ruleSets: [Watch],
  projections: [Orders, PriceList],
  reactors: [Teller],
  remotes: [Prices],
} satisfies RuntimeOptions;
