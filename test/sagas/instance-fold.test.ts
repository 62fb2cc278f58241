/**
 * Whatever comes, and whenever a process ends: the state in memory is the fold of what was recorded, plain data that nothing changes
 * in place; what is pending is what the index was told; and one that goes on without a break decides the same.
 */
import fc from "fast-check";
import { commandTo, compensate, saga, send } from "tidemark";
import { expect, it } from "vitest";
import { assign, emit, raise, setup } from "xstate";
import type { StepRecord } from "../../sagas/instance.js";
import type { IndexChanges, Place } from "../../src/delivery/pending.js";
import { placeOf } from "../../sagas/instance-fold.js";
import { throughCodec } from "../../journal/index.js";
import { Account } from "../support/account.js";
import { accepted, givenUp, rejected, TestInstance, timedOut } from "../support/saga-instance.js";

const RUNS = Number(process.env.INSTANCE_RUNS ?? 300);

const machine = setup({
  types: { context: {} as { n: number; last?: string | undefined } },
  actors: { payment: commandTo(Account) },
  actions: {
    count: assign({ n: ({ context }) => context.n + 1, last: ({ event }) => event.type }),
    book: send(
      Account,
      ({ context }) => `e${context.n}`,
      { type: "Touch" },
      {
        as: "book",
        timeoutMs: 50,
        compensateWith: { type: "Touch" },
      },
    ),
    undo: compensate(),
    fail: assign(({ context }) => {
      if (context.n % 3 === 0) throw new Error("three");
      return {};
    }),
  },
}).createMachine({
  id: "m",
  context: { n: 0 },
  initial: "idle",
  on: { U: { actions: "undo" }, F: { actions: ["count", "fail"] }, compensated: {} },
  states: {
    idle: {
      after: { 10: { actions: "count" }, 30: "work" },
      on: { A: { target: "work", actions: "count" }, B: { actions: "book" } },
    },
    work: {
      type: "parallel",
      states: {
        paying: {
          invoke: {
            id: "pay",
            src: "payment",
            input: () => ({ entityId: "p", command: { type: "Touch" as const } }),
            onDone: { actions: ["count", emit({ type: "Paid" })] },
            onError: "#m.idle",
          },
        },
        waiting: {
          initial: "x",
          states: {
            x: { after: { 20: "y" }, entry: raise({ type: "C" }, { delay: 25, id: "mine" }) },
            y: { on: { C: { target: "x", actions: "book" } } },
            old: { type: "history" },
          },
        },
      },
      on: {
        A: { target: "work", reenter: true },
        B: "idle",
        D: "end",
        "book.rejected": { actions: "count" },
      },
    },
    end: { type: "final", entry: "count" },
  },
});
const Work = saga({ name: "s", machine, emits: ["Paid"], onUnknown: "keep" });

type Action =
  | { readonly do: "event"; readonly type: string; readonly again: boolean }
  | { readonly do: "start" | "fire" | "stale" | "restart" }
  | { readonly do: "wait"; readonly ms: number }
  | { readonly do: "answer"; readonly which: number; readonly how: number }
  | { readonly do: "hand"; readonly type: "park" | "release" | "discard" };

const actions = fc.array(
  fc.oneof(
    {
      arbitrary: fc.record({
        do: fc.constant("event" as const),
        type: fc.constantFrom("A", "B", "C", "D", "U", "F", "Z"),
        again: fc.boolean(),
      }),
      weight: 6,
    },
    {
      arbitrary: fc.record({
        do: fc.constantFrom(
          "start" as const,
          "fire" as const,
          "stale" as const,
          "restart" as const,
        ),
      }),
      weight: 4,
    },
    { arbitrary: fc.record({ do: fc.constant("wait" as const), ms: fc.nat(40) }), weight: 3 },
    {
      arbitrary: fc.record({
        do: fc.constant("answer" as const),
        which: fc.nat(5),
        how: fc.nat(4),
      }),
      weight: 4,
    },
    {
      arbitrary: fc.record({
        do: fc.constant("hand" as const),
        type: fc.constantFrom("park" as const, "release" as const, "discard" as const),
      }),
      weight: 1,
    },
  ),
  { maxLength: 60, size: "max" },
);

const ANSWERS = [accepted(), rejected(), timedOut, givenUp(true), givenUp(false)];

/** Runs the actions on one instance; `restarting` says whether it loses its memory where they say so. */
function run(all: readonly Action[], restarting: boolean): TestInstance {
  const instance = new TestInstance(Work);
  let position = 1;
  for (const action of all) {
    switch (action.do) {
      case "start":
        instance.start(position++);
        break;
      case "event":
        instance.event(action.again ? position : ++position, action.type);
        break;
      case "wait":
        instance.nowMs += action.ms;
        break;
      case "fire":
      case "stale": {
        const timer = instance.state.timers[0];
        if (timer === undefined) break;
        const { state } = instance;
        const isStale = action.do === "stale";
        instance.timer(timer.id, timer.dueAtMs + (isStale ? 1 : 0));
        if (isStale) expect(instance.state).toBe(state);
        break;
      }
      case "answer": {
        const { commands } = instance.state;
        const command = commands[action.which % Math.max(1, commands.length)];
        const input = {
          kind: "answer",
          commandId: command?.id ?? "gone",
          answer: ANSWERS[action.how]!,
        } as const;
        instance.take(input);
        // Once more: an answer is nothing the second time.
        expect(instance.take(input)).toEqual([]);
        break;
      }
      case "hand":
        instance.hand(action.type);
        break;
      case "restart":
        if (restarting) instance.restart();
    }
  }
  return instance;
}

/** What an index has of an instance, from the changes that its events carry. */
function indexed(instance: TestInstance) {
  let place: Place | undefined;
  const timers = new Set<string>();
  const commands = new Set<string>();
  for (const { type, data } of instance.events) {
    if (!type.startsWith("saga.")) continue;
    const { from, to, gone, ...record } = data as IndexChanges & Partial<StepRecord>;
    if (to !== undefined) {
      expect(from).toEqual(place);
      place = to;
    }
    for (const [id, dueAtMs] of gone?.timers ?? [])
      expect(timers.delete(`${id} ${dueAtMs}`)).toBe(true);
    for (const [, id] of gone?.commands ?? []) expect(commands.delete(id)).toBe(true);
    for (const { id, dueAtMs } of record.timers ?? []) timers.add(`${id} ${dueAtMs}`);
    for (const { id } of record.commands ?? []) {
      expect(commands.has(id)).toBe(false);
      commands.add(id);
    }
  }
  return { place, timers, commands };
}

it("an instance is the fold of its events, whatever came and however often it was restarted", () => {
  let steps = 0;
  let parked = 0;
  fc.assert(
    fc.property(actions, (all) => {
      const instance = run(all, true);
      // Folds what was recorded, and compares.
      instance.restart();
      const { state } = instance;
      expect(throughCodec(state)).toEqual(state);
      expect(run(all, false).events).toEqual(instance.events);
      const index = indexed(instance);
      if (instance.events.length > 0) expect(index.place).toEqual(placeOf(state));
      expect(index.timers).toEqual(
        new Set(state.timers.map(({ id, dueAtMs }) => `${id} ${dueAtMs}`)),
      );
      expect(index.commands).toEqual(new Set(state.commands.map(({ id }) => id)));
      steps += state.step;
      if (state.status === "parked") parked += 1;
    }),
    { numRuns: RUNS },
  );
  // Lives differ in length: about one step each, and a tenth of them parked.
  expect(steps).toBeGreaterThan(RUNS / 3);
  expect(parked).toBeGreaterThan(0);
});
