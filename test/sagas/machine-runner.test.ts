/**
 * The runner calls machines in its own way, and finds them again from what was recorded. Whatever is sent to whichever machine, three
 * ways must lead to the same states and ask for the same effects: the snapshot kept in memory, the one found again from plain data
 * after each step, and XState's own functions.
 */
import fc from "fast-check";
import { commandTo, compensate, send } from "tidemark";
import { describe, expect, it } from "vitest";
import {
  and,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  initialTransition,
  log,
  not,
  raise,
  setup,
  stateIn,
  transition,
  type AnyMachineSnapshot,
  type AnyStateMachine,
} from "xstate";
import { throughCodec } from "../../journal/index.js";
import { requestOf } from "../../sagas/actions.js";
import { MachineRunner, type Effect } from "../../sagas/machine-runner.js";
import { Account } from "../support/account.js";

const RUNS = Number(process.env.MACHINE_RUNS ?? 150);

interface Counting {
  n: number;
  log?: string[] | undefined;
}
const base = setup({
  types: { context: {} as Counting, events: {} as { type: string; data?: number } },
  actions: {
    add: assign({ n: ({ context }, params: { by: number }) => context.n + params.by }),
    forget: assign({ log: undefined }),
    pay: send(Account, ({ context }) => `a${context.n}`, { type: "Touch" }, { as: "pay" }),
    undo: compensate(),
  },
  guards: { odd: ({ context }) => context.n % 2 === 1, many: ({ context }) => context.n > 5 },
  delays: { soon: ({ context }) => context.n * 10 },
  actors: { payment: commandTo(Account) },
});
const add = { type: "add", params: { by: 1 } } as const;
const touch = { entityId: "e", command: { type: "Touch" as const } };

const MACHINES: Readonly<Record<string, AnyStateMachine>> = {
  "regions and histories": base.createMachine({
    id: "shop.regions",
    context: { n: 0 },
    initial: "on",
    states: {
      on: {
        type: "parallel",
        on: { A: "off", B: { target: "on", reenter: true }, D: "#deep.old" },
        states: {
          left: {
            initial: "x",
            states: {
              x: { on: { C: { target: "y", actions: add } } },
              y: { on: { C: "z" }, exit: "forget" },
              z: { type: "final" },
              old: { type: "history" },
            },
          },
          right: {
            id: "deep",
            initial: "p",
            states: {
              p: {
                initial: "p1",
                states: { p1: { on: { E: "p2" } }, p2: { on: { E: "#end" } } },
              },
              end: { id: "end", type: "final" },
              old: { type: "history", history: "deep", target: "p" },
            },
          },
        },
        onDone: { target: "off", actions: add },
      },
      off: {
        entry: assign({
          log: ({ context }: { context: Counting }) => [...(context.log ?? []), `off ${context.n}`],
        }),
        on: {
          A: "on",
          C: ["on.left.old"].map((target) => ({ target, guard: "odd" as const })),
          E: "#deep.old",
        },
      },
    },
  } as never) as unknown as AnyStateMachine,
  "delays and raised events": base.createMachine({
    id: "delays",
    context: { n: 1 },
    initial: "a",
    states: {
      a: {
        entry: [raise({ type: "E" }, { delay: 40, id: "mine" }), log("in a")],
        after: { 20: { target: "b", actions: add }, soon: { guard: "many", target: "c" } },
        on: { A: "b", B: { actions: [cancel("mine"), add] } },
      },
      b: {
        on: { A: { actions: [raise({ type: "D" }), add] }, D: "c", "*": { actions: add } },
        after: { soon: "a" },
      },
      c: {
        always: [
          { guard: and(["odd", not("many")]), target: "a" },
          { guard: "many", target: "end" },
        ],
        on: { A: "a", C: { target: "c", reenter: true, actions: add } },
      },
      end: { type: "final" },
    },
    output: ({ context }) => ({ n: context.n }),
  }),
  "commands and events": base.createMachine({
    id: "commands",
    context: { n: 0 },
    initial: "idle",
    on: { E: { actions: ["pay", emit(({ context }) => ({ type: "Seen", n: context.n }))] } },
    states: {
      idle: { on: { A: "paying", B: { guard: stateIn("idle"), actions: add } } },
      paying: {
        invoke: [
          { src: "payment", id: "one", input: () => touch, onDone: "paid", onError: "idle" },
          { src: commandTo(Account) as never, input: touch as never },
        ],
        on: { C: { target: "paying", reenter: true }, D: "idle", B: "undoing" },
      },
      paid: {
        entry: enqueueActions(({ enqueue, check, context }) => {
          enqueue({ type: "add", params: { by: 2 } });
          if (check("odd")) enqueue("pay");
          if (context.n < 4) enqueue.raise({ type: "D" });
        }),
        on: { D: "idle", A: "end" },
      },
      undoing: { entry: "undo", on: { A: "idle" } },
      end: { type: "final" },
    },
  }),
  "no state at all": createMachine({
    context: { n: 0 },
    on: { A: { actions: assign({ n: ({ context }) => (context.n as number) + 1 }) }, B: {} },
  }),
};

const EVENTS = [
  ...["A", "B", "C", "D", "E", "F"],
  ...["xstate.after.20.delays.a", "xstate.after.soon.delays.a", "xstate.after.soon.delays.b"],
  ...["xstate.done.actor.one", "xstate.error.actor.one"],
];

/** What both sides say of a state. */
function told(runner: MachineRunner, snapshot: AnyMachineSnapshot): unknown {
  return runner.stateOf(snapshot);
}

/** Effects of the runner as data that can be compared. */
function shown(effect: Effect): unknown {
  if (effect.kind === "send") return { ...effect.request, target: effect.request.target.name };
  if (effect.kind === "invoke") return { ...effect, target: effect.target.name };
  return effect;
}

interface Action {
  readonly type: string;
  readonly params: unknown;
  readonly info: never;
  readonly exec: unknown;
}

/** The same of XState's actions. */
function shownOfXState({ type, params, info, exec }: Action): unknown {
  const given = params as Record<string, unknown>;
  switch (type) {
    case "xstate.raise":
      if (given.delay === undefined) return undefined;
      return { kind: "set-timer", id: given.id, delayMs: given.delay, event: given.event };
    case "xstate.cancel":
      return { kind: "cancel-timer", id: given.sendId };
    case "xstate.emit":
      return { kind: "emit", event: given.event };
    case "xstate.log":
      return { kind: "log", label: given.label, value: given.value };
    case "xstate.spawnChild":
      return { kind: "invoke", id: given.id, target: "account", input: given.input };
    case "xstate.stopChild":
      return undefined;
    default: {
      const request = requestOf(exec)?.(info);
      return request === undefined ? { kind: "compensate" } : { ...request, target: "account" };
    }
  }
}

const ofXState = (actions: readonly unknown[]) =>
  actions.map((action) => shownOfXState(action as Action)).filter((effect) => effect !== undefined);

describe("a machine run step by step", () => {
  it.each(Object.keys(MACHINES))("goes as XState has it, found again or not: %s", (name) => {
    const machine = MACHINES[name]!;
    const runner = new MachineRunner(machine);
    const sequences = fc.array(fc.constantFrom(...EVENTS), { maxLength: 40 });
    let steps = 0;
    fc.assert(
      fc.property(sequences, (types) => {
        const began = runner.start(undefined);
        const [began2, actions2] = initialTransition(machine);
        let kept = began.snapshot;
        let theirs = began2 as AnyMachineSnapshot;
        expect(told(runner, kept)).toEqual(told(runner, theirs));
        expect(began.effects.map(shown)).toEqual(ofXState(actions2));
        for (const type of types) {
          const event = { type };
          const found = runner.snapshotOf(throughCodec(runner.stateOf(kept)));
          const inMemory = runner.take(kept, event);
          const afterRestart = runner.take(found, event);
          expect(afterRestart.taken).toBe(inMemory.taken);
          expect(runner.hears(found, event)).toBe(runner.hears(kept, event));
          expect(told(runner, afterRestart.snapshot)).toEqual(told(runner, inMemory.snapshot));
          expect(afterRestart.effects.map(shown)).toEqual(inMemory.effects.map(shown));
          kept = inMemory.snapshot;
          // Actors of XState that are at their end take nothing; the function alone would.
          if (theirs.status !== "active") continue;
          const [next, actions] = transition(machine, theirs, event);
          theirs = next as AnyMachineSnapshot;
          if (theirs.status === "error") {
            expect(kept.status).toBe("error");
            return;
          }
          expect(told(runner, kept)).toEqual(told(runner, theirs));
          expect(inMemory.effects.map(shown)).toEqual(ofXState(actions));
          steps += 1;
        }
      }),
      { numRuns: RUNS },
    );
    expect(steps).toBeGreaterThan(RUNS);
  });
});
