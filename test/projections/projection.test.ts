import { collection, openRuntime, projection, type Runtime } from "tidemark";
import { ManualClock } from "tidemark/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { Account, deposit, withdraw } from "../support/account.js";
import { balancesOf, type Balance } from "../support/balances.js";
import { temporaryDirectory } from "../support/directories.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";

const balances = balancesOf(1);
const balance = (cents: number, changes: number, version = 1): Balance => ({
  cents,
  changes,
  version,
});

async function positionOf(asking: ReturnType<Runtime["ask"]>): Promise<number> {
  const answer = await asking;
  if (answer.status === "rejected") throw new Error(answer.code);
  return answer.position;
}

describe.each(storeKinds)("a projection, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));

  it("shows one's own write when asked for its position, or for what is fresh", async () => {
    const runtime = await harness.open({ aggregates: [Account], projections: [balances] });
    const view = runtime.view(balances);
    for (let n = 1; n <= 20; n++) {
      const atLeast = await positionOf(runtime.ask(Account, "a", deposit(1)));
      expect(await view.get("a", n % 2 === 0 ? { atLeast } : { fresh: true })).toEqual(
        balance(n, n),
      );
    }
    await runtime.ask(Account, "a", withdraw(20));
    expect(await view.get("a", { fresh: true })).toBeUndefined();
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
    const { entries } = await runtime.view(balances).list({ fresh: true });
    const expected = new Map<string, Balance>();
    for (const event of runtime.events()) {
      const row = expected.get(event.entityId) ?? balance(0, 0);
      const { cents } = event.data as { cents: number };
      expected.set(event.entityId, balance(row.cents + cents, row.changes + 1));
    }
    expect(new Map(entries.map(({ id, document }) => [id, document]))).toEqual(expected);
    expect(entries.map(({ id }) => id)).toEqual([...expected.keys()].sort());
    expect(await runtime.view(balances).count()).toBe(7);
  });

  it("writes only documents that have changed, and none that a handler put back as they were", async () => {
    const same = projection({
      name: "same",
      version: 1,
      from: [Account],
      collections: { owners: collection<{ owner: string }>() },
      on: {
        Opened: (event, { owners }) => owners.put(event.entityId, event.data),
        Deposited: (event, { owners }) => owners.update(event.entityId, (row) => ({ ...row! })),
      },
    });
    const runtime = await harness.open({ aggregates: [Account], projections: [same] });
    const changes: unknown[] = [];
    const watching = (async () => {
      for await (const { document } of runtime.view(same).watch("a")) changes.push(document);
    })();
    await runtime.ask(Account, "a", { type: "Open", data: { owner: "Ada" } });
    for (let n = 0; n < 3; n++) await runtime.ask(Account, "a", deposit(1));
    await runtime.view(same).get("a", { fresh: true });
    await runtime.close();
    await watching;
    expect(changes).toEqual([undefined, { owner: "Ada" }]);
  });

  it("gives frozen documents to handlers, so that what they change by mistake is an error", async () => {
    const clock = new ManualClock();
    const careless = projection({
      name: "careless",
      version: 1,
      from: [Account],
      collections: { rows: collection<{ cents: number; tags: string[] }>() },
      onFailure: { then: "stop" },
      on: {
        Opened: (event, { rows }) => rows.put(event.entityId, { cents: 0, tags: [] }),
        Deposited: (event, { rows }) => void rows.get(event.entityId)?.tags.push("x"),
      },
    });
    const runtime = await harness.open({ aggregates: [Account], projections: [careless], clock });
    await runtime.ask(Account, "a", { type: "Open", data: { owner: "Ada" } });
    await runtime.ask(Account, "a", deposit(1));
    const servingOf = () => runtime.status().projections["careless"]!.generations[0];
    while (servingOf()?.state !== "stopped") await clock.advance(1_000);
    const serving = servingOf();
    expect(serving).toMatchObject({ state: "stopped", position: 1, error: { position: 2 } });
    expect(serving!.error!.message).toMatch(/not extensible/);
    expect(await runtime.view(careless).get("a")).toEqual({ cents: 0, tags: [] });
  });

  it("keeps dates and bytes as they are, whatever a handler does to those it gets", async () => {
    const dated = projection({
      name: "dated",
      version: 1,
      from: [Account],
      collections: { rows: collection<{ at: Date; bytes: Uint8Array; n: number }>() },
      on: {
        Deposited: (event, { rows }) => {
          const row = rows.get(event.entityId);
          row?.at.setTime(0);
          row?.bytes.fill(9);
          if (row === undefined)
            rows.put(event.entityId, { at: new Date(5), bytes: Buffer.from([1]), n: 1 });
          else rows.update(event.entityId, (now) => ({ ...now!, n: now!.n + 1 }));
        },
      },
    });
    const runtime = await harness.open({ aggregates: [Account], projections: [dated] });
    await Promise.all([1, 2, 3].map((cents) => runtime.ask(Account, "a", deposit(cents))));
    const row = await runtime.view(dated).get("a", { fresh: true });
    expect(row).toEqual({ at: new Date(5), bytes: Buffer.from([1]), n: 3 });
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

  it("refuses documents that can't be read back, asynchronous handlers, and views it wasn't opened with", async () => {
    const bad = projection({
      name: "bad",
      version: 1,
      from: [Account],
      collections: { rows: collection<object>() },
      onFailure: { attemptsMax: 1, then: "stop" },
      on: { Deposited: (event, { rows }) => rows.put(event.entityId, { at: new Map() }) },
    });
    const late = projection({
      name: "late",
      version: 1,
      from: [Account],
      collections: { rows: collection<object>() },
      onFailure: { attemptsMax: 1, then: "stop" },
      // eslint-disable-next-line @typescript-eslint/no-misused-promises -- what JavaScript users may do
      on: { Deposited: () => Promise.resolve() },
    });
    const clock = new ManualClock();
    const runtime = await harness.open({ aggregates: [Account], projections: [bad, late], clock });
    await runtime.ask(Account, "a", deposit(5));
    const errorOf = (name: string) => runtime.status().projections[name]!.generations[0]!.error;
    while (errorOf("bad") === undefined || errorOf("late") === undefined)
      await clock.advance(1_000);
    expect(errorOf("bad")!.message).toMatch(/document a of rows\.at must be plain data/);
    expect(errorOf("late")!.message).toMatch(/must not be asynchronous/);
    expect(() => runtime.view(balances)).toThrow(/opened with/);
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
    expect(await reader.view(balances).get("a", { atLeast: 2 })).toEqual(balance(11, 2));
    await expect(reader.ask(Account, "a", deposit(1))).rejects.toMatchObject({
      code: "journal-read-only",
    });
    // An event that changes no document moves the view, too.
    await owner.ask(Account, "b", { type: "Open", data: { owner: "Bo" } });
    expect(await reader.view(balances).get("a", { fresh: true })).toEqual(balance(11, 2));
    expect(() => reader.view(balances).watch("a")).toThrow(/only its owner/);
    await reader.close();
    await owner.close();
  });
});
