/** Undoing what was done: in which order, after what, and what where it can't be. */
import { compensate, saga, send } from "tidemark";
import { givenSaga } from "tidemark/testing";
import { describe, it } from "vitest";
import { assign, createMachine } from "xstate";
import { Account, deposit, withdraw } from "../support/account.js";

/** Three steps that can be undone, and one that can't; undoing from anywhere. */
const machine = createMachine({
  id: "trip",
  context: { codes: [] as string[] },
  initial: "booking",
  states: {
    booking: {
      entry: [1, 2, 3].map((cents) =>
        send(Account, `step-${cents}`, withdraw(cents), {
          as: `book-${cents}`,
          compensateWith: deposit(cents),
        }),
      ),
      on: {
        UNDO: "undoing",
        NOTE: { actions: send(Account, "note", deposit(9), { as: "note" }) },
        "*": {},
      },
    },
    undoing: {
      entry: compensate(),
      on: {
        compensated: "undone",
        "compensation-failed": {
          target: "stuck",
          actions: assign({
            codes: ({ context, event }) => [...context.codes, event.code as string],
          }),
        },
        "*": {},
      },
    },
    stuck: { on: { RETRY: "undoing" } },
    undone: { type: "final" },
  },
});
const Trip = saga({ name: "trip", machine });
const undo = (cents: number) => ({
  aggregate: "account",
  entityId: `step-${cents}`,
  command: deposit(cents),
});
const booked = () =>
  givenSaga(Trip).start().accepted("book-1").accepted("book-2").accepted("book-3");

describe("compensation", () => {
  it("undoes what was done, the last one first, each after the one before", () => {
    const spec = booked().when({ type: "UNDO" }).thenCommands(undo(3));
    const two = spec.accepted("compensation").thenCommands(undo(2));
    const one = two.accepted("compensation").thenCommands(undo(1)).thenState("undoing");
    one.accepted("compensation").thenCommands().thenDone();
  });

  it("goes by the order in which things were done, not asked for", () => {
    givenSaga(Trip)
      .start()
      .accepted("book-2")
      .accepted("book-3")
      .accepted("book-1")
      .when({ type: "UNDO" })
      .thenCommands(undo(1))
      .accepted("compensation")
      .thenCommands(undo(3))
      .accepted("compensation")
      .thenCommands(undo(2));
  });

  it("waits for what is on its way, and undoes that too", () => {
    const spec = givenSaga(Trip).start().accepted("book-1").when({ type: "UNDO" }).thenCommands();
    spec
      .accepted("book-3")
      .thenCommands()
      .rejected("book-2", "no")
      .thenCommands(undo(3))
      .accepted("compensation")
      .thenCommands(undo(1));
  });

  it("undoes what may have been done, and not what wasn't", () => {
    givenSaga(Trip)
      .start()
      .timedOut("book-1")
      .givenUp("book-2", { uncertain: true })
      .givenUp("book-3")
      .when({ type: "UNDO" })
      .thenCommands(undo(2))
      .accepted("compensation")
      .thenCommands(undo(1))
      .accepted("compensation")
      .thenDone();
  });

  it("doesn't wait for commands that nothing undoes", () => {
    booked().when({ type: "NOTE" }).when({ type: "UNDO" }).thenCommands(undo(3));
  });

  it("with nothing to undo is over at once", () => {
    givenSaga(Trip)
      .start()
      .rejected("book-1", "no")
      .rejected("book-2", "no")
      .rejected("book-3", "no")
      .when({ type: "UNDO" })
      .thenCommands()
      .thenDone();
  });

  it("that fails stops and is told; once more goes on with what is left", () => {
    const failed = booked()
      .when({ type: "UNDO" })
      .accepted("compensation")
      .rejected("compensation", "closed")
      .thenState("stuck")
      .thenContext({ codes: ["closed"] })
      .thenCommands();
    failed
      .when({ type: "RETRY" })
      .thenCommands(undo(2))
      .givenUp("compensation", { code: "unavailable", uncertain: true })
      .thenState("stuck")
      .thenContext({ codes: ["closed", "unavailable"] })
      .when({ type: "RETRY" })
      .thenCommands(undo(2))
      .accepted("compensation")
      .thenCommands(undo(1))
      .accepted("compensation")
      .thenDone();
  });

  it("that fails unheard parks; what was undone isn't undone again", () => {
    const careless = createMachine({
      initial: "a",
      states: {
        a: {
          entry: send(Account, "a", withdraw(1), { as: "book", compensateWith: deposit(1) }),
          on: { UNDO: { actions: compensate() } },
        },
      },
    });
    const spec = givenSaga(saga({ name: "s", machine: careless }))
      .start()
      .accepted("book");
    const parked = spec.when({ type: "UNDO" }).rejected("compensation", "closed");
    parked.thenParked("nothing handles compensation-failed (closed)");
    parked.release().thenParked("compensation-failed");
    spec.when({ type: "UNDO" }).accepted("compensation").when({ type: "UNDO" }).thenCommands();
  });

  it("asked for at the end goes on after it", () => {
    const ending = createMachine({
      initial: "a",
      states: {
        a: {
          entry: send(Account, "a", withdraw(1), { as: "book", compensateWith: deposit(1) }),
          on: { FAIL: "failed" },
        },
        failed: { type: "final", entry: compensate() },
      },
    });
    givenSaga(saga({ name: "s", machine: ending }))
      .start()
      .when({ type: "FAIL" })
      .thenCommands()
      .thenDone()
      .accepted("book")
      .thenCommands({ aggregate: "account", entityId: "a", command: deposit(1) });
  });

  it("asked for in answer to its end, with nothing left, parks: it would never be told again", () => {
    const circling = createMachine({
      initial: "a",
      states: {
        a: { on: { UNDO: { actions: compensate() }, compensated: { actions: compensate() } } },
      },
    });
    givenSaga(saga({ name: "s", machine: circling }))
      .start()
      .when({ type: "UNDO" })
      .thenParked("nothing is left to undo");
  });
});
