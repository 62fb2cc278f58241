/** Two services for tests of telemetry: orders here, whose saga has them billed there. */
import { aggregate, collection, projection, reject, remote, saga, send, start } from "tidemark";
import { setup } from "xstate";

type OrderCommand = { type: "Place"; data: { note: string } };
type OrderEvent = { type: "Placed"; data: { note: string } };

export const Order = aggregate<{ placed: boolean }, OrderCommand, OrderEvent>({
  name: "order",
  initialState: () => ({ placed: false }),
  decide: {
    Place: (state, data) => (state.placed ? reject("placed-already") : { type: "Placed", data }),
  },
  evolve: { Placed: () => ({ placed: true }) },
});

type InvoiceCommand = { type: "Bill"; data: { note: string } };
type InvoiceEvent = { type: "Billed"; data: { note: string } };

export const Invoice = aggregate<{ billed: boolean }, InvoiceCommand, InvoiceEvent>({
  name: "invoice",
  initialState: () => ({ billed: false }),
  decide: { Bill: (state, data) => (state.billed ? [] : { type: "Billed", data }) },
  evolve: { Billed: () => ({ billed: true }) },
});

export const Orders = projection({
  name: "orders",
  version: 1,
  from: [Order],
  collections: { rows: collection<{ note: string }>() },
  on: {
    Placed: (event, { rows }) => rows.put(event.entityId, { note: event.data.note }),
  },
});

const invoices = remote<InvoiceCommand, InvoiceEvent>("invoice");

const machine = setup({
  types: { context: {} as { id: string; note: string }, input: {} as { id: string; note: string } },
  actions: {
    bill: send(
      invoices,
      ({ context }) => context.id,
      ({ context }) => ({ type: "Bill", data: { note: context.note } }),
      { as: "bill" },
    ),
  },
}).createMachine({
  id: "billing",
  context: ({ input }) => input,
  initial: "billing",
  states: { billing: { entry: "bill", on: { "bill.accepted": "done" } }, done: { type: "final" } },
});

export const Billing = saga({
  name: "billing",
  machine,
  from: [Order],
  correlate: {
    Placed: ({ entityId, data }) => start(entityId, { id: entityId, note: data.note }),
  },
  start: "beginning",
});
