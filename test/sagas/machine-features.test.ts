/** What of XState works in a saga: a test for each, over a machine that has little else. */
import { givenSaga } from "tidemark/testing";
import { commandTo, saga, send } from "tidemark";
import { describe, expect, it } from "vitest";
import {
  and,
  assign,
  cancel,
  createMachine,
  emit,
  enqueueActions,
  log,
  not,
  or,
  raise,
  setup,
  stateIn,
  type AnyStateMachine,
} from "xstate";
import { Account } from "../support/account.js";

const run = (machine: AnyStateMachine, emits: readonly string[] = []) =>
  givenSaga(saga({ name: "s", machine, emits }));

const depositTo = (entityId: string, cents: number) => ({
  aggregate: "account",
  entityId,
  command: { type: "Deposit", data: { cents } },
});

describe("states", () => {
  it("parallel regions move on their own, and onDone follows when all are at their end", () => {
    const region = { initial: "a", states: { a: {}, b: { type: "final" as const } } };
    const machine = createMachine({
      initial: "both",
      states: {
        both: {
          type: "parallel",
          states: {
            left: { ...region, on: { L: ".b" } },
            right: { ...region, on: { R: ".b" } },
          },
          onDone: "over",
        },
        over: { type: "final" },
      },
    });
    const spec = run(machine).start();
    spec.thenState({ both: { left: "a", right: "a" } });
    spec.when({ type: "R" }).thenState({ both: { left: "a", right: "b" } });
    spec.when({ type: "R" }).when({ type: "L" }).thenDone();
  });

  it("a compound state takes what its children don't, and onDone gets the output of its final state", () => {
    const machine = createMachine({
      context: { n: 0 },
      initial: "outer",
      states: {
        outer: {
          initial: "one",
          on: { OUT: "away", NEXT: "away" },
          states: {
            one: { on: { NEXT: "two" } },
            two: { type: "final", output: { seven: 7 } },
          },
          onDone: {
            target: "over",
            actions: assign({ n: ({ event }) => (event.output as { seven: number }).seven }),
          },
        },
        away: {},
        over: {},
      },
    });
    const spec = run(machine).start();
    spec.thenState({ outer: "one" });
    spec.when({ type: "OUT" }).thenState("away");
    spec.when({ type: "NEXT" }).thenState("over").thenContext({ n: 7 });
  });

  const withHistory = (history: "shallow" | "deep") =>
    createMachine({
      id: "shop.order",
      initial: "work",
      states: {
        work: {
          initial: "one",
          on: { PAUSE: "pause" },
          states: {
            one: { on: { NEXT: "two" } },
            two: { initial: "x", states: { x: { on: { NEXT: "y" } }, y: {} } },
            back: { type: "history", history },
          },
        },
        pause: { on: { GO: "work.back" } },
      },
    });

  it.each([
    ["shallow", "x"],
    ["deep", "y"],
  ] as const)(
    "%s history comes back after a restart, with dots in the machine's id",
    (kind, leaf) => {
      const next = { type: "NEXT" };
      run(withHistory(kind))
        .start()
        .when(next)
        .when(next)
        .thenState({ work: { two: "y" } })
        .when({ type: "PAUSE" })
        .when({ type: "GO" })
        .thenState({ work: { two: leaf } });
    },
  );

  it("a final state ends it with the machine's output, from its input", () => {
    const machine = createMachine({
      context: ({ input }) => ({ n: (input as { n: number }).n }),
      initial: "a",
      states: { a: { on: { GO: "b" } }, b: { type: "final" } },
      output: ({ context }) => ({ twice: context.n * 2 }),
    });
    const spec = run(machine).start({ n: 4 }).when({ type: "GO" });
    spec.thenDone({ twice: 8 });
    spec.when({ type: "GO" }).thenIgnored();
  });

  it("an output that couldn't be recorded parks the instance", () => {
    const machine = createMachine({
      initial: "a",
      states: { a: { on: { GO: "b" } }, b: { type: "final" } },
      output: () => new Map(),
    });
    run(machine).start().when({ type: "GO" }).thenParked("output of the machine");
  });

  it("nothing moves a machine that is at its end, not even an event of its root", () => {
    const machine = createMachine({
      initial: "a",
      on: { RESET: ".a" },
      states: { a: { on: { GO: "b" } }, b: { type: "final" } },
    });
    run(machine).start().when({ type: "GO" }).when({ type: "RESET" }).thenIgnored().thenDone();
  });

  it("tags and root transitions work", () => {
    const machine = createMachine({
      initial: "a",
      on: { HOME: ".a" },
      states: {
        a: { tags: "t", on: { GO: "b" } },
        b: { on: { HERE: { guard: stateIn("b"), target: "c" } } },
        c: {},
      },
    });
    const spec = run(machine).start().when({ type: "GO" });
    spec.when({ type: "HERE" }).thenState("c").when({ type: "HOME" }).thenState("a");
  });
});

describe("transitions", () => {
  it("always is followed at once, by its guard", () => {
    const machine = createMachine({
      context: { n: 0 },
      initial: "counting",
      states: {
        counting: {
          on: { ADD: { actions: assign({ n: ({ context }) => context.n + 1 }) } },
          always: { guard: ({ context }) => context.n === 2, target: "full" },
        },
        full: {},
      },
    });
    const add = { type: "ADD" };
    const spec = run(machine).start().when(add);
    spec.thenState("counting").thenContext({ n: 1 });
    spec.when(add).thenState("full");
  });

  it("guards by name, in place, with params, and combined by and, or, not", () => {
    const machine = setup({
      guards: {
        above: ({ event }, params: { than: number }) => (event.data as number) > params.than,
        even: ({ event }) => (event.data as number) % 2 === 0,
        small: not({ type: "above", params: { than: 10 } }),
      },
    }).createMachine({
      initial: "a",
      states: {
        a: {
          on: {
            GO: [
              { guard: and(["even", "small"]), target: "evenAndSmall" },
              { guard: or(["small", ({ event }) => event.data === 99]), target: "smallOr99" },
              { guard: { type: "above", params: { than: 50 } }, target: "above50" },
            ],
          },
        },
        evenAndSmall: {},
        smallOr99: {},
        above50: {},
      },
    });
    const spec = run(machine).start();
    const go = (data: number) => spec.when({ type: "GO", data });
    go(4).thenState("evenAndSmall");
    go(5).thenState("smallOr99");
    go(99).thenState("smallOr99");
    go(60).thenState("above50");
    go(20).thenIgnored();
  });

  it("wildcards take what nothing else does", () => {
    const machine = createMachine({
      initial: "a",
      states: { a: { on: { B: "b", "pay.*": "pay", "*": "any" } }, b: {}, pay: {}, any: {} },
    });
    const spec = run(machine).start();
    spec.when({ type: "B" }).thenState("b");
    spec.when({ type: "pay.late" }).thenState("pay");
    spec.when({ type: "whatever" }).thenState("any");
  });

  it("reenter runs entry and exit again and sets delays anew; without it nothing happens to them", () => {
    const machine = createMachine({
      context: { entries: 0 },
      initial: "a",
      states: {
        a: {
          entry: assign({ entries: ({ context }) => context.entries + 1 }),
          after: { 100: "late" },
          on: { AGAIN: { target: "a", reenter: true }, STAY: { target: "a" } },
        },
        late: {},
      },
    });
    const spec = run(machine).start().advance(40);
    spec
      .when({ type: "STAY" })
      .thenContext({ entries: 1 })
      .thenTimers({ "xstate.after.100.(machine).a": 60 });
    const again = spec.when({ type: "AGAIN" });
    again.thenContext({ entries: 2 }).thenTimers({ "xstate.after.100.(machine).a": 100 });
    again.advance(99).thenState("a").advance(1).thenState("late");
  });
});

describe("actions", () => {
  it("raise without a delay is part of the step", () => {
    const machine = createMachine({
      initial: "a",
      states: { a: { on: { GO: { actions: raise({ type: "ON" }) }, ON: "b" } }, b: {} },
    });
    run(machine).start().when({ type: "GO" }).thenState("b").thenTimers({});
  });

  it("raise with a delay is a timer, by its id or a name of its own, and survives its state", () => {
    const machine = createMachine({
      initial: "a",
      states: {
        a: {
          entry: [
            raise({ type: "ON" }, { delay: 50, id: "mine" }),
            raise({ type: "OFF" }, { delay: 70 }),
          ],
          on: { GO: "b" },
        },
        b: { on: { ON: "c" } },
        c: { on: { OFF: "d" } },
        d: {},
      },
    });
    const spec = run(machine).start().thenTimers({ mine: 50, "1.1": 70 }).when({ type: "GO" });
    spec.advance(49).thenState("b").advance(1).thenState("c").thenTimers({ "1.1": 20 });
    spec.advance(70).thenState("d");
  });

  it("cancel takes a timer away, also one that was set in the same step", () => {
    const machine = createMachine({
      initial: "a",
      states: {
        a: {
          entry: raise({ type: "ON" }, { delay: 50, id: "mine" }),
          on: {
            STOP: { actions: cancel("mine") },
            NONE: { actions: [raise({ type: "ON" }, { delay: 9, id: "two" }), cancel("two")] },
            ON: "b",
          },
        },
        b: {},
      },
    });
    const spec = run(machine).start();
    spec.when({ type: "STOP" }).thenTimers({}).advance(100).thenState("a");
    spec.when({ type: "NONE" }).thenTimers({ mine: 50 });
  });

  it("actions by name get params, fixed and computed", () => {
    const machine = setup({
      types: { context: {} as { n: number }, events: {} as { type: "ADD"; data: number } },
      actions: {
        add: assign({ n: ({ context }, params: { by: number }) => context.n + params.by }),
      },
    }).createMachine({
      context: { n: 0 },
      entry: { type: "add", params: { by: 10 } },
      on: { ADD: { actions: { type: "add", params: ({ event }) => ({ by: event.data }) } } },
    });
    run(machine)
      .start()
      .thenContext({ n: 10 })
      .when({ type: "ADD", data: 5 })
      .thenContext({ n: 15 });
  });

  it("send in place and by name asks for commands, in the order of the actions", () => {
    const machine = setup({
      actions: { pay: send(Account, "b", { type: "Deposit", data: { cents: 2 } }, { as: "pay" }) },
    }).createMachine({
      initial: "a",
      states: {
        a: {
          entry: [send(Account, "a", { type: "Deposit", data: { cents: 1 } }), "pay"],
          on: { "pay.accepted": "b" },
        },
        b: {},
      },
    });
    const spec = run(machine).start().thenCommands(depositTo("a", 1), depositTo("b", 2));
    spec.accepted("pay").thenState("b").thenCommands();
  });

  it("enqueueActions gathers actions, and check sees its guards", () => {
    const machine = setup({ guards: { yes: () => true } }).createMachine({
      context: { n: 0 },
      initial: "a",
      states: {
        a: {
          entry: enqueueActions(({ enqueue, check }) => {
            if (check("yes")) enqueue.assign({ n: 3 });
            enqueue(send(Account, "a", { type: "Deposit", data: { cents: 1 } }));
            enqueue.raise({ type: "ON" });
          }),
          on: { ON: "b" },
        },
        b: {},
      },
    });
    run(machine).start().thenState("b").thenContext({ n: 3 }).thenCommands(depositTo("a", 1));
  });

  it("emit records events of the instance's stream, those that are declared", () => {
    const machine = createMachine({
      initial: "a",
      states: {
        a: {
          on: {
            FLAT: { actions: emit({ type: "Paid", cents: 5 }) },
            DATA: { actions: emit({ type: "Paid", data: { cents: 6 } }) },
            OTHER: { target: "b", actions: emit({ type: "Lost" }) },
          },
        },
        b: {},
      },
    });
    const spec = run(machine, ["Paid"]).start();
    spec.when({ type: "FLAT" }).thenEmitted({ type: "Paid", data: { cents: 5 } });
    spec.when({ type: "DATA" }).thenEmitted({ type: "Paid", data: { cents: 6 } });
    spec.when({ type: "OTHER" }).thenParked("name it in emits of saga s").thenState("a");
  });

  it("log leaves a note in the history", () => {
    const machine = createMachine({ entry: [log("hello"), log(({ context }) => context, "ctx")] });
    const Noting = saga({ name: "s", machine });
    const decision = Noting.behavior.decide(
      Noting.behavior.initialState("i"),
      "take",
      { input: { kind: "start", data: {} } },
      { nowMs: 0, entityId: "i", version: 0 } as never,
    );
    expect(decision).toMatchObject([{ data: { notes: ["hello", "ctx: an object"] } }]);
  });
});

describe("after", () => {
  const machine = setup({
    types: { context: {} as { ms: number }, input: {} as { ms: number } },
    delays: {
      fixed: 30,
      dynamic: ({ context }) => context.ms,
      bad: () => Number.NaN,
      none: (() => undefined) as never,
    },
  }).createMachine({
    id: "m",
    context: ({ input }) => input,
    initial: "a",
    states: {
      a: { after: { 20: "b" }, on: { BAD: "bad", NONE: "none" } },
      b: { after: { fixed: "c" } },
      c: { after: { dynamic: "d" } },
      d: {},
      bad: { after: { bad: "d" } },
      none: { after: { none: "d" } },
    },
  });

  it("a number, a name and a function are absolute deadlines, each from the moment its state was entered", () => {
    const spec = run(machine).start({ ms: 7 }).thenTimers({ "xstate.after.20.m.a": 20 });
    spec.advance(20).thenState("b").thenTimers({ "xstate.after.fixed.m.b": 30 });
    spec.advance(50).thenState("c").thenTimers({ "xstate.after.dynamic.m.c": 7 });
    // Overdue ones fire in order, each at its own moment.
    spec.advance(56).thenState("c").advance(1).thenState("d");
  });

  it("a delay that isn't a number parks the instance", () => {
    const spec = run(machine).start({ ms: 1 });
    spec.when({ type: "BAD" }).thenParked("must be a number of milliseconds; it is NaN");
    spec.when({ type: "NONE" }).thenParked("must be a number of milliseconds; it is undefined");
  });

  it("an id that couldn't be a key of the index parks the instance", () => {
    const long = createMachine({
      on: { GO: { actions: raise({ type: "LATE" }, { delay: 5, id: "x".repeat(1_001) }) } },
    });
    run(long)
      .start()
      .when({ type: "GO" })
      .thenParked("the id of a timer must be at most 1000 bytes");
  });

  it("leaving the state cancels it", () => {
    run(
      createMachine({
        initial: "a",
        states: { a: { after: { 20: "late" }, on: { GO: "b" } }, b: {}, late: {} },
      }),
    )
      .start()
      .when({ type: "GO" })
      .thenTimers({})
      .advance(100)
      .thenState("b");
  });
});

describe("invoke", () => {
  const paying = {
    onDone: {
      target: "paid",
      actions: assign({
        events: ({ event }: never) => (event as { output: { events: unknown } }).output.events,
      }),
    },
    onError: {
      target: "failed",
      actions: assign({ error: ({ event }: never) => (event as { error: unknown }).error }),
    },
  };
  const inPlace = createMachine({
    context: {},
    initial: "paying",
    states: {
      paying: {
        invoke: {
          src: commandTo(Account) as never,
          id: "pay",
          input: {
            entityId: "a",
            command: { type: "Deposit", data: { cents: 3 } },
            timeoutMs: 500,
          },
          ...(paying as object),
        },
        on: { LEAVE: "left", AGAIN: { target: "paying", reenter: true } },
      },
      paid: {},
      failed: {},
      left: { on: { BACK: "paying" } },
    },
  });
  const byName = setup({
    types: { input: {} as string, context: {} as { id: string } },
    actors: { payment: commandTo(Account) },
  }).createMachine({
    context: ({ input }) => ({ id: input }),
    initial: "paying",
    states: {
      paying: {
        invoke: {
          src: "payment",
          input: ({ context }) => ({
            entityId: context.id,
            command: { type: "Deposit", data: { cents: 1 } },
          }),
          onDone: "paid",
        },
      },
      paid: {},
    },
  });

  it("is a command; onDone gets what it recorded, onError why it wasn't carried out", () => {
    const spec = run(inPlace).start().thenCommands(depositTo("a", 3));
    spec
      .accepted("pay", [{ type: "Deposited", data: { cents: 3 } }])
      .thenState("paid")
      .thenContext({ events: [{ type: "Deposited", data: { cents: 3 } }] });
    spec
      .rejected("pay", "closed", { why: 1 })
      .thenState("failed")
      .thenContext({ error: { outcome: "rejected", code: "closed", details: { why: 1 } } });
    spec
      .timedOut("pay")
      .thenContext({ error: { outcome: "timed-out", code: "timed-out", details: null } });
    spec
      .givenUp("pay", { code: "unavailable" })
      .thenContext({ error: { outcome: "given-up", code: "unavailable", details: null } });
  });

  it("by its name in setup, with input from the context and an id of XState's", () => {
    const spec = run(byName).start("bob").thenCommands(depositTo("bob", 1));
    spec.accepted("0.(machine).paying").thenState("paid");
  });

  it("an error without onError parks", () => {
    run(byName)
      .start("bob")
      .rejected("0.(machine).paying", "closed")
      .thenParked("(closed)")
      .thenState("paying");
  });

  it("leaving the state abandons it, entering it again asks anew", () => {
    const spec = run(inPlace).start();
    const left = spec.when({ type: "LEAVE" });
    expect(() => left.accepted("pay")).toThrow("none is pending");
    left.when({ type: "BACK" }).thenCommands(depositTo("a", 3)).accepted("pay").thenState("paid");
    spec.when({ type: "AGAIN" }).thenCommands(depositTo("a", 3)).accepted("pay").thenState("paid");
  });
});
