import { setup } from "xstate";
import { describe, expect, it } from "vitest";
import { graphOf } from "../../sagas/saga-graph.js";

const machine = setup({
  types: { events: {} as { type: "Go" } | { type: "Stop" } },
  guards: { isReady: () => true },
}).createMachine({
  id: "m",
  initial: "idle",
  on: { Stop: ".ended" },
  states: {
    idle: { on: { Go: { target: "busy", guard: "isReady" } }, after: { 1_000: "ended" } },
    busy: {
      type: "parallel",
      states: {
        left: { initial: "a", states: { a: { on: { Go: "b" } }, b: {} } },
        right: { initial: "c", states: { c: {} } },
      },
    },
    ended: { type: "final" },
  },
});

describe("the graph of a machine", () => {
  it("has its states, parents before children, and says which are begun with", () => {
    const { states } = graphOf(machine, []);
    expect(states.map(({ id, parent, kind, initial }) => [id, parent, kind, initial])).toEqual([
      ["idle", undefined, "atomic", true],
      ["busy", undefined, "parallel", false],
      ["busy.left", "busy", "compound", true],
      ["busy.left.a", "busy.left", "atomic", true],
      ["busy.left.b", "busy.left", "atomic", false],
      ["busy.right", "busy", "compound", true],
      ["busy.right.c", "busy.right", "atomic", true],
      ["ended", undefined, "final", false],
    ]);
  });

  it("has an edge for each way, from the machine as a whole, too", () => {
    const { edges } = graphOf(machine, []);
    expect(edges.map(({ from, to }) => `${from} > ${to}`)).toEqual([
      " > ended",
      "idle > busy",
      "idle > ended",
      "busy.left.a > busy.left.b",
    ]);
    expect(edges.find(({ to }) => to === "busy")?.label).toContain("isReady");
  });

  it("counts an instance in every state that it is in, and those around", () => {
    const { states } = graphOf(machine, [
      { status: "active", state: "busy.left.a & busy.right.c", instances: 3, oldestSinceMs: 50 },
      { status: "active", state: "busy.left.b & busy.right.c", instances: 2, oldestSinceMs: 20 },
      { status: "parked", state: "idle", instances: 1, oldestSinceMs: undefined },
      { status: "done", state: "ended", instances: 7, oldestSinceMs: undefined },
      { status: "ended", state: "idle", instances: 9, oldestSinceMs: undefined },
    ]);
    const counted = states.map(({ id, active, parked, oldestSinceMs }) => [
      id,
      active,
      parked,
      oldestSinceMs,
    ]);
    expect(counted).toEqual([
      ["idle", 0, 1, undefined],
      ["busy", 5, 0, 20],
      ["busy.left", 5, 0, 20],
      ["busy.left.a", 3, 0, 50],
      ["busy.left.b", 2, 0, 20],
      ["busy.right", 5, 0, 20],
      ["busy.right.c", 5, 0, 20],
      ["ended", 7, 0, undefined],
    ]);
  });
});
