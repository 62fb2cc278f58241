/** What the compiler knows of sagas: targets, contexts and events as the machine and the aggregates say them. */
import {
  commandTo,
  compensate,
  resume,
  saga,
  send,
  start,
  type AnswerEvent,
  type CommandFailure,
  type CommandOutput,
} from "tidemark";
import { expectTypeOf, test } from "vitest";
import { assign, setup, type ErrorActorEvent } from "xstate";
import { Account, type AccountEvent } from "../support/account.js";
import { Purse, TransferOrder } from "../support/transfers.js";

interface Context {
  account: string;
  cents: number;
}
type Events = { type: "Go"; data: { cents: number } } | AnswerEvent<"debit", typeof Account>;
const types = { context: {} as Context, events: {} as Events, input: {} as Context };

test("send knows the target's commands, the machine's context and its events", () => {
  setup({
    types,
    actions: {
      byContext: send(
        Account,
        ({ context }) => context.account,
        ({ context }) => ({ type: "Withdraw", data: { cents: context.cents } }),
        {
          as: "debit",
          compensateWith: ({ context }) => ({ type: "Deposit", data: { cents: context.cents } }),
        },
      ),
      fixed: send(Account, "a", { type: "Touch" }),
      byEvent: send(Account, "a", ({ event }) => {
        expectTypeOf(event.type).toEqualTypeOf<Events["type"]>();
        return { type: "Touch" };
      }),
      undo: compensate(),
      // @ts-expect-error -- no such command
      noCommand: send(Account, "a", { type: "Explode" }),
      // @ts-expect-error -- cents is a number
      wrongData: send(Account, "a", { type: "Deposit", data: { cents: "1" } }),
      // @ts-expect-error -- an entity id is text
      wrongId: send(Account, ({ context }) => context.cents, { type: "Touch" }),
      // @ts-expect-error -- the context has no owner
      noField: send(Account, ({ context }) => context.owner as string, { type: "Touch" }),
      // @ts-expect-error -- what undoes it is a command of the same target
      wrongUndo: send(Account, "a", { type: "Touch" }, { compensateWith: { type: "Close" } }),
      // @ts-expect-error -- not an option
      noOption: send(Account, "a", { type: "Touch" }, { attempts: 3 }),
    },
  });
  // @ts-expect-error -- not a target
  send("account", "a", { type: "Touch" });
});

test("send in place knows the event of its transition", () => {
  setup({ types }).createMachine({
    context: ({ input }) => input,
    entry: send(Account, ({ context }) => context.account, { type: "Touch" }),
    on: {
      Go: {
        actions: send(
          Account,
          ({ context }) => context.account,
          ({ event }) => {
            expectTypeOf(event).toEqualTypeOf<{ type: "Go"; data: { cents: number } }>();
            return { type: "Deposit", data: { cents: event.data.cents } };
          },
        ),
      },
    },
  });
  setup({ types }).createMachine({
    context: ({ input }) => input,
    on: {
      Go: {
        // @ts-expect-error -- no such command
        actions: send(Account, "a", { type: "Explode" }),
      },
    },
  });
});

test("an answer is an event with the target's own events", () => {
  setup({ types }).createMachine({
    context: ({ input }) => input,
    on: {
      "debit.accepted": {
        actions: assign(({ event }) => {
          expectTypeOf(event.events).toEqualTypeOf<readonly AccountEvent[]>();
          expectTypeOf(event.commandId).toEqualTypeOf<string>();
          return {};
        }),
      },
      "debit.rejected": {
        actions: assign(({ event }) => {
          expectTypeOf(event.code).toEqualTypeOf<string>();
          expectTypeOf(event.details).toEqualTypeOf<unknown>();
          return {};
        }),
      },
      "debit.given-up": {
        actions: assign(({ event }) => {
          expectTypeOf(event.uncertain).toEqualTypeOf<boolean>();
          return {};
        }),
      },
    },
  });
  expectTypeOf<AnswerEvent<"pay">["type"]>().toEqualTypeOf<
    "pay.accepted" | "pay.rejected" | "pay.timed-out" | "pay.given-up"
  >();
});

test("commandTo takes the target's commands, and gives what was recorded or why not", () => {
  const { createMachine } = setup({ types, actors: { payment: commandTo(Account) } });
  createMachine({
    context: ({ input }) => input,
    invoke: {
      src: "payment",
      input: ({ context }) => ({
        entityId: context.account,
        command: { type: "Withdraw", data: { cents: context.cents } },
        timeoutMs: 5_000,
      }),
      onDone: {
        actions: assign(({ event }) => {
          expectTypeOf(event.output).toEqualTypeOf<CommandOutput<AccountEvent>>();
          return {};
        }),
      },
      onError: {
        actions: assign(({ event }) => {
          expectTypeOf(event).toEqualTypeOf<ErrorActorEvent>();
          const { outcome } = event.error as CommandFailure;
          expectTypeOf(outcome).toEqualTypeOf<"rejected" | "timed-out" | "given-up">();
          return {};
        }),
      },
    },
  });
  createMachine({
    context: ({ input }) => input,
    // @ts-expect-error -- no such command
    invoke: {
      src: "payment",
      input: { entityId: "a", command: { type: "Explode" } },
    },
  });
  createMachine({
    context: ({ input }) => input,
    // @ts-expect-error -- no such actor
    invoke: { src: "nobody" },
  });
});

test("correlate knows the events of its sources, by their type", () => {
  const { machine } = {
    machine: setup({ types }).createMachine({ context: ({ input }) => input }),
  };
  saga({
    name: "s",
    machine,
    from: [TransferOrder, Purse],
    correlate: {
      Requested: (event) => {
        expectTypeOf(event.data).toEqualTypeOf<{ from: string; to: string; cents: number }>();
        expectTypeOf(event.entityId).toEqualTypeOf<string>();
        return start(event.entityId, { account: event.data.from, cents: event.data.cents });
      },
      Deposited: ({ data, entityId }) => {
        expectTypeOf(data).toEqualTypeOf<{ cents: number }>();
        return [resume(entityId), resume("all", { type: "Go", data })];
      },
      Closed: () => undefined,
    },
  });
  saga({
    name: "s",
    machine,
    from: [TransferOrder],
    correlate: {
      // @ts-expect-error -- no event of the sources
      Deposited: () => undefined,
    },
  });
  saga({
    name: "s",
    machine,
    from: [TransferOrder],
    correlate: {
      // @ts-expect-error -- not a correlation
      Requested: () => "t-1",
    },
  });
  // @ts-expect-error -- not a policy
  saga({ name: "s", machine, onUnknown: "park" });
});

test("a saga is a source of the events that it emits", () => {
  const Paying = saga<[], { type: "Paid"; data: { cents: number } }>({
    name: "paying",
    machine: setup({ types }).createMachine({ context: ({ input }) => input }),
    emits: ["Paid"],
  });
  saga({
    name: "shipping",
    machine: setup({}).createMachine({}),
    from: [Paying],
    correlate: {
      Paid: (event) => {
        expectTypeOf(event.data).toEqualTypeOf<{ cents: number }>();
        return start(event.entityId);
      },
    },
  });
});
