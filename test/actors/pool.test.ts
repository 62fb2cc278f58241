import { aggregate, hasCode, upcaster } from "tidemark";
import { ManualClock } from "tidemark/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { EvictionQueue, type Evictable } from "../../actors/eviction-queue.js";
import { Budget, Permits } from "../../actors/index.js";
import { MemoryJournal, MemoryStore, MemoryViews } from "../../journal/index.js";
import { Turns } from "../../src/projections/rebuild.js";
import { startRuntime } from "../../src/runtime/open.js";
import { portsOf } from "../../src/runtime/options.js";
import {
  Account,
  accountDefinition,
  accountWith,
  deposit,
  type AccountDefinition,
} from "../support/account.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";

describe.each(storeKinds)("the pool of activations, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));

  it("stays within its count while many more entities are touched, and loses no message", async () => {
    const runtime = await harness.open({ aggregates: [Account], activationsMax: 10 });
    for (let round = 0; round < 3; round++) {
      await Promise.all(
        Array.from({ length: 200 }, (_, n) => runtime.ask(Account, `a${n}`, deposit(1))),
      );
      expect(runtime.status().actors.activations).toBeLessThanOrEqual(10);
    }
    const states = await Promise.all(
      Array.from({ length: 200 }, (_, n) => runtime.state(Account, `a${n}`)),
    );
    expect(states.map(({ state }) => state.cents)).toEqual(Array.from({ length: 200 }, () => 3));
    expect(runtime.status().actors).toMatchObject({ busy: 0, waiting: 0, deadLetters: 0 });
    expect(runtime.status().actors.evicted).toBeGreaterThan(500);
  });

  it("keeps the order of each entity's commands while they wait for an activation", async () => {
    const runtime = await harness.open({ aggregates: [Account], activationsMax: 2 });
    const asked = Array.from({ length: 400 }, (_, n) =>
      runtime.ask(Account, `a${n % 8}`, deposit(n)),
    );
    const answers = await Promise.all(asked);
    for (let entity = 0; entity < 8; entity++) {
      const versions = answers
        .filter((_, n) => n % 8 === entity)
        .map((answer) => answer.status === "accepted" && answer.version);
      expect(versions).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    }
  });

  it("stays within its bytes", async () => {
    const Note = aggregate<
      { text: string },
      { type: "Write"; data: { text: string } },
      { type: "Written"; data: { text: string } }
    >({
      name: "note",
      initialState: () => ({ text: "" }),
      decide: { Write: (_state, data) => ({ type: "Written", data }) },
      evolve: { Written: (_state, { text }) => ({ text }) },
      snapshots: false,
    });
    const stateBytesMax = 100_000;
    let runtime = await harness.open({ aggregates: [Note], stateBytesMax });
    const text = "x".repeat(10_000);
    for (let n = 0; n < 50; n++)
      await runtime.ask(Note, `n${n}`, { type: "Write", data: { text } });
    runtime = await harness.open({ aggregates: [Note], stateBytesMax });
    for (let n = 0; n < 50; n++) {
      await runtime.dryRun(Note, `n${n}`, { type: "Write", data: { text } });
      expect(runtime.status().actors.stateBytes).toBeLessThanOrEqual(stateBytesMax + 11_000);
    }
    expect(runtime.status().actors.evicted).toBeGreaterThan(30);
  });

  it("refuses with MailboxFullError beyond an entity's capacity, and takes the next one once it was answered", async () => {
    const runtime = await harness.open({ aggregates: [Account], mailboxCapacity: 5 });
    const answers = await Promise.allSettled(
      Array.from({ length: 8 }, () => runtime.ask(Account, "a", deposit(1))),
    );
    const refused = answers.filter((answer) => answer.status === "rejected");
    expect(refused).toHaveLength(3);
    for (const { reason } of refused) {
      expect(reason).toMatchObject({
        code: "mailbox-full",
        streamId: "account/a",
        capacity: 5,
        retryable: true,
      });
    }
    expect(await runtime.ask(Account, "a", deposit(1))).toMatchObject({ version: 6 });
  });

  it("takes a waiting command when the only activation has been fetched again after a failure", async () => {
    const Failing = accountWith({
      decide: {
        ...accountDefinition.decide,
        Touch: () => {
          throw new Error("a bug");
        },
      },
    });
    const runtime = await harness.open({ aggregates: [Failing], activationsMax: 1 });
    await runtime.ask(Failing, "a", deposit(1));
    const failed = runtime.ask(Failing, "a", { type: "Touch" }).catch((error: unknown) => error);
    const asked = failed.then(() => runtime.ask(Failing, "b", deposit(1)));
    expect(await failed).toMatchObject({ code: "decide-failed" });
    expect(await asked).toMatchObject({ status: "accepted" });
  });

  it("fetches long histories under few permits in slices, and serves who is warm meanwhile", async () => {
    const Long = accountWith({ snapshots: false });
    let runtime = await harness.open({ aggregates: [Long] });
    for (let n = 0; n < 40; n++) {
      await Promise.all(
        Array.from({ length: 100 }, (_, k) => runtime.ask(Long, `long${k % 4}`, deposit(1))),
      );
    }
    runtime = await harness.open({ aggregates: [Long], hydrationsMax: 2 });
    await runtime.ask(Long, "warm", deposit(1));
    const order: string[] = [];
    const cold = Array.from({ length: 4 }, (_, k) =>
      runtime.ask(Long, `long${k}`, { type: "Touch" }).then(() => order.push("cold")),
    );
    const warm = runtime.ask(Long, "warm", { type: "Touch" }).then(() => order.push("warm"));
    await Promise.all([...cold, warm]);
    expect(order[0]).toBe("warm");
    expect(runtime.status().actors).toMatchObject({ hydrations: 5, eventsFolded: 4_000 });
  });

  it("refuses with PoolFullError when all are busy and enough wait", async () => {
    const runtime = await harness.open({ aggregates: [Account], activationsMax: 1, waitingMax: 2 });
    const answers = await Promise.allSettled(
      ["a", "b", "c", "d"].map((id) => runtime.ask(Account, id, deposit(1))),
    );
    expect(answers.map(({ status }) => status)).toEqual([
      "fulfilled",
      "fulfilled",
      "fulfilled",
      "rejected",
    ]);
    expect((answers[3] as PromiseRejectedResult).reason).toMatchObject({
      code: "pool-full",
      activationsMax: 1,
      waitingMax: 2,
    });
  });

  it("ends activations that were idle for long enough, and serves them again", async () => {
    const clock = new ManualClock();
    const runtime = await harness.open({ aggregates: [Account], clock, passivateAfterMs: 1_000 });
    await runtime.ask(Account, "a", deposit(1));
    await clock.advance(800);
    await runtime.ask(Account, "b", deposit(1));
    await clock.advance(800);
    expect(runtime.status().actors.activations).toBe(1);
    expect(await runtime.ask(Account, "a", deposit(1))).toMatchObject({ version: 2 });
  });

  it("answers with AskTimeoutError in time, and does nothing for a command that expired while it waited", async () => {
    const clock = new ManualClock();
    // The hydration of the entity never ends while its turn doesn't come: deferred turns are held back here.
    const held: (() => void)[] = [];
    let hold = false;
    const holding = Object.assign(Object.create(clock) as ManualClock, {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => clock.monotonicMs(),
      setTimer: (delayMs: number, run: () => void) => clock.setTimer(delayMs, run),
      defer: (run: () => void) => (hold ? void held.push(run) : clock.defer(run)),
    });
    const runtime = await harness.open({
      aggregates: [Account],
      clock: holding,
      askTimeoutMs: 200,
    });
    hold = true;
    const asked = runtime.ask(Account, "a", deposit(1));
    const longer = runtime.ask(Account, "a", deposit(10), { timeoutMs: 10_000 });
    const refused = expect(asked).rejects.toMatchObject({
      code: "ask-timeout",
      timeoutMs: 200,
      commandType: "Deposit",
    });
    await clock.advance(199);
    await clock.advance(1);
    await refused;
    hold = false;
    for (const run of held.splice(0)) clock.defer(run);
    expect(await longer).toMatchObject({ version: 1 });
    expect((await runtime.state(Account, "a")).state.cents).toBe(10);
  });

  it("answers everything it took before it closes, and takes nothing afterwards", async () => {
    const runtime = await harness.open({ aggregates: [Account], activationsMax: 3 });
    const asked = Array.from({ length: 100 }, (_, n) => runtime.ask(Account, `a${n}`, deposit(1)));
    const closed = runtime.close();
    await expect(runtime.ask(Account, "late", deposit(1))).rejects.toMatchObject({
      code: "runtime-closed",
    });
    expect((await Promise.all(asked)).every(({ status }) => status === "accepted")).toBe(true);
    await closed;
    await runtime.close();
  });

  it("refuses work beyond the bytes in flight, and recovers", async () => {
    const runtime = await harness.open({
      aggregates: [Account],
      limits: { inFlightBytesMax: 2_000 },
    });
    await Promise.all(
      Array.from({ length: 100 }, (_, n) => runtime.ask(Account, `a${n}`, { type: "Touch" })),
    );
    const answers = await Promise.allSettled(
      Array.from({ length: 100 }, (_, n) => runtime.ask(Account, `a${n}`, deposit(1))),
    );
    const reasons = answers
      .filter((answer) => answer.status === "rejected")
      .map((answer) => answer.reason as unknown);
    expect(reasons.length).toBeGreaterThan(10);
    expect(reasons.every((reason) => hasCode(reason, "journal-overloaded"))).toBe(true);
    expect(runtime.head).toBe(100 - reasons.length);
    expect(await runtime.ask(Account, "a0", deposit(1))).toMatchObject({ status: "accepted" });
  });
});

describe("the eviction queue", () => {
  class Node implements Evictable {
    frequency = 0;
    queuedIn: Evictable["queuedIn"];
    previous: Evictable | undefined;
    next: Evictable | undefined;
    busy = false;
    constructor(readonly streamId: string) {}
    canBeEvicted() {
      return !this.busy;
    }
  }

  it("keeps the hot set while a scan passes through", () => {
    const capacity = 100;
    const queue = new EvictionQueue<Node>(capacity);
    const live = new Map<string, Node>();
    let hits = 0;
    function touch(id: string) {
      const node = live.get(id);
      if (node !== undefined) {
        node.frequency = Math.min(3, node.frequency + 1);
        hits += 1;
        return;
      }
      if (live.size >= capacity) live.delete(queue.evict()!.streamId);
      const fresh = new Node(id);
      live.set(id, fresh);
      queue.add(fresh);
    }
    for (let round = 0; round < 5; round++) for (let n = 0; n < 50; n++) touch(`hot${n}`);
    for (let n = 0; n < 10_000; n++) {
      touch(`scan${n}`);
      if (n % 4 === 0) touch(`hot${(n / 4) % 50}`);
    }
    hits = 0;
    for (let n = 0; n < 50; n++) touch(`hot${n}`);
    expect(hits).toBeGreaterThanOrEqual(48);
    expect(live.size).toBe(capacity);
  });

  it("never gives up a busy node, and says so when all are busy", () => {
    const queue = new EvictionQueue<Node>(4);
    const nodes = ["a", "b", "c"].map((id) => new Node(id));
    for (const node of nodes) {
      node.busy = true;
      queue.add(node);
    }
    expect(queue.evict()).toBeUndefined();
    nodes[1]!.busy = false;
    expect(queue.evict()).toBe(nodes[1]);
    expect(queue.size).toBe(2);
  });
});

describe.each(storeKinds)("snapshots, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));

  /** How many events were folded to fetch the entity. */
  async function foldedFor(definition: Partial<AccountDefinition>): Promise<number> {
    const Variant = accountWith(definition);
    const runtime = await harness.open({ aggregates: [Variant] });
    await runtime.ask(Variant, "a", { type: "Touch" });
    return runtime.status().actors.eventsFolded;
  }

  async function deposits(definition: Partial<AccountDefinition>, count: number): Promise<void> {
    const Variant = accountWith(definition);
    const runtime = await harness.open({ aggregates: [Variant] });
    for (let n = 0; n < count; n++) await runtime.ask(Variant, "a", deposit(1));
  }

  it("are taken every N events, and spare the fold", async () => {
    const definition: Partial<AccountDefinition> = { snapshots: { everyEvents: 10 } };
    await deposits(definition, 25);
    expect(await foldedFor(definition)).toBe(5);
  });

  it("are taken on passivation where asked", async () => {
    const definition: Partial<AccountDefinition> = {
      snapshots: { everyEvents: 0, onPassivation: true },
    };
    await deposits(definition, 7);
    expect(await foldedFor(definition)).toBe(0);
  });

  it("are taken on event types and by predicate where asked", async () => {
    const byType: Partial<AccountDefinition> = {
      snapshots: { everyEvents: 0, onEvents: ["Opened"] },
    };
    const Variant = accountWith(byType);
    const runtime = await harness.open({ aggregates: [Variant] });
    await runtime.ask(Variant, "a", deposit(1));
    await runtime.ask(Variant, "a", { type: "Open", data: { owner: "Ada" } });
    await runtime.ask(Variant, "a", deposit(1));
    expect(await foldedFor(byType)).toBe(1);

    const when = (state: { cents: number }) => state.cents === 4;
    const byPredicate: Partial<AccountDefinition> = {
      name: "by-predicate",
      snapshots: { everyEvents: 0, when },
    };
    await deposits(byPredicate, 6);
    expect(await foldedFor(byPredicate)).toBe(2);
  });

  it("are taken by time since the last one where asked", async () => {
    const clock = new ManualClock();
    const definition: Partial<AccountDefinition> = {
      snapshots: { everyEvents: 0, everyMs: 60_000 },
    };
    const Variant = accountWith(definition);
    let runtime = await harness.open({ aggregates: [Variant], clock });
    for (let n = 0; n < 5; n++) {
      await runtime.ask(Variant, "a", deposit(1));
      await clock.advance(n === 2 ? 60_000 : 1);
    }
    runtime = await harness.open({ aggregates: [Variant] });
    await runtime.ask(Variant, "a", { type: "Touch" });
    expect(runtime.status().actors.eventsFolded).toBe(1);
  });

  it("are kept before the reply where asked", async () => {
    const Variant = accountWith({
      snapshots: { everyEvents: 1, mode: "before-reply" },
    });
    const runtime = await harness.open({ aggregates: [Variant] });
    await runtime.ask(Variant, "a", deposit(1));
    expect(runtime.status().actors.snapshotsTaken).toBe(1);
  });

  it("are ignored and made again after a change of evolve, which shows in the state", async () => {
    const definition: Partial<AccountDefinition> = { snapshots: { everyEvents: 10 } };
    await deposits(definition, 30);
    const doubled: Partial<AccountDefinition> = {
      ...definition,
      evolve: {
        ...accountDefinition.evolve,
        Deposited: (state, { cents }) => ({
          ...state,
          cents: state.cents + 2 * cents,
        }),
      },
    };
    expect(await foldedFor(doubled)).toBe(30);
    const Doubled = accountWith(doubled);
    const runtime = await harness.open({ aggregates: [Doubled] });
    expect((await runtime.state(Doubled, "a")).state.cents).toBe(60);
    // The slow hydration above left a new one.
    expect(await foldedFor(doubled)).toBe(0);
  });

  it("don't show an event before its time when the clock has jumped back", async () => {
    const clock = new ManualClock(1_000);
    const Variant = accountWith({ snapshots: { everyEvents: 1, mode: "before-reply" } });
    const runtime = await harness.open({ aggregates: [Variant], clock });
    clock.setWall(5_000);
    await runtime.ask(Variant, "a", deposit(1));
    clock.setWall(3_000);
    await runtime.ask(Variant, "a", deposit(1));
    expect(await runtime.state(Variant, "a", { at: { timeMs: 4_000 } })).toMatchObject({
      version: 0,
    });
    expect(await runtime.state(Variant, "a", { at: { timeMs: 5_000 } })).toMatchObject({
      version: 2,
    });
  });

  it("are ignored after a raised stateVersion, and after a change of upcasters", async () => {
    const definition: Partial<AccountDefinition> = { snapshots: { everyEvents: 10 } };
    await deposits(definition, 20);
    expect(await foldedFor({ ...definition, stateVersion: 2 })).toBe(20);
    const reshaped = upcaster<{ cents: number }>().reshape(({ cents }) => ({ cents }));
    expect(await foldedFor({ ...definition, upcasters: { Deposited: reshaped } })).toBe(20);
  });

  it("fail without failing the command, where the state isn't plain data", async () => {
    const Odd = aggregate<{ at: Map<string, number> }, { type: "Go" }, { type: "Gone" }>({
      name: "odd",
      initialState: () => ({ at: new Map() }),
      decide: { Go: () => ({ type: "Gone" }) },
      evolve: {
        Gone: ({ at }) => ({ at: new Map(at).set("n", (at.get("n") ?? 0) + 1) }),
      },
      snapshots: { everyEvents: 1, mode: "before-reply" },
    });
    let runtime = await harness.open({ aggregates: [Odd] });
    expect(await runtime.ask(Odd, "a", { type: "Go" })).toMatchObject({ status: "accepted" });
    expect(runtime.status().actors).toMatchObject({ snapshotsFailed: 1, snapshotsTaken: 0 });
    runtime = await harness.open({ aggregates: [Odd] });
    expect(await runtime.ask(Odd, "a", { type: "Go" })).toMatchObject({ version: 2 });
    expect((await runtime.state(Odd, "a")).state.at.get("n")).toBe(2);
  });
});

describe("pools that share a budget", () => {
  it("let one in whose command waits, though another always has more that wait", async () => {
    const budget = new Budget({ activationsMax: 2, stateBytesMax: 1_000_000 });
    const turns = new Permits(10);
    const shared = { budget, permits: turns, turns: new Turns(1) };
    const open = () => {
      const ports = { ...portsOf({ aggregates: [Account] }), shared };
      const store = new MemoryStore(ports.ids.newId());
      const journal = new MemoryJournal(store, ports);
      const stores = { journal, views: new MemoryViews(), readOnly: false };
      return startRuntime(stores, { aggregates: [Account] }, ports);
    };
    const [greedy, modest] = [await open(), await open()];
    let answered = 0;
    const many = Array.from({ length: 500 }, (_, n) =>
      greedy.ask(Account, `a${n}`, deposit(1)).then(() => (answered += 1)),
    );
    expect(await modest.ask(Account, "a", deposit(1))).toMatchObject({ status: "accepted" });
    expect(answered).toBeLessThan(400);
    await Promise.all(many);
    await Promise.all([greedy.close(), modest.close()]);
    expect(budget).toMatchObject({ activations: 0, stateBytes: 0 });
  });
});
