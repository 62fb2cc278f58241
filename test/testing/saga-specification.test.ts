import { saga, send } from "tidemark";
import { givenSaga } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { assign, createMachine, emit, raise, setup } from "xstate";
import { Account } from "../support/account.js";
import { Transfer } from "../support/transfers.js";

const order = { from: "ann", to: "bob", cents: 5 };
const withdrawal = {
  aggregate: "purse",
  entityId: "ann",
  command: { type: "Withdraw", data: { cents: 5 } },
};
const credit = { ...withdrawal, entityId: "bob", command: { type: "Deposit", data: { cents: 5 } } };

/** Every kind of thing that can be said of one. */
const reminding = setup({
  types: {
    context: {} as { owner: string | undefined; sent: number },
    emitted: {} as { type: "Reminded"; by: string },
  },
}).createMachine({
  id: "m",
  context: ({ input }) => ({ owner: (input as { owner?: string }).owner, sent: 0 }),
  initial: "waiting",
  states: {
    waiting: {
      after: {
        100: {
          target: "waiting",
          reenter: true,
          actions: [
            emit({ type: "Reminded", by: "mail" }),
            assign({ sent: ({ context }) => context.sent + 1 }),
          ],
        },
      },
      entry: raise({ type: "LATE" }, { id: "late", delay: 250 }),
      on: {
        LATE: "late",
        BAD: {
          actions: assign(() => {
            throw new Error("bad news");
          }),
        },
        DONE: "done",
      },
    },
    late: {},
    done: { type: "final" },
  },
  output: ({ context }) => ({ sent: context.sent }),
});
const Reminding = saga({ name: "reminding", machine: reminding, emits: ["Reminded"] });
const started = givenSaga(Reminding, { startMs: 1_000 }).start({ owner: "me" });
const transfer = givenSaga(Transfer).start(order);

describe("a saga's specification", () => {
  it("passes where states, contexts, commands, timers and events are as said", () => {
    transfer
      .thenState("debiting")
      .thenContext(order)
      .thenCommands(withdrawal)
      .accepted("debit")
      .thenState("crediting")
      .thenCommands(credit)
      .rejected("credit", "closed")
      .thenState("undoing")
      .thenContext({ why: "closed" })
      .thenCommands({ ...withdrawal, command: { type: "Deposit", data: { cents: 5 } } })
      .accepted("compensation")
      .thenDone();
  });

  it("goes on from the same place as often as wanted", () => {
    transfer.rejected("debit", "insufficient-funds").thenState("refused").thenDone();
    transfer.accepted("debit").accepted("credit").thenState("done");
    transfer.thenState("debiting");
  });

  it("fires timers in order, each at its moment, those that are set on the way too", () => {
    started.thenTimers({ "xstate.after.100.m.waiting": 100, late: 250 });
    const twice = started.advance(220);
    twice
      .thenContext({ sent: 2 })
      .thenEmitted(...[1, 2].map(() => ({ type: "Reminded", data: { by: "mail" } })));
    // Entered again at 200, and a name that is used again is another timer.
    twice.thenTimers({ "xstate.after.100.m.waiting": 80, late: 230 });
    twice.advance(0).thenIgnored();
    started.advance(99).thenIgnored().thenTimers({ "xstate.after.100.m.waiting": 1, late: 151 });
  });

  it("tells where a saga sets timers for now again and again", () => {
    const spinning = createMachine({
      initial: "a",
      states: { a: { after: { 0: { target: "a", reenter: true } } } },
    });
    expect(() =>
      givenSaga(saga({ name: "s", machine: spinning }))
        .start()
        .advance(1),
    ).toThrow("again and again");
  });

  it("follows the policies of routing", () => {
    givenSaga(Transfer).when({ type: "Revoked" }).thenRefused("unknown-instance");
    transfer.start(order).thenIgnored().thenState("debiting");
    const strict = saga({ name: "s", machine: reminding, onKnown: "refuse", onUnknown: "ignore" });
    givenSaga(strict).when({ type: "DONE" }).thenIgnored();
    givenSaga(strict).start().start().thenRefused("known-instance");
    const keeping = saga({ name: "s", machine: reminding, onUnknown: "keep" });
    givenSaga(keeping).when({ type: "DONE" }).start().thenState("done").thenDone({ sent: 0 });
  });

  it("knows parking and release", () => {
    started
      .when({ type: "BAD" })
      .thenParked()
      .thenParked("bad news")
      .thenParked(/^bad/)
      .thenState("waiting")
      .release()
      .thenParked("bad news");
    started.release().thenRefused("not-parked");
  });

  it("answers by name, in the order in which commands were asked for", () => {
    const twice = setup({ types: { context: {} as { got: string[] } } }).createMachine({
      initial: "a",
      context: { got: [] },
      states: {
        a: {
          entry: ["x", "y"].map((id) => send(Account, id, { type: "Touch" }, { as: "ask" })),
          on: {
            "*": { actions: assign({ got: ({ context, event }) => [...context.got, event.type] }) },
          },
        },
      },
    });
    const Twice = saga({ name: "s", machine: twice });
    givenSaga(Twice)
      .start()
      .timedOut("ask")
      .givenUp("ask", { uncertain: true })
      .thenContext({ got: ["ask.timed-out", "ask.given-up"] });
    givenSaga(Twice)
      .start()
      .answer("ask", { outcome: "rejected", code: "no", details: 1 })
      .thenContext((context: { got: string[] }) => context.got.length === 1);
  });

  it.each<[string, () => unknown, string]>([
    ["another state", () => transfer.thenState("crediting"), "crediting"],
    ["another context", () => transfer.thenContext({ cents: 6 }), "6"],
    [
      "a field of the context that isn't there",
      () => transfer.thenContext({ nobody: 1 }),
      "nobody",
    ],
    ["a context that the function refuses", () => transfer.thenContext(() => false), "cents: 5"],
    ["other commands", () => transfer.thenCommands(credit), "bob"],
    ["no commands", () => transfer.thenCommands(), "ann"],
    ["commands of an earlier input", () => transfer.start(order).thenCommands(withdrawal), "ann"],
    ["other timers", () => started.thenTimers({ late: 250 }), "xstate.after.100.m.waiting"],
    [
      "timers with another time left",
      () => started.thenTimers({ "xstate.after.100.m.waiting": 99, late: 250 }),
      "99",
    ],
    [
      "other events",
      () => started.advance(100).thenEmitted({ type: "Reminded", data: { by: "post" } }),
      "post",
    ],
    ["no events", () => started.advance(100).thenEmitted(), "Reminded"],
    ["a machine that goes on", () => transfer.thenDone(), "in state 'debiting'"],
    ["another output", () => started.when({ type: "DONE" }).thenDone({ sent: 1 }), "sent: 1"],
    ["an instance that runs", () => transfer.thenParked(), "active in 'debiting'"],
    [
      "an instance that isn't started",
      () => givenSaga(Transfer).thenParked(),
      "waiting, never started",
    ],
    [
      "a state before the start",
      () => givenSaga(Transfer).thenState("debiting"),
      "an instance that is started",
    ],
    ["another problem", () => started.when({ type: "BAD" }).thenParked("good news"), "bad news"],
    [
      "another problem, by pattern",
      () => started.when({ type: "BAD" }).thenParked(/good/),
      "bad news",
    ],
    ["a step", () => transfer.thenIgnored(), "recorded saga.stepped"],
    ["parking", () => started.when({ type: "BAD" }).thenIgnored(), "recorded saga.parked"],
    ["an input that was taken", () => transfer.thenRefused("unknown-instance"), "taken"],
    [
      "another code",
      () => givenSaga(Transfer).when({ type: "A" }).thenRefused("known-instance"),
      "unknown-instance",
    ],
    [
      "a refusal instead of commands",
      () => givenSaga(Transfer).when({ type: "A" }).thenCommands(),
      "refused with unknown-instance",
    ],
    [
      "a refusal instead of nothing",
      () => givenSaga(Transfer).when({ type: "A" }).thenIgnored(),
      "refused with unknown-instance",
    ],
    ["a command that isn't pending", () => transfer.accepted("credit"), "pending are debit"],
    ["no pending command", () => givenSaga(Transfer).accepted("debit"), "none is pending"],
    [
      "a state after parking, with its problem",
      () => started.when({ type: "BAD" }).thenState("late"),
      "parked: bad news",
    ],
  ])("fails with an AssertionError on %s", (_name, run, message) => {
    expect(run).toThrow(expect.objectContaining({ name: "AssertionError" }) as Error);
    expect(run).toThrow(message);
  });

  it("refuses events that only XState and Tidemark may give, and input that couldn't be recorded", () => {
    expect(() => transfer.when({ type: "debit.accepted" })).toThrow("neither XState nor Tidemark");
    expect(() => givenSaga(Transfer).start({ at: new Map() })).toThrow("plain data");
  });

  it("freezes what the machine gets: one that changes it in place is parked", () => {
    const careless = createMachine({
      context: { list: [] as number[] },
      on: {
        ADD: {
          actions: assign(({ event }) => {
            (event.data as { n: number }).n += 1;
            return {};
          }),
        },
      },
    });
    givenSaga(saga({ name: "s", machine: careless }))
      .start()
      .when({ type: "ADD", data: { n: 1 } })
      .thenParked(/read only|read-only/);
  });
});
