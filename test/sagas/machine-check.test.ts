/** What a machine may not hold: refused when the saga is defined, with the place and what to write instead; or by the step. */
import { givenSaga } from "tidemark/testing";
import { commandTo, MachineRefusedError, saga, send } from "tidemark";
import { describe, expect, it } from "vitest";
import {
  and,
  assign,
  createMachine,
  enqueueActions,
  forwardTo,
  fromCallback,
  fromObservable,
  fromPromise,
  fromTransition,
  not,
  raise,
  sendParent,
  sendTo,
  setup,
  spawnChild,
  stopChild,
} from "xstate";
import { Account } from "../support/account.js";

const work = fromPromise(async () => 1);
const inner = createMachine({ id: "inner" });

/** A machine whose state `deep.in` has this; typed away, since most of it is what the compiler would refuse, too. */
const holding = (part: object, root: object = {}) =>
  createMachine({
    id: "m",
    initial: "deep",
    ...root,
    states: { deep: { initial: "in", states: { in: part, other: {} } } },
  });

const refusalOf = (machine: unknown): string => {
  try {
    saga({ name: "s", machine: machine as never });
  } catch (error) {
    expect(error).toBeInstanceOf(MachineRefusedError);
    return (error as Error).message;
  }
  throw new Error("the machine was taken");
};

const IN = "state deep.in";
const INVOKE = "invoke commandTo(Aggregate)";

describe("a machine that can't be made durable is refused", () => {
  it.each<[string, object, ...string[]]>([
    [
      "spawn in assign",
      {
        entry: assign(({ spawn }: never) => ({
          ref: (spawn as (logic: unknown) => unknown)(work),
        })),
      },
      IN,
      "spawns",
      INVOKE,
    ],
    [
      "spawn in a property of assign",
      {
        entry: assign({ ref: ({ spawn }: never) => (spawn as (logic: unknown) => unknown)(work) }),
      },
      IN,
      "spawns",
      INVOKE,
    ],
    ["spawnChild", { entry: spawnChild(work as never) }, `entry of ${IN}`, "spawnChild", INVOKE],
    [
      "stopChild",
      { exit: stopChild("x") },
      `exit of ${IN}`,
      "stopChild",
      "leave the state that invokes",
    ],
    [
      "sendTo",
      { on: { GO: { actions: sendTo("x", { type: "A" }) } } },
      `on GO of ${IN}`,
      "raise(…)",
      "send(Aggregate",
    ],
    ["sendParent", { entry: sendParent({ type: "A" }) }, IN, "raise(…)", "send(Aggregate"],
    ["forwardTo", { entry: forwardTo("x") }, IN, "raise(…)", "send(Aggregate"],
    [
      "a plain function",
      { entry: () => undefined },
      `entry of ${IN}`,
      "a function as an action",
      "send(Aggregate",
      "reactor",
    ],
    [
      "a plain function on always",
      { always: { guard: () => false, actions: () => undefined } },
      `always of ${IN}`,
      "reactor",
    ],
    ["a plain function on after", { after: { 10: { actions: () => undefined } } }, IN, "reactor"],
    [
      "a plain function on onDone of a compound",
      { initial: "x", states: { x: { type: "final" } }, onDone: { actions: () => undefined } },
      IN,
      "reactor",
    ],
    [
      "an action that isn't there",
      { entry: "nobody" },
      `entry of ${IN}`,
      "the action nobody",
      "setup or provide",
    ],
    [
      "an action with params that isn't there",
      { entry: { type: "nobody", params: {} } },
      "the action nobody",
      "setup or provide",
    ],
    [
      "a guard that isn't there",
      { on: { GO: { guard: "nobody" } } },
      `on GO of ${IN}`,
      "the guard nobody",
      "setup or provide",
    ],
    [
      "a guard within and, not",
      { on: { GO: { guard: and([() => true, not("nobody")]) } } },
      IN,
      "the guard nobody",
    ],
    [
      "a delay that isn't there",
      { after: { nobody: "other" } },
      IN,
      "the delay nobody",
      "setup or provide",
    ],
    [
      "a delay of raise that isn't there",
      { entry: raise({ type: "A" }, { delay: "nobody" as never }) },
      IN,
      "the delay nobody",
    ],
    [
      "an actor that isn't there",
      { invoke: { src: "nobody" } },
      IN,
      "the actor nobody",
      "setup or provide",
    ],
    ["a promise", { invoke: { id: "w", src: work } }, IN, "invokes w", INVOKE],
    ["a callback", { invoke: { src: fromCallback(() => undefined) } }, IN, INVOKE],
    ["an observable", { invoke: { src: fromObservable(() => undefined as never) } }, IN, INVOKE],
    ["a transition function", { invoke: { src: fromTransition((n: number) => n, 0) } }, IN, INVOKE],
    ["a machine", { invoke: { src: inner } }, IN, "another saga"],
    [
      "the second of two invocations",
      { invoke: [{ src: commandTo(Account) }, { id: "w", src: work }] },
      IN,
      "invokes w",
    ],
    ["an async assign", { entry: assign(async () => ({})) }, IN, "async", "onDone"],
    [
      "a systemId",
      { invoke: { src: commandTo(Account), systemId: "x" } },
      IN,
      "systemId",
      "leave it out",
    ],
    [
      "onSnapshot",
      { invoke: { src: commandTo(Account), onSnapshot: "other" } },
      IN,
      "onSnapshot",
      "onDone and onError",
    ],
    [
      "a plain function in onDone",
      { invoke: { src: commandTo(Account), onDone: { actions: () => undefined } } },
      IN,
      "reactor",
    ],
  ])("%s", (_name, part, ...parts) => {
    const message = refusalOf(holding(part));
    expect(message).toContain("saga s");
    for (const text of parts) expect(message).toContain(text);
  });

  it("things by name in setup: plain actions, promises, machines", () => {
    const options = { actions: { log: () => undefined }, actors: { work, inner } };
    const { createMachine: create } = setup(options);
    expect(refusalOf(create({ entry: "log" }))).toContain("the action log, a plain function");
    expect(refusalOf(create({ invoke: { src: "work" } }))).toContain(INVOKE);
    expect(refusalOf(create({ invoke: { src: "inner" } }))).toContain(INVOKE);
  });

  it("at its root, of an initial transition, and in its context", () => {
    expect(refusalOf(holding({}, { entry: () => undefined }))).toContain("entry of its root");
    expect(
      refusalOf(holding({ initial: { target: "x", actions: () => undefined }, states: { x: {} } })),
    ).toContain(`initial of ${IN}`);
    expect(
      refusalOf(
        holding(
          {},
          {
            context: ({ spawn }: { spawn: (logic: unknown) => unknown }) => ({ ref: spawn(work) }),
          },
        ),
      ),
    ).toContain("its context spawns");
  });

  it("an earlier machine, too", () => {
    const machine = createMachine({});
    expect(() =>
      saga({
        name: "s",
        version: 2,
        machine,
        earlier: { 1: { machine: holding({ entry: () => 1 }) } },
      }),
    ).toThrow(MachineRefusedError);
  });
});

describe("what hides from the definition", () => {
  it.each<[string, object, string]>([
    [
      "a plain function that is enqueued",
      { entry: enqueueActions(({ enqueue }) => enqueue(() => undefined)) },
      "would not survive a restart",
    ],
    [
      "a spawn by another name",
      {
        entry: assign((args) => ({
          ref: (args as unknown as Record<string, (logic: unknown) => unknown>)[
            ["sp", "awn"].join("")
          ]!(work),
        })),
      },
      "the spawned actor",
    ],
    [
      "an actor that is enqueued",
      { entry: enqueueActions(({ enqueue }) => enqueue.spawnChild(work as never)) },
      "would not survive a restart",
    ],
    [
      "a message that is enqueued",
      {
        entry: enqueueActions(({ enqueue }) => enqueue.sendTo("x", { type: "A" })),
      },
      "Unable to send event to actor 'x'",
    ],
    [
      "a throw",
      {
        entry: assign(() => {
          throw new Error("boom");
        }),
      },
      "boom",
    ],
    [
      "a context that isn't plain data",
      { entry: assign(() => ({ map: new Map() })) },
      "context of the machine",
    ],
    [
      "a command that isn't plain data",
      { entry: send(Account, "a", { type: "Open", data: { owner: new Map() as never } }) },
      "plain data",
    ],
    ["an entity id that isn't one", { entry: send(Account, "", { type: "Touch" }) }, "entity id"],
  ])("parks the instance, with nothing recorded of the step: %s", (_name, part, problem) => {
    const machine = createMachine({
      initial: "a",
      states: {
        a: {
          on: {
            GO: {
              target: "b",
              actions: [send(Account, "x", { type: "Touch" }), raise({ type: "T" }, { delay: 5 })],
            },
          },
        },
        b: part,
      },
    });
    givenSaga(saga({ name: "s", machine }))
      .start()
      .when({ type: "GO" })
      .thenParked(problem)
      .thenState("a")
      .thenCommands()
      .thenTimers({});
  });
});
