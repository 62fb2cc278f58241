import { join } from "node:path";
import { openEnvironment, openTable } from "../../journal/lmdb/environment.js";
import { openRuntime, projection, type Projection } from "tidemark";
import { beforeEach, describe, expect, it } from "vitest";
import { Account, deposit, withdraw, type AccountEvent } from "../support/account.js";
import { temporaryDirectory } from "../support/directories.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";
import { ManualClock } from "tidemark/testing";

interface Row {
  readonly cents: number;
  readonly changes: number;
}

function balancesOf(version: number, factor = 1): Projection<Row> {
  return projection<Row, AccountEvent>({
    name: "balances",
    version,
    from: [Account],
    on: {
      Deposited: (event, rows) =>
        rows.update(event.entityId, (row = { cents: 0, changes: 0 }) => ({
          cents: row.cents + factor * event.data.cents,
          changes: row.changes + 1,
        })),
      Withdrawn: (event, rows) => {
        const row = rows.get(event.entityId)!;
        if (row.cents === event.data.cents) rows.remove(event.entityId);
        else
          rows.put(event.entityId, {
            cents: row.cents - event.data.cents,
            changes: row.changes + 1,
          });
      },
    },
  });
}

const balances = balancesOf(1);

describe.each(storeKinds)("a projection, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));

  it("shows one's own write when asked for its position", async () => {
    const runtime = await harness.open({ aggregates: [Account], projections: [balances] });
    for (let n = 1; n <= 20; n++) {
      const answer = await runtime.ask(Account, "a", deposit(1));
      const atLeast = answer.status === "accepted" ? answer.position : 0;
      expect(await runtime.view(balances).get("a", { atLeast })).toEqual({ cents: n, changes: n });
    }
    await runtime.ask(Account, "a", withdraw(20));
    expect(await runtime.view(balances).get("a", { atLeast: runtime.head })).toBeUndefined();
  });

  it("is the fold of the log up to its checkpoint, through reopenings at any point", async () => {
    let runtime = await harness.open({ aggregates: [Account], projections: [balances] });
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        Array.from({ length: 300 }, (_, n) => runtime.ask(Account, `a${n % 7}`, deposit(n))),
      );
      // Not waited for: the view is somewhere in the middle.
      runtime = await harness.open({ aggregates: [Account], projections: [balances] });
    }
    const rows = await runtime.view(balances).list({ atLeast: runtime.head });
    const expected = new Map<string, Row>();
    for (const event of runtime.events()) {
      const row = expected.get(event.entityId) ?? { cents: 0, changes: 0 };
      expected.set(event.entityId, {
        cents: row.cents + (event.data as { cents: number }).cents,
        changes: row.changes + 1,
      });
    }
    expect(new Map(rows)).toEqual(expected);
    expect(rows.map(([id]) => id)).toEqual([...expected.keys()].sort());
    expect(await runtime.view(balances).count()).toBe(7);
    expect((await runtime.view(balances).list({ from: "a3", limit: 2 })).map(([id]) => id)).toEqual(
      ["a3", "a4"],
    );
  });

  it("is built anew when its version is raised", async () => {
    let runtime = await harness.open({ aggregates: [Account], projections: [balances] });
    await runtime.ask(Account, "a", deposit(5));
    await runtime.view(balances).get("a", { atLeast: 1 });
    const doubled = balancesOf(2, 2);
    runtime = await harness.open({ aggregates: [Account], projections: [doubled] });
    expect(await runtime.view(doubled).get("a", { atLeast: 1 })).toEqual({ cents: 10, changes: 1 });
  });

  it("retries a failing handler, stops when it keeps failing, and says with which error", async () => {
    const clock = new ManualClock();
    let failures = 2;
    const flaky = projection<Row, AccountEvent>({
      name: "flaky",
      version: 1,
      from: [Account],
      on: {
        Deposited: (event, rows) => {
          if (failures-- > 0) throw new Error("not yet");
          rows.put(event.entityId, { cents: 1, changes: 1 });
        },
      },
    });
    let runtime = await harness.open({ aggregates: [Account], projections: [flaky], clock });
    await runtime.ask(Account, "a", deposit(5));
    for (let n = 0; n < 50; n++) await clock.advance(10);
    expect(await runtime.view(flaky).get("a", { atLeast: 1 })).toEqual({ cents: 1, changes: 1 });
    failures = Infinity;
    await runtime.ask(Account, "b", deposit(5));
    const waiting = expect(
      runtime.view(flaky).get("b", { atLeast: 2, timeoutMs: 1e9 }),
    ).rejects.toMatchObject({
      code: "subscription-stopped",
      cause: { message: "not yet" },
    });
    for (let n = 0; n < 20; n++) await clock.advance(1_000);
    await waiting;
    expect(runtime.status().projections["flaky@1"]).toMatchObject({
      state: "stopped",
      position: 1,
      lagEvents: 1,
      attempts: 5,
    });
    // Commands don't care.
    expect(await runtime.ask(Account, "c", deposit(1))).toMatchObject({ status: "accepted" });
    failures = 0;
    runtime = await harness.open({ aggregates: [Account], projections: [flaky] });
    expect(await runtime.view(flaky).get("c", { atLeast: 3 })).toBeDefined();
  });

  it("gives up waiting for a position after the time allowed", async () => {
    const clock = new ManualClock();
    const runtime = await harness.open({ aggregates: [Account], projections: [balances], clock });
    const waiting = expect(
      runtime.view(balances).get("a", { atLeast: 9, timeoutMs: 100 }),
    ).rejects.toMatchObject({ code: "subscription-timeout", wanted: 9 });
    await clock.advance(100);
    await waiting;
  });

  it("refuses documents that can't be read back, and views it wasn't opened with", async () => {
    const bad = projection<object, AccountEvent>({
      name: "bad",
      version: 1,
      from: [Account],
      on: { Deposited: (event, rows) => rows.put(event.entityId, { at: new Map() }) },
    });
    const clock = new ManualClock();
    const runtime = await harness.open({ aggregates: [Account], projections: [bad], clock });
    await runtime.ask(Account, "a", deposit(5));
    for (let n = 0; n < 20; n++) await clock.advance(1_000);
    expect(runtime.status().projections["bad@1"]?.lastError?.message).toMatch(
      /document a\.at must be plain data/,
    );
    expect(() => runtime.view(balances)).toThrow(/opened with/);
  });
});

describe("a view whose removal was killed on the way", () => {
  it("is built anew from nothing", async () => {
    const directory = temporaryDirectory();
    const options = { directory, aggregates: [Account], projections: [balances], freeBytesMin: 0 };
    let runtime = await openRuntime(options);
    await runtime.ask(Account, "a", deposit(5));
    await runtime.view(balances).get("a", { atLeast: 1 });
    await runtime.close();
    // The checkpoint goes first; then the process dies, and the documents are still there.
    const views = openEnvironment(join(directory, "views"), false);
    await openTable(views, "checkpoints").remove(["balances", 1]);
    await views.close();
    runtime = await openRuntime(options);
    expect(await runtime.view(balances).get("a", { atLeast: 1 })).toEqual({ cents: 5, changes: 1 });
    await runtime.close();
  });
});

describe("a runtime opened for reading beside the owner", () => {
  it("shows states, events and views of the owner, follows it, and takes no commands", async () => {
    const directory = temporaryDirectory();
    const options = { directory, aggregates: [Account], projections: [balances], freeBytesMin: 0 };
    const owner = await openRuntime(options);
    await owner.ask(Account, "a", deposit(5));
    await owner.view(balances).get("a", { atLeast: 1 });
    const reader = await openRuntime({ ...options, readOnly: true });
    expect((await reader.state(Account, "a")).state.cents).toBe(5);
    await owner.ask(Account, "a", deposit(6));
    expect(reader.head).toBe(2);
    expect([...reader.events()].map(({ position }) => position)).toEqual([1, 2]);
    expect(await reader.view(balances).get("a", { atLeast: 2 })).toEqual({ cents: 11, changes: 2 });
    await expect(reader.ask(Account, "a", deposit(1))).rejects.toMatchObject({
      code: "journal-read-only",
    });
    await reader.close();
    await owner.close();
  });
});
