/** Which machine runs an instance that another version began, and what a check says before it is deployed. */
import { commandTo, saga, type SagaDefinition } from "tidemark";
import { describe, expect, it } from "vitest";
import { assign, createMachine, type AnyStateMachine } from "xstate";
import { DeployCheck } from "../../sagas/deploy-check.js";
import { placeOf } from "../../sagas/instance-fold.js";
import { Account } from "../support/account.js";
import { accepted, rejected, TestInstance, typesOf } from "../support/saga-instance.js";

type Earlier = SagaDefinition<[]>["earlier"];
const define = (version: number, machine: AnyStateMachine, earlier: Earlier = {}) =>
  saga({ name: "s", version, machine, earlier });

const by = (name: string) => assign({ by: name });
const went = (target: string, name: string) => ({ GO: { target, actions: by(name) } });

/** v1: a --GO--> b, with a delay of 100 ms in a. */
const first = createMachine({
  id: "m",
  context: {},
  initial: "a",
  states: {
    a: { after: { 100: "late" }, on: went("b", "first") },
    b: { on: went("c", "first") },
    c: {},
    late: {},
  },
});
/** v2 with everything in its place, and more. */
const wider = createMachine({
  id: "m",
  context: {},
  initial: "a",
  states: {
    a: { after: { 100: "late" }, on: went("b", "wider") },
    b: { on: went("c", "wider") },
    c: {},
    late: {},
    more: {},
  },
});
/** v2 in which a is called start, and waits longer. */
const renamed = createMachine({
  id: "m",
  context: {},
  initial: "start",
  states: {
    start: { after: { 500: "late" }, on: went("b", "renamed") },
    b: { on: went("c", "renamed") },
    c: {},
    late: {},
  },
});
const DELAY = "xstate.after.100.m.a";
const LATER = "xstate.after.500.m.start";

const started = () => {
  const instance = new TestInstance(define(1, first));
  instance.nowMs = 1_000;
  instance.start(1);
  return instance;
};
const machineOf = ({ state }: TestInstance) => state.machine;

describe("an instance of an earlier version", () => {
  it("fits where today's machine has its state, delays and invocations; its next step says so", () => {
    const instance = started();
    instance.restart(define(2, wider));
    expect(instance.state.version).toBe(1);
    expect(instance.event(2, "GO")).toMatchObject([
      { type: "saga.stepped", data: { machine: [2, expect.any(String) as string] } },
    ]);
    expect(machineOf(instance)).toMatchObject({ value: "b", context: { by: "wider" } });
    expect(instance.state).toMatchObject({ version: 2, timers: [] });
  });

  it("fits also while a delay of its state is over, or waits", () => {
    const looping = (more: object) =>
      createMachine({
        id: "m",
        context: {},
        initial: "a",
        states: {
          a: { after: { 100: { actions: by("delay") } }, on: went("b", "x") },
          b: {},
          ...more,
        },
      });
    const instance = new TestInstance(define(1, looping({})));
    instance.start(1);
    instance.timer(DELAY, 100);
    expect(machineOf(instance)).toMatchObject({ context: { by: "delay" } });
    const parked = new TestInstance(define(1, looping({})));
    parked.start(1);
    parked.hand("park");
    parked.timer(DELAY, 100);
    for (const one of [instance, parked]) {
      one.restart(define(2, looping({ more: {} })));
      if (one === parked) one.hand("release");
      one.event(2, "GO");
      expect(machineOf(one)).toMatchObject({ value: "b" });
      expect(one.state).toMatchObject({ version: 2, spent: [], status: "active" });
    }
  });

  it("parks where the machine doesn't have its state, and says what to do", () => {
    const instance = started();
    instance.restart(define(2, renamed));
    expect(typesOf(instance.event(2, "GO"))).toEqual(["parked"]);
    expect(instance.state.problem).toMatch(
      /'a'.*: give earlier\[1\] of saga s a migrate function or the machine of then/s,
    );
    // Deployed with one, it goes on.
    instance.restart(define(2, renamed, { 1: { machine: first } }));
    instance.hand("release");
    expect(machineOf(instance)).toMatchObject({ value: "b", context: { by: "first" } });
  });

  it.each<[string, object, string]>([
    [
      "a delay it waits for is gone",
      { on: went("b", "x") },
      `its state has no delay ${DELAY}, which is set`,
    ],
    [
      "it has another delay",
      { after: { 100: "late", 7: "late" } },
      "its state waits for xstate.after.7.m.a, which isn't set",
    ],
    ["a delay has changed", { after: { 200: "late" } }, `its state has no delay ${DELAY}`],
  ])("parks where %s", (_name, a, problem) => {
    const instance = started();
    const states = { a, b: {}, late: {} };
    instance.restart(
      define(
        2,
        createMachine({
          id: "m",
          context: {},
          initial: "a",
          states,
        } as never),
      ),
    );
    instance.event(2, "GO");
    expect(instance.state.problem).toContain(problem);
  });

  it("parks where its state doesn't invoke what is on its way", () => {
    const invoking = (invoke: object) =>
      createMachine({
        id: "m",
        initial: "a",
        states: { a: invoke, b: {} },
      } as never) as unknown as AnyStateMachine;
    const pay = {
      invoke: {
        id: "pay",
        src: commandTo(Account),
        input: { entityId: "a", command: { type: "Touch" } },
        onDone: "b",
      },
    };
    const instance = new TestInstance(define(1, invoking(pay)));
    instance.start(1);
    instance.restart(define(2, invoking({ on: { GO: "b" } })));
    instance.event(2, "GO");
    expect(instance.state.problem).toContain("its state doesn't invoke pay, which is on its way");
  });

  it("pinned goes to its end on its own machine", () => {
    const instance = started();
    instance.restart(define(2, renamed, { 1: { machine: first } }));
    instance.event(2, "GO");
    expect(machineOf(instance)).toMatchObject({ value: "b", context: { by: "first" } });
    expect(instance.state.version).toBe(1);
    instance.restart();
    instance.event(3, "GO");
    expect(machineOf(instance)).toMatchObject({ value: "c", context: { by: "first" } });
  });

  const migrating = define(2, renamed, {
    1: {
      migrate: ({ value, context, timers }) => ({
        value: value === "a" ? "start" : value,
        context: { ...(context as object), migrated: true },
        timers: timers.map(({ dueAtMs }) => ({
          id: LATER,
          dueAtMs: dueAtMs + 400,
          event: { type: LATER },
        })),
      }),
    },
  });

  it("is turned over with its next input, its timers too", () => {
    const instance = started();
    instance.restart(migrating);
    instance.event(2, "OTHER");
    expect(machineOf(instance)).toMatchObject({ value: "start", context: { migrated: true } });
    expect(instance.state).toMatchObject({
      version: 2,
      spent: [],
      timers: [{ id: LATER, dueAtMs: 1_500, event: { type: LATER } }],
    });
    instance.restart();
    instance.timer(LATER, 1_500);
    expect(machineOf(instance)).toMatchObject({ value: "late" });
  });

  it("is turned over in a step that leaves the state: its timers don't stay behind", () => {
    const instance = started();
    instance.restart(migrating);
    instance.event(2, "GO");
    expect(machineOf(instance)).toMatchObject({
      value: "b",
      context: { by: "renamed", migrated: true },
    });
    expect(instance.state.timers).toEqual([]);
    instance.restart();
    expect(instance.timer(LATER, 1_500)).toEqual([]);
  });

  it("is turned over by the timer that was due: the new one decides", () => {
    const instance = started();
    instance.restart(migrating);
    expect(typesOf(instance.timer(DELAY, 1_100))).toEqual(["stepped"]);
    expect(machineOf(instance)).toMatchObject({ value: "start" });
    expect(instance.state.timers).toMatchObject([{ id: LATER, dueAtMs: 1_500 }]);
  });

  it("is turned over on release, with a timer that waited", () => {
    const instance = started();
    instance.hand("park");
    instance.event(2, "OTHER");
    instance.timer(DELAY, 1_100);
    instance.restart(migrating);
    instance.hand("release");
    expect(machineOf(instance)).toMatchObject({ value: "start" });
    expect(instance.state.timers).toMatchObject([{ id: LATER, dueAtMs: 1_500 }]);
  });

  it.each<[string, (instance: never) => unknown, string]>([
    [
      "throws",
      () => {
        throw new Error("boom");
      },
      "boom",
    ],
    ["returns nothing", () => undefined, "returned nothing"],
    ["leads to no state", () => ({ value: "nowhere", context: {}, timers: [] }), "nowhere"],
    ["forgets a timer", () => ({ value: "start", context: {}, timers: [] }), `waits for ${LATER}`],
    [
      "gives a context that isn't plain data",
      () => ({ value: "b", context: { at: new Map() }, timers: [] }),
      "context of the migration",
    ],
  ])("parks where the migration %s", (_name, migrate, problem) => {
    const instance = started();
    instance.restart(define(2, renamed, { 1: { migrate: migrate as never } }));
    instance.event(2, "GO");
    expect(instance.state.problem).toMatch(/^the migration from version 1 failed: /);
    expect(instance.state.problem).toContain(problem);
    expect(machineOf(instance)).toMatchObject({ value: "a" });
  });

  it("keeps its history over a version", () => {
    const remembering = (more: object) =>
      createMachine({
        id: "m",
        initial: "on",
        states: {
          on: {
            initial: "x",
            states: { x: { on: { NEXT: "y" } }, y: {}, old: { type: "history" } },
            on: { OFF: "off" },
          },
          off: { on: { ON: "on.old" } },
          ...more,
        },
      });
    const instance = new TestInstance(define(1, remembering({})));
    instance.start(1);
    instance.event(2, "NEXT");
    instance.event(3, "OFF");
    instance.restart(define(2, remembering({ more: {} })));
    instance.event(4, "ON");
    expect(machineOf(instance)).toMatchObject({ value: { on: "y" } });
  });
});

it("turned over, an instance keeps of its history what the new machine still has", () => {
  const remembering = (on: object, states: object) =>
    createMachine({
      id: "m",
      initial: "on",
      states: {
        on: {
          initial: "x",
          states: { x: { on }, ...states, old: { type: "history" } },
          on: { OFF: "off" },
        },
        off: { on: { ON: "on.old" } },
      },
    } as never) as unknown as AnyStateMachine;
  const today = define(2, remembering({}, { y: {} }), { 1: { migrate: (instance) => instance } });
  for (const [next, state] of [
    ["NEXT", "y"],
    ["ZED", "x"],
  ] as const) {
    const then = remembering({ NEXT: "y", ZED: "z" }, { y: {}, z: {} });
    const instance = new TestInstance(define(1, then));
    instance.start(1);
    instance.event(2, next);
    instance.event(3, "OFF");
    instance.restart(today);
    instance.event(4, "ON");
    expect(machineOf(instance)).toMatchObject({ value: { on: state } });
  }
});

describe("an instance of a later version", () => {
  it("parks: somebody went back", () => {
    const instance = new TestInstance(define(3, first));
    instance.start(1);
    instance.restart(define(2, first));
    instance.event(2, "GO");
    expect(instance.state.problem).toContain(
      "it runs on version 3 of the machine, and this is version 2",
    );
  });
});

describe("the same version with another machine", () => {
  it("fits or parks as another version would", () => {
    const instance = started();
    instance.restart(define(1, wider));
    instance.event(2, "GO");
    expect(machineOf(instance)).toMatchObject({ value: "b", context: { by: "wider" } });
    const other = started();
    other.restart(define(1, renamed));
    other.event(2, "GO");
    expect(other.state.status).toBe("parked");
  });
});

describe("a check before a deployment", () => {
  const inB = () => {
    const instance = started();
    instance.event(2, "GO");
    return instance;
  };
  const groups: readonly [TestInstance, number][] = [
    [started(), 3],
    [inB(), 5],
  ];
  const checked = (definition: ReturnType<typeof define>) => {
    const check = new DeployCheck(definition);
    for (const [{ state }, count] of groups) check.add(placeOf(state), count, [state]);
    return check.report();
  };

  it.each<[string, ReturnType<typeof define>, string, string, number]>([
    ["the same machine", define(1, first), "runs", "runs", 0],
    ["one that has everything", define(2, wider), "fits", "fits", 0],
    ["one without a state", define(2, renamed), "parks", "fits", 3],
    [
      "one with the machine of then",
      define(2, renamed, { 1: { machine: first } }),
      "pinned",
      "pinned",
      0,
    ],
    [
      "one that turns them over",
      define(2, renamed, { 1: { migrate: (one) => ({ ...one, value: "b", timers: [] }) } }),
      "migrates",
      "migrates",
      0,
    ],
    [
      "an older one",
      define(1, createMachine({ initial: "x", states: { x: {} } })),
      "parks",
      "parks",
      8,
    ],
  ])("%s", (_name, definition, ofA, ofB, willPark) => {
    const report = checked(definition);
    expect(report.willPark).toBe(willPark);
    expect(report.groups.find(({ state }) => state === "a")?.fate).toBe(ofA);
    expect(report.groups.find(({ state }) => state === "b")?.fate).toBe(ofB);
  });

  it("counts the worst of the samples, says how many of them, and why", () => {
    const check = new DeployCheck(define(2, renamed));
    const [a, b] = [started().state, inB().state];
    check.add(placeOf(b), 40, [b, a, b]);
    check.add(["active", 2, "cafe", "late"], 2, []);
    const report = check.report();
    expect(report).toMatchObject({ saga: "s", version: 2, willPark: 40 });
    expect(report.groups[0]).toMatchObject({
      instances: 40,
      fate: "parks",
      samples: 3,
      samplesOfFate: 1,
    });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it("is a table for people", () => {
    const check = new DeployCheck(define(2, renamed));
    const { state } = started();
    const two = inB().state;
    check.add(placeOf(two), 5, [two]);
    check.add(placeOf(state), 12, [state, two]);
    const [head, ...rows] = check.report().toString().split("\n");
    expect(head).toBe("saga s, version 2: 12 of 17 instances would be parked");
    expect(rows[0]).toBe("version  status  state  instances  fate                      why");
    expect(rows[1]).toMatch(
      /^v1 {7}active {2}a {6}12 {9}parks \(1 of 2 looked at\) {2}.*give earlier\[1\]/,
    );
    expect(rows[2]).toBe("v1       active  b      5          fits");
    expect(new DeployCheck(define(1, first)).report().toString()).toBe(
      "saga s, version 1: none of 0 instances would be parked",
    );
  });
});

it("answers find whom they are for after a version, too", () => {
  const asking = (more: object) =>
    createMachine({
      id: "m",
      initial: "a",
      states: {
        a: {
          invoke: {
            id: "pay",
            src: commandTo(Account) as never,
            input: { entityId: "a", command: { type: "Touch" } } as never,
            onDone: "b",
            onError: "c",
          },
        },
        b: {},
        c: {},
        ...more,
      },
    });
  for (const [answer, state] of [
    [accepted(), "b"],
    [rejected(), "c"],
  ] as const) {
    const instance = new TestInstance(define(1, asking({})));
    instance.start(1);
    instance.restart(define(2, asking({ more: {} })));
    instance.answer("pay", answer);
    expect(machineOf(instance)).toMatchObject({ value: state });
  }
});
