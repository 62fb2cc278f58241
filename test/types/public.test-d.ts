import {
  aggregate,
  collection,
  projection,
  upcaster,
  type Answer,
  type EventOf,
  type RecordedEvent,
  type Runtime,
} from "tidemark";
import { expectTypeOf, test } from "vitest";
import { Account, accountWith, type AccountEvent, type AccountState } from "../support/account.js";

declare const runtime: Runtime;

test("ask answers with the aggregate's own events", () => {
  const answer = runtime.ask(Account, "a", { type: "Deposit", data: { cents: 1 } });
  expectTypeOf(answer).resolves.toEqualTypeOf<Answer<AccountEvent>>();
  expectTypeOf<EventOf<typeof Account>>().toEqualTypeOf<AccountEvent>();
});

test("ask refuses unknown commands and wrong data", () => {
  // @ts-expect-error -- no such command
  void runtime.ask(Account, "a", { type: "Explode" });
  // @ts-expect-error -- cents is a number
  void runtime.ask(Account, "a", { type: "Deposit", data: { cents: "1" } });
  // @ts-expect-error -- data is missing
  void runtime.ask(Account, "a", { type: "Deposit" });
});

test("state is typed", () => {
  expectTypeOf(runtime.state(Account, "a"))
    .resolves.toHaveProperty("state")
    .toEqualTypeOf<AccountState>();
});

test("every command and event needs a handler, and handlers return the aggregate's own events", () => {
  aggregate<object, { type: "A" }, { type: "B" }>({
    name: "x",
    initialState: () => ({}),
    // @ts-expect-error -- decide A is missing
    decide: {},
    evolve: { B: (state) => state },
  });
  aggregate<object, { type: "A" }, { type: "B" }>({
    name: "x",
    initialState: () => ({}),
    decide: { A: () => ({ type: "B" }) },
    // @ts-expect-error -- evolve B is missing
    evolve: {},
  });
  aggregate<object, { type: "A" }, { type: "B" }>({
    name: "x",
    initialState: () => ({}),
    // @ts-expect-error -- C isn't an event of this aggregate
    decide: { A: () => ({ type: "C" }) },
    evolve: { B: (state) => state },
  });
});

test("a chain of upcasters must end in today's data", () => {
  accountWith({
    upcasters: {
      Deposited: upcaster<{ euros: number }>().reshape(({ euros }) => ({ cents: euros * 100 })),
    },
  });
  accountWith({
    upcasters: {
      // @ts-expect-error -- ends in { euro }, evolve wants { cents }
      Deposited: upcaster<{ euros: number }>().reshape(({ euros }) => ({ euro: euros })),
    },
  });
  accountWith({ upcasters: { Old: upcaster<{ a: 1 }>().renameTo("Deposited") } });
});

test("a projection's handlers get the events of their type, its view its documents", () => {
  const rows = projection({
    name: "rows",
    version: 1,
    from: [Account],
    collections: { rows: collection<{ cents: number }>() },
    on: {
      Deposited: (event, { rows: documents }) => {
        expectTypeOf(event).toEqualTypeOf<
          RecordedEvent<{ type: "Deposited"; data: { cents: number } }>
        >();
        documents.put(event.entityId, { cents: event.data.cents });
        // @ts-expect-error -- not a document of this view
        documents.put(event.entityId, { euros: 1 });
      },
    },
  });
  expectTypeOf(runtime.view(rows).get("a")).resolves.toEqualTypeOf<{ cents: number } | undefined>();
  const past = runtime.viewAt(rows, { position: 1 }).then((view) => view.collections.rows.get("a"));
  expectTypeOf(past).resolves.toEqualTypeOf<{ cents: number } | undefined>();
  // @ts-expect-error -- a version is of one entity
  void runtime.viewAt(rows, { version: 1 });
});

test("one member of a union may stand for several types", () => {
  type Event = { type: "Deposited" | "Withdrawn"; data: { cents: number } } | { type: "Opened" };
  aggregate<{ cents: number }, { type: "Deposit" | "Withdraw"; data: { cents: number } }, Event>({
    name: "x",
    initialState: () => ({ cents: 0 }),
    decide: {
      Deposit: (_state, data) => {
        expectTypeOf(data).toEqualTypeOf<{ cents: number }>();
        return { type: "Deposited", data };
      },
      Withdraw: (_state, data) => ({ type: "Withdrawn", data }),
    },
    evolve: {
      Deposited: (state, data) => {
        expectTypeOf(data).toEqualTypeOf<{ cents: number }>();
        return state;
      },
      Withdrawn: (state) => state,
      Opened: (state) => state,
    },
  });
});
