import {
  saga,
  send,
  type MigratedInstance,
  type RecordedEvent,
  type Saga,
  type SagaDefinition,
} from "tidemark";
import {
  openMemoryRuntime,
  recordSagaHistory,
  replaySagaHistory,
  type SagaHistory,
} from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { assign, createMachine, emit, type AnyStateMachine } from "xstate";
import { Account } from "../support/account.js";
import { accepted, rejected, TestInstance } from "../support/saga-instance.js";
import { Purse, Transfer, TransferOrder, transferMachine } from "../support/transfers.js";

/** Asks for money, reminds after a while, thanks. */
const bill = ({ delayMs = 1_000, cents = 5, paidTarget = "paid", reminder = "Reminded" } = {}) =>
  createMachine({
    id: "bill",
    context: ({ input }) => ({
      bytes: (input as { bytes?: unknown }).bytes ?? null,
      at: new Date(5),
      n: 7n,
    }),
    initial: "asking",
    states: {
      asking: {
        entry: send(Account, "a", { type: "Withdraw", data: { cents } }, { as: "pay" }),
        after: {
          [delayMs]: { target: "asking", reenter: true, actions: emit({ type: reminder }) },
        },
        on: {
          "pay.accepted": paidTarget,
          BAD: {
            actions: assign(() => {
              throw new Error("bad news");
            }),
          },
          HELLO: { actions: assign({ said: ({ event }) => event.data as unknown }) },
        },
      },
      paid: { type: "final" },
      elsewhere: {},
    },
  });

type Options = Partial<SagaDefinition<[]>>;
const define = (machine: unknown, options: Options = {}): Saga =>
  saga({
    name: "bill",
    machine: machine as AnyStateMachine,
    emits: ["Reminded", "Other"],
    ...options,
  });

/** As its stream has it. */
const recordedOf = (instance: TestInstance): RecordedEvent[] =>
  instance.events.map(
    ({ type, data }, index) =>
      ({
        streamType: "bill",
        entityId: "i",
        type,
        data,
        version: index + 1,
        recordedAtMs: 1_000_000,
      }) as unknown as RecordedEvent,
  );

function lived(definition: Saga): SagaHistory {
  const instance = new TestInstance(definition);
  instance.nowMs = 10;
  instance.start(1, { bytes: Buffer.from("hi") });
  instance.event(2, "HELLO", { $date: "no", at: new Date(9), big: 3n });
  instance.event(3, "UNKNOWN");
  instance.timer("xstate.after.1000.bill.asking", 1_010);
  instance.event(4, "BAD");
  instance.event(5, "HELLO", 1);
  instance.answer("pay", accepted());
  instance.hand("release");
  instance.hand("discard");
  instance.answer("pay", accepted());
  return recordSagaHistory(definition, recordedOf(instance));
}

const First = define(bill());
const history = lived(First);
/** As a file would give it back. */
const stored = JSON.parse(JSON.stringify(history)) as SagaHistory;

describe("a golden history", () => {
  it("is plain JSON, with dates, bytes and bigints as what they are", () => {
    expect(stored).toEqual(history);
    expect(history).toMatchObject({ saga: "bill", instanceId: "i", version: 1, hash: First.hash });
    const kinds = history.steps.map(({ kind }) => kind);
    expect(kinds.slice(0, 6)).toEqual([
      "stepped",
      "stepped",
      "ignored",
      "stepped",
      "parked",
      "kept",
    ]);
    expect(history.steps[0]).toMatchObject({
      atMs: 10,
      input: { kind: "start", data: { bytes: { $bytes: "aGk=" } } },
      state: { context: { at: { $date: "1970-01-01T00:00:00.005Z" }, n: { $bigint: "7" } } },
    });
    expect(history.steps[1]).toMatchObject({
      input: { event: { data: { $$date: "no", big: { $bigint: "3" } } } },
    });
    expect(history.steps[3]).toMatchObject({ emitted: [{ type: "Reminded" }] });
  });

  it("passes with the saga that made it, from memory and from a file", () => {
    expect(() => {
      replaySagaHistory(First, history);
      replaySagaHistory(First, stored);
      replaySagaHistory(define(bill()), stored);
    }).not.toThrow();
  });

  it.each<[string, Parameters<typeof bill>[0], RegExp]>([
    [
      "another delay",
      { delayMs: 2_000 },
      /^step 1 of bill\/i \(its start\): timers differs\n {2}recorded: .*after\.1000.*\n {2}now: .*after\.2000/,
    ],
    [
      "another command",
      { cents: 6 },
      /^step 1 of bill\/i \(its start\): commands differs\n {2}recorded: .*cents: 5.*\n {2}now: .*cents: 6/,
    ],
    [
      "another target",
      { paidTarget: "elsewhere" },
      /^step \d+ of bill\/i \(answer pay\.accepted\): state differs\n {2}recorded: .*value: 'paid'.*\n {2}now: .*value: 'elsewhere'/,
    ],
    [
      "another event",
      { reminder: "Other" },
      /^step 4 of bill\/i \(timer xstate\.after\.1000\.bill\.asking\): emitted differs/,
    ],
  ])("fails with %s, and names the step", (_name, change, message) => {
    const replay = () => {
      replaySagaHistory(define(bill(change)), stored);
    };
    expect(replay).toThrow(expect.objectContaining({ name: "AssertionError" }) as Error);
    expect(replay).toThrow(message);
  });

  it("fails where a step would be parked now, or isn't any more, and says why", () => {
    const { config } = bill();
    const undeclared = saga({ name: "bill", machine: bill() });
    expect(() => {
      replaySagaHistory(undeclared, stored);
    }).toThrow(
      /^step 4 .*kind differs\n {2}recorded: 'stepped'\n {2}now: {6}'parked'\n {2}problem: .*name it in emits/,
    );
    const asking = {
      ...(config.states as Record<string, { on: object }>).asking,
      on: { "pay.accepted": "paid", HELLO: {} },
    };
    const calm = createMachine({ ...config, states: { ...config.states, asking } } as never);
    expect(() => {
      replaySagaHistory(define(calm), stored);
    }).toThrow(/^step 2 .*kind differs\n {2}recorded: 'stepped'\n {2}now: {6}'ignored'/);
  });

  it("of an earlier version is done again on its machine, where it is pinned", () => {
    const today = bill({ cents: 99, delayMs: 5 });
    replaySagaHistory(
      define(today, { version: 2, earlier: { 1: { machine: bill() as never } } }),
      stored,
    );
    const wrong = define(today, {
      version: 2,
      earlier: { 1: { machine: bill({ cents: 6 }) as never } },
    });
    expect(() => {
      replaySagaHistory(wrong, stored);
    }).toThrow(/^step 1 .*commands differs/);
  });

  it("of an earlier version needs each state to fit, or be migrated; else it says which would park", () => {
    replaySagaHistory(define(bill({ cents: 99 }), { version: 2 }), stored);
    const slower = bill({ delayMs: 2_000 });
    expect(() => {
      replaySagaHistory(define(slower, { version: 2 }), stored);
    }).toThrow(
      /^step 1 .*: an instance of version 1 that stands in 'asking' after it would be parked by version 2: .*after\.1000.*give earlier\[1\]/,
    );
    const id = "xstate.after.2000.bill.asking";
    const migrate = (one: MigratedInstance): MigratedInstance => ({
      ...one,
      timers: one.timers.map(({ dueAtMs }) => ({ id, dueAtMs, event: { type: id } })),
    });
    // Where its delay fired and waits, there is none to turn over.
    const upToThree = { ...stored, steps: stored.steps.slice(0, 3) };
    replaySagaHistory(define(slower, { version: 2, earlier: { 1: { migrate } } }), upToThree);
  });

  it("over a version goes on from the step that took it there", () => {
    const instance = new TestInstance(First);
    instance.start(1);
    instance.restart(define(bill({ cents: 6 }), { version: 2 }));
    instance.timer("xstate.after.1000.bill.asking", 1_000);
    instance.answer("pay", rejected());
    const grown = recordSagaHistory(First, recordedOf(instance));
    replaySagaHistory(define(bill({ cents: 6 }), { version: 2 }), grown);
    expect(() => {
      replaySagaHistory(define(bill({ cents: 7 }), { version: 2 }), grown);
    }).toThrow(/^step 2 /);
    expect(() => {
      replaySagaHistory(First, grown);
    }).toThrow("it ran on version 2, and this is version 1");
  });

  it("is of one instance of the saga", () => {
    const other = saga({ name: "other", machine: bill() });
    expect(() => {
      replaySagaHistory(other, stored);
    }).toThrow("one of saga other");
    expect(() => recordSagaHistory(First, [])).toThrow("at least one");
    const instance = new TestInstance(First);
    instance.start(1);
    const [event] = recordedOf(instance);
    expect(() => recordSagaHistory(other, [event!])).toThrow("those of one instance of other");
    const stranger = { ...event!, entityId: "j" } as RecordedEvent;
    expect(() => recordSagaHistory(First, [event!, stranger])).toThrow(
      "those of one instance of bill",
    );
  });

  it("comes from a journal", async () => {
    const runtime = await openMemoryRuntime({
      aggregates: [Purse, TransferOrder],
      sagas: [Transfer],
    });
    await runtime.ask(Purse, "ann", { type: "Deposit", data: { cents: 500 } });
    await runtime.ask(Purse, "bob", { type: "Close" });
    const data = { from: "ann", to: "bob", cents: 200 };
    await runtime.ask(TransferOrder, "t-1", { type: "Request", data });
    await runtime.sagas.idle();
    const real = recordSagaHistory(Transfer, runtime.history(Transfer, "t-1"));
    await runtime.close();
    expect(real.steps.length).toBeGreaterThan(3);
    replaySagaHistory(Transfer, real);
    const changed = transferMachine.provide({
      actions: { undo: send(Purse, "ann", { type: "Close" }) },
    });
    const wrong = saga({ name: "transfer", machine: changed });
    expect(() => {
      replaySagaHistory(wrong, real);
    }).toThrow(/answer credit\.rejected\): commands differs/);
  });
});
