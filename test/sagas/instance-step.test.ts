/** What one input does to an instance. */
import { saga, send, type SagaDefinition } from "tidemark";
import { describe, expect, it } from "vitest";
import { assign, createMachine, type AnyStateMachine } from "xstate";
import { KEPT_MAX } from "../../sagas/instance-step.js";
import { Account } from "../support/account.js";
import {
  accepted,
  givenUp,
  rejected,
  TestInstance,
  timedOut,
  typesOf,
} from "../support/saga-instance.js";

type Options = Omit<SagaDefinition<[]>, "name" | "machine">;
const instanceOf = (machine: AnyStateMachine, options: Options = {}) =>
  new TestInstance(saga({ name: "s", machine, ...options }));

/** Writes down what it gets. */
const listening = createMachine({
  context: { got: [] as string[] },
  initial: "on",
  states: {
    on: {
      on: {
        BAD: {
          actions: assign(({ event }) => {
            if (event.fine !== true) throw new Error("bad news");
            return {};
          }),
        },
        END: "end",
        IGNORED: {},
        "*": {
          actions: assign({
            got: ({ context, event }) => [...context.got, event.type],
          }),
        },
      },
    },
    end: { type: "final" },
  },
});
const got = (instance: TestInstance) => (instance.state.machine?.context as { got: string[] }).got;

describe("an input", () => {
  it("that comes again is nothing: by its position, and its part", () => {
    const instance = instanceOf(listening);
    expect(typesOf(instance.start(5))).toEqual(["stepped"]);
    expect(instance.start(5)).toEqual([]);
    expect(instance.event(5, "A")).toEqual([]);
    expect(instance.event(4, "A")).toEqual([]);
    expect(typesOf(instance.event(5, "B", {}, 1))).toEqual(["stepped"]);
    expect(instance.event(5, "B", {}, 1)).toEqual([]);
    expect(typesOf(instance.event(9, "C"))).toEqual(["stepped"]);
    instance.restart();
    expect(instance.event(9, "C")).toEqual([]);
    expect(got(instance)).toEqual(["B", "C"]);
  });

  it("that has no effect is recorded as handled, once it is routed", () => {
    const instance = instanceOf(createMachine({}));
    instance.start(1);
    expect(typesOf(instance.event(2, "A"))).toEqual(["ignored"]);
    expect(instance.event(2, "A")).toEqual([]);
  });

  it("for an instance that ended is nothing where it is routed, and refused by hand", () => {
    const instance = instanceOf(listening);
    instance.start(1);
    expect(typesOf(instance.hand("end"))).toEqual(["ended"]);
    expect(instance.event(2, "A")).toEqual([]);
    expect(instance.take({ kind: "event", event: { type: "A" } })).toBe("instance-ended");
    expect(instance.hand("end")).toEqual([]);
    expect(instance.hand("park")).toBe("instance-ended");
    expect(instance.hand("release")).toBe("not-parked");
  });
});

describe("before its start", () => {
  it("refuse: an event is refused and nothing recorded", () => {
    const instance = instanceOf(listening);
    expect(instance.event(1, "A")).toBe("unknown-instance");
    expect(instance.state.status).toBe("waiting");
    for (const type of ["park", "end"] as const)
      expect(instance.hand(type)).toBe("unknown-instance");
  });

  it("ignore: an event is nothing", () => {
    expect(instanceOf(listening, { onUnknown: "ignore" }).event(1, "A")).toEqual([]);
  });

  it("keep: events wait, and are handled in order behind the start, also after a restart", () => {
    const instance = instanceOf(listening, { onUnknown: "keep" });
    expect(typesOf(instance.event(1, "A"))).toEqual(["kept"]);
    instance.event(2, "B");
    expect(instance.event(2, "B")).toEqual([]);
    instance.restart();
    expect(typesOf(instance.start(3))).toEqual(["stepped", "released", "stepped", "stepped"]);
    expect(got(instance)).toEqual(["A", "B"]);
    expect(instance.event(2, "B")).toEqual([]);
    instance.restart();
    expect(instance.state).toMatchObject({ position: 3, kept: [], status: "active" });
  });

  it("keep: one of them that fails parks the instance, and the rest waits on", () => {
    const instance = instanceOf(listening, { onUnknown: "keep" });
    for (const [at, type] of ["A", "BAD", "C"].entries()) instance.event(at + 1, type);
    expect(typesOf(instance.start(9))).toEqual([
      "stepped",
      "released",
      "stepped",
      "parked",
      "kept",
    ]);
    expect(instance.state).toMatchObject({ status: "parked", problem: "bad news" });
    expect(instance.state.kept).toMatchObject([
      { event: { type: "BAD" } },
      { event: { type: "C" } },
    ]);
  });

  it("keep: by hand nobody waits for a start that may never come", () => {
    const instance = instanceOf(listening, { onUnknown: "keep" });
    expect(instance.take({ kind: "event", event: { type: "A" } })).toBe("unknown-instance");
  });

  it("keep: as many as can be released together, then it is full", () => {
    const instance = instanceOf(listening, { onUnknown: "keep" });
    for (let position = 1; position <= KEPT_MAX; position++) instance.event(position, "A");
    expect(instance.event(KEPT_MAX + 1, "A")).toBe("instance-full");
    instance.start(KEPT_MAX + 2);
    expect(got(instance)).toHaveLength(KEPT_MAX);
  });

  it("a start that fails waits, and the release starts it", () => {
    const picky = createMachine({
      context: ({ input }) => {
        const { owner } = input as { owner?: string };
        if (owner === undefined) throw new Error("no owner");
        return { owner };
      },
    });
    const instance = instanceOf(picky);
    expect(typesOf(instance.start(1))).toEqual(["parked"]);
    expect(instance.state).toMatchObject({ status: "parked", problem: "no owner", machine: null });
    expect(typesOf(instance.event(2, "A"))).toEqual(["kept"]);
    const fixed = saga({ name: "s", version: 2, machine: listening });
    instance.restart(fixed);
    expect(typesOf(instance.hand("release"))).toEqual(["released", "stepped", "stepped"]);
    expect(instance.state.version).toBe(2);
    expect(got(instance)).toEqual(["A"]);
  });

  it("a start by hand that failed and is discarded leaves an instance that can be started, and is counted once", () => {
    const failing = createMachine({
      context: () => {
        throw new Error("no");
      },
    });
    const instance = instanceOf(failing);
    instance.take({ kind: "start", data: {} });
    const waiting = ["waiting", 0, "", ""];
    expect(instance.hand("discard")).toMatchObject([{ data: { to: waiting } }]);
    instance.restart(saga({ name: "s", machine: listening }));
    expect(instance.take({ kind: "start", data: {} })).toMatchObject([{ data: { from: waiting } }]);
    expect(instance.state.status).toBe("active");
  });
});

describe("a start of an instance that there is", () => {
  it.each([
    ["ignore", [], []],
    ["refuse", "known-instance", []],
    ["resume", ["stepped"], ["Begun"]],
  ] as const)("%s", (onKnown, expected, received) => {
    const instance = instanceOf(listening, { onKnown });
    instance.start(1);
    expect(typesOf(instance.start(2))).toEqual(expected);
    expect(got(instance)).toEqual(received);
  });

  it("resumes where it is a start or resume, and is refused by hand", () => {
    const instance = instanceOf(listening);
    instance.start(1);
    expect(instance.take({ kind: "start", data: {} })).toBe("known-instance");
    const origin = { position: 2, part: 0, eventId: "e", type: "Begun", streamId: "s/1" };
    const input = {
      kind: "start",
      data: {},
      event: { type: "More" },
      origin,
      orResume: true,
    } as const;
    expect(typesOf(instance.take(input))).toEqual(["stepped"]);
    expect(got(instance)).toEqual(["More"]);
  });
});

describe("a timer", () => {
  const waiting = createMachine({
    id: "m",
    context: { fired: 0 },
    initial: "a",
    states: {
      a: {
        after: {
          100: { actions: assign({ fired: ({ context }) => context.fired + 1 }) },
        },
        on: { AGAIN: { target: "a", reenter: true }, LEAVE: "b" },
      },
      b: { on: { BACK: "a" } },
    },
  });
  const id = "xstate.after.100.m.a";

  it("is an absolute deadline from the moment of the step that set it", () => {
    const instance = instanceOf(waiting);
    instance.nowMs = 1_000;
    instance.start(1);
    expect(instance.state.timers).toEqual([{ id, dueAtMs: 1_100, event: { type: id } }]);
    expect(instance.events).toMatchObject([{ data: { atMs: 1_000 } }]);
  });

  it("fires once; a stale one is nothing: left, entered again, fired before", () => {
    const instance = instanceOf(waiting);
    instance.start(1);
    expect(instance.timer(id, 99)).toEqual([]);
    instance.nowMs = 50;
    instance.event(2, "AGAIN");
    expect(instance.timer(id, 100)).toEqual([]);
    expect(typesOf(instance.timer(id, 150))).toEqual(["stepped"]);
    expect(instance.timer(id, 150)).toEqual([]);
    instance.event(3, "AGAIN");
    instance.event(4, "LEAVE");
    expect(instance.state.timers).toEqual([]);
    expect(instance.timer(id, 250)).toEqual([]);
    expect(instance.state.machine?.context).toEqual({ fired: 1 });
  });

  it("that was kept is dropped where an input before it leaves its state, and isn't that of the next entry", () => {
    const instance = instanceOf(waiting);
    instance.start(1);
    instance.hand("park");
    instance.event(2, "LEAVE");
    instance.event(3, "BACK");
    expect(typesOf(instance.timer(id, 100))).toEqual(["kept"]);
    expect(instance.state.timers).toEqual([]);
    instance.restart();
    expect(typesOf(instance.hand("release"))).toEqual(["released", "stepped", "stepped"]);
    expect(instance.state).toMatchObject({
      machine: { value: "a", context: { fired: 0 } },
      kept: [],
    });
    expect(instance.state.timers).toMatchObject([{ id, dueAtMs: 200 }]);
  });

  it("that was kept fires on release where its state is still active", () => {
    const instance = instanceOf(waiting);
    instance.start(1);
    instance.hand("park");
    instance.timer(id, 100);
    instance.hand("release");
    expect(instance.state.machine?.context).toEqual({ fired: 1 });
  });

  it("ends with the machine, and with the instance", () => {
    const ending = createMachine({
      initial: "a",
      on: { STOP: ".end" },
      states: { a: { after: { 5: "b" } }, b: {}, end: { type: "final" } },
    });
    const instance = instanceOf(ending);
    instance.start(1);
    instance.event(2, "STOP");
    expect(instance.state).toMatchObject({ status: "done", timers: [], spent: [] });
    const other = instanceOf(ending);
    other.start(1);
    other.hand("end");
    expect(other.state.timers).toEqual([]);
  });
});

describe("an answer", () => {
  const pay = (as: string) => send(Account, "a", { type: "Touch" }, { as });
  const paying = createMachine({
    context: {},
    initial: "a",
    states: {
      a: {
        entry: pay("pay"),
        on: {
          "pay.accepted": { target: "paid", actions: assign({ answer: ({ event }) => event }) },
          "pay.timed-out": { target: "b", actions: assign({ answer: ({ event }) => event }) },
          "pay.given-up": { target: "b", actions: assign({ answer: ({ event }) => event }) },
          LEAVE: "b",
        },
      },
      b: { on: { "pay.rejected": {} } },
      paid: { type: "final", entry: pay("thank") },
    },
  });
  const started = () => {
    const instance = instanceOf(paying);
    instance.start(1);
    return instance;
  };

  it("is an event with what came of the command, and comes once", () => {
    const instance = started();
    const { id: commandId, entityId } = instance.state.commands[0]!;
    const events = [{ type: "Paid", data: { cents: 1 } }];
    instance.answer("pay", accepted(events));
    expect(instance.state.machine).toMatchObject({
      value: "paid",
      context: {
        answer: { type: "pay.accepted", commandId, entityId, version: 1, position: 1, events },
      },
    });
    expect(instance.answer(commandId)).toEqual([]);
    const late = started();
    late.answer("pay", timedOut);
    expect(late.state.machine?.context).toEqual({
      answer: { type: "pay.timed-out", commandId, entityId, attempts: 3 },
    });
    const never = started();
    never.answer("pay", givenUp(true));
    expect(never.state.machine?.context).toMatchObject({
      answer: { type: "pay.given-up", code: "unavailable", uncertain: true },
    });
  });

  it("that something went wrong parks where nothing handles it; accepted may go unheard", () => {
    const instance = started();
    expect(typesOf(instance.answer("pay", rejected("closed")))).toEqual(["parked"]);
    expect(instance.state.problem).toBe(
      "in state a nothing handles pay.rejected (closed): give it a transition, deploy, and release this instance",
    );
    const other = started();
    other.event(2, "LEAVE");
    expect(typesOf(other.answer("pay"))).toEqual(["stepped"]);
  });

  it("is heard by a transition that does nothing", () => {
    const instance = started();
    instance.event(2, "LEAVE");
    expect(typesOf(instance.answer("pay", rejected()))).toEqual(["stepped"]);
    expect(instance.state.status).toBe("active");
  });

  it("that something went wrong after the end parks it, and says that no transition would help", () => {
    const instance = started();
    instance.answer("pay");
    expect(instance.state.status).toBe("done");
    instance.answer("thank", rejected());
    expect(instance.state.problem).toContain("the machine is at its end");
    instance.hand("discard");
    expect(instance.state.status).toBe("done");
  });

  it("that was kept for an invocation is dropped where an input before it leaves its state", async () => {
    const { commandTo } = await import("tidemark");
    const invoking = createMachine({
      initial: "a",
      states: {
        a: {
          invoke: {
            src: commandTo(Account) as never,
            id: "pay",
            input: { entityId: "a", command: { type: "Touch" } } as never,
            onDone: "paid",
          },
          on: { AGAIN: { target: "a", reenter: true }, LEAVE: "b" },
        },
        b: {},
        paid: {},
      },
    });
    const again = instanceOf(invoking);
    again.start(1);
    again.hand("park");
    again.event(2, "AGAIN");
    again.answer("pay");
    again.hand("release");
    expect(again.state.machine?.value).toBe("a");
    again.answer("pay");
    expect(again.state.machine?.value).toBe("paid");
    const left = instanceOf(invoking);
    left.start(1);
    left.hand("park");
    left.event(2, "LEAVE");
    left.answer("pay", rejected());
    left.hand("release");
    expect(left.state).toMatchObject({ status: "active", machine: { value: "b" }, kept: [] });
  });

  it("to a command with a time has its deadline, from the step", () => {
    const timed = createMachine({
      entry: send(Account, "a", { type: "Touch" }, { timeoutMs: 500, attemptsMax: 7 }),
    });
    const instance = instanceOf(timed);
    instance.nowMs = 10;
    instance.start(1);
    expect(instance.state.commands).toMatchObject([
      { id: "s/i#1.0", as: "Touch", deadlineAtMs: 510, attemptsMax: 7 },
    ]);
  });
});

describe("a parked instance", () => {
  it("keeps what comes; released, it takes it in order, until one fails again", () => {
    const instance = instanceOf(listening);
    instance.start(1);
    expect(typesOf(instance.event(2, "BAD"))).toEqual(["parked"]);
    expect(instance.state).toMatchObject({ status: "parked", problem: "bad news", step: 1 });
    for (const [at, type] of ["A", "BAD", "B"].entries()) instance.event(at + 3, type);
    expect(instance.event(3, "A")).toEqual([]);
    instance.restart();
    expect(typesOf(instance.hand("release"))).toEqual([
      "released",
      "parked",
      "kept",
      "kept",
      "kept",
    ]);
    expect(got(instance)).toEqual([]);
    const fixed = listening.provide({});
    const healed = saga({
      name: "s",
      version: 2,
      machine: createMachine({
        ...fixed.config,
        on: { NEVER: {} },
        states: { ...fixed.config.states, on: { on: { ...fixed.config.states!.on!.on, BAD: {} } } },
      } as never),
    });
    instance.restart(healed);
    expect(typesOf(instance.hand("release"))).toEqual(
      ["released", "stepped", "stepped", "stepped", "stepped"].map((type, at) =>
        at === 1 || at === 3 ? "ignored" : type,
      ),
    );
    expect(got(instance)).toEqual(["A", "B"]);
    expect(instance.state).toMatchObject({ status: "active", kept: [], problem: "", version: 2 });
  });

  it("discarded, it goes on without them", () => {
    const instance = instanceOf(listening);
    instance.start(1);
    instance.event(2, "BAD");
    instance.event(3, "A");
    expect(instance.hand("discard")).toMatchObject([{ data: { by: "me", discarded: 2 } }]);
    instance.event(4, "B");
    expect(got(instance)).toEqual(["B"]);
    expect(instance.hand("discard")).toBe("not-parked");
  });

  it("by hand: stops, and goes on", () => {
    const instance = instanceOf(listening);
    instance.start(1);
    expect(instance.hand("park")).toMatchObject([
      { data: { problem: "parked by hand", by: "me" } },
    ]);
    expect(instance.hand("park")).toEqual([]);
    instance.event(2, "A");
    instance.hand("release");
    expect(got(instance)).toEqual(["A"]);
  });

  it("keeps so much, then refuses", () => {
    const instance = instanceOf(listening);
    instance.start(1);
    instance.hand("park");
    for (let position = 2; position < KEPT_MAX + 2; position++) instance.event(position, "A");
    expect(instance.event(KEPT_MAX + 2, "A")).toBe("instance-full");
    instance.hand("release");
    expect(got(instance)).toHaveLength(KEPT_MAX);
    // What was refused can come again.
    expect(typesOf(instance.event(KEPT_MAX + 2, "A"))).toEqual(["stepped"]);
  });

  it("can be ended", () => {
    const instance = instanceOf(listening);
    instance.start(1);
    instance.event(2, "BAD");
    instance.hand("end");
    expect(instance.state).toMatchObject({ status: "ended", kept: [], problem: "" });
  });
});
