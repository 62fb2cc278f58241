import { aggregate } from "tidemark";
import { given } from "tidemark/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { EvictionQueue, type Evictable } from "../../actors/eviction-queue.js";
import { Account, deposit, withdraw } from "../support/account.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";

interface Items {
  items: string[];
}
const List = aggregate<
  Items,
  { type: "Set"; data: Items } | { type: "Refuse" } | { type: "Fail" },
  { type: "Was"; data: Items }
>({
  name: "list",
  initialState: () => ({ items: [] }),
  decide: {
    Set: (_state, data) => ({ type: "Was", data }),
    Refuse: (state) => ({ status: "rejected", code: "no", details: state }),
    Fail: (state) => {
      state.items.push("broken");
      throw new Error("a bug");
    },
  },
  evolve: { Was: (_state, data) => data },
  snapshots: { everyEvents: 0, onPassivation: true },
});

describe.each(storeKinds)("what callers hold, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));

  it("is never shared with the state: neither command, nor answer, nor refusal", async () => {
    let runtime = await harness.open({ aggregates: [List] });
    const items = ["a"];
    const asked = runtime.ask(List, "x", { type: "Set", data: { items } });
    items.push("b");
    const answer = await asked;
    items.push("c");
    if (answer.status === "accepted") answer.events[0]!.data.items.push("d");
    const refusal = await runtime.ask(List, "x", { type: "Refuse" });
    if (refusal.status === "rejected") (refusal.details as Items).items.push("e");
    expect((await runtime.state(List, "x")).state).toEqual({ items: ["a"] });
    runtime = await harness.open({ aggregates: [List] });
    expect((await runtime.state(List, "x")).state).toEqual({ items: ["a"] });
  });

  it("isn't kept as a snapshot when a handler changed the state and threw before the close", async () => {
    let runtime = await harness.open({ aggregates: [List] });
    await runtime.ask(List, "x", { type: "Set", data: { items: ["a"] } });
    const failed = runtime.ask(List, "x", { type: "Fail" }).catch((error: unknown) => error);
    const closed = failed.then(() => runtime.close());
    expect(await failed).toMatchObject({ code: "decide-failed" });
    await closed;
    runtime = await harness.open({ aggregates: [List] });
    expect((await runtime.state(List, "x")).state).toEqual({ items: ["a"] });
  });

  it("keeps hot entities in memory while many others pass through once", async () => {
    const runtime = await harness.open({ aggregates: [Account], activationsMax: 100 });
    const touch = (id: string) => runtime.ask(Account, id, { type: "Touch" });
    for (let round = 0; round < 5; round++) for (let n = 0; n < 50; n++) await touch(`hot${n}`);
    for (let n = 0; n < 1_000; n++) await touch(`once${n}`);
    const { activated } = runtime.status().actors;
    for (let n = 0; n < 50; n++) await touch(`hot${n}`);
    expect(runtime.status().actors.activated - activated).toBeLessThanOrEqual(2);
  });

  it("counts the bytes of young entities", async () => {
    const stateBytesMax = 1_000_000;
    const runtime = await harness.open({ aggregates: [List], stateBytesMax });
    for (let n = 0; n < 30; n++)
      await runtime.ask(List, `l${n}`, { type: "Set", data: { items: ["x".repeat(150_000)] } });
    expect(runtime.status().actors.activations).toBeLessThan(10);
  });

  it("gets its answers although the logger throws", async () => {
    const fail = () => {
      throw new Error("the logger is broken");
    };
    const runtime = await harness.open({
      aggregates: [Account],
      logger: { debug: fail, info: fail, warn: fail, error: fail },
    });
    runtime.tell(Account, "a", deposit(1));
    runtime.tell(Account, "a", withdraw(5));
    expect(await runtime.ask(Account, "b", deposit(1))).toMatchObject({ status: "accepted" });
    await runtime.close();
  });
});

describe("the eviction queue, with a small share of idle ones that were used", () => {
  it("finds one of them", () => {
    const queue = new EvictionQueue<Evictable>(100);
    const node = (streamId: string, idle: boolean): Evictable => ({
      streamId,
      frequency: 0,
      queuedIn: undefined,
      previous: undefined,
      next: undefined,
      canBeEvicted: () => idle,
    });
    const used = node("used", true);
    queue.add(used);
    used.frequency = 1;
    expect(queue.evict()).toBe(used);
  });
});

describe("ids of a specification", () => {
  it("are new each time", () => {
    const Ids = aggregate<object, { type: "Go" }, { type: "Gone"; data: { ids: string[] } }>({
      name: "ids",
      initialState: () => ({}),
      decide: {
        Go: (_state, _data, context) => ({
          type: "Gone",
          data: { ids: [context.newId(), context.newId()] },
        }),
      },
      evolve: { Gone: (state) => state },
    });
    given(Ids)
      .when({ type: "Go" })
      .thenEvents({ type: "Gone", data: { ids: ["id-1", "id-2"] } });
    expect(() =>
      given(Ids)
        .when({ type: "Go" }, { ids: ["x"] })
        .thenEvents({ type: "Gone", data: { ids: ["x", "id-2"] } }),
    ).not.toThrow();
  });
});
