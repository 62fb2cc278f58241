import fc from "fast-check";
import { openRuntime, type RecordedEvent, type Runtime } from "tidemark";
import { ManualClock } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { Account, deposit, withdraw } from "../support/account.js";
import { balancesOf, type Balance } from "../support/balances.js";
import { temporaryDirectory } from "../support/directories.js";
import { runtimeHarness, storeKinds } from "../support/runtimes.js";

const balances = balancesOf(1);
const RUNS = Number(process.env["PAST_VIEW_RUNS"] ?? 25);

type Rows = Record<string, Balance>;

/** The view in plain code. */
function folded(events: Iterable<RecordedEvent>, left: (event: RecordedEvent) => boolean): Rows {
  const rows = new Map<string, Balance>();
  for (const event of events) {
    const { type, entityId } = event;
    if (!left(event) || (type !== "Deposited" && type !== "Withdrawn")) continue;
    const { cents } = event.data as { cents: number };
    const { cents: before, changes } = rows.get(entityId) ?? { cents: 0, changes: 0 };
    const after = before + (type === "Deposited" ? cents : -cents);
    if (type === "Withdrawn" && after === 0) rows.delete(entityId);
    else rows.set(entityId, { cents: after, changes: changes + 1, version: 1 });
  }
  return Object.fromEntries(rows);
}

async function rowsAt(runtime: Runtime, position: number): Promise<Rows> {
  const view = await runtime.viewAt(balances, { position });
  expect(view.position).toBe(Math.min(position, runtime.head));
  const { entries } = view.collections.rows.list({ limit: 10_000 });
  // The index tells the same documents.
  const byCents = view.collections.rows.find("byCents", { limit: 10_000 });
  expect(byCents.entries.map(({ id }) => id).sort()).toEqual(entries.map(({ id }) => id));
  return Object.fromEntries(entries.map(({ id, document }) => [id, document]));
}

describe.each(storeKinds)("a view of the past, on %s", (kind) => {
  const options = { aggregates: [Account], projections: [balances] };

  it("is the fold of the log up to any position, also after a reopening", async () => {
    const change = fc.record({ account: fc.nat(4), cents: fc.integer({ min: -9, max: 9 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 40 }), async (changes) => {
        const harness = runtimeHarness(kind);
        let runtime = await harness.open(options);
        for (const { account, cents } of changes)
          await runtime.ask(Account, `a${account}`, cents < 0 ? withdraw(-cents) : deposit(cents));
        for (let position = 0; position <= runtime.head + 1; position++) {
          const expected = folded(runtime.events(), (event) => event.position <= position);
          expect(await rowsAt(runtime, position)).toEqual(expected);
          if (position === Math.floor(runtime.head / 2)) runtime = await harness.open(options);
        }
        await runtime.close();
      }),
      { numRuns: kind === "lmdb" ? Math.ceil(RUNS / 5) : RUNS },
    );
  });

  it("is that of a time, up to the last event recorded by then", async () => {
    const clock = new ManualClock(1_000);
    const runtime = await runtimeHarness(kind).open({ ...options, clock });
    for (let n = 1; n <= 20; n++) {
      await runtime.ask(Account, "a", deposit(n));
      // Several at one moment, and long pauses.
      if (n % 3 === 0) clock.setWall(clock.nowMs() + 10);
    }
    for (let timeMs = 995; timeMs <= 1_100; timeMs += 5) {
      const events = [...runtime.events()].filter(({ recordedAtMs }) => recordedAtMs <= timeMs);
      const view = await runtime.viewAt(balances, { timeMs });
      expect(view.position).toBe(events.at(-1)?.position ?? 0);
      expect(view.collections.rows.get("a")).toEqual(folded(events, () => true)["a"]);
    }
  });

  it("leaves out what is skipped and what is parked, as the live view does", async () => {
    const before = ({ entityId, position }: { entityId: string; position: number }) => {
      if (entityId === "bad" && position >= 3) throw new Error("no");
    };
    const projection = balancesOf(1, { before, onFailure: { attemptsMax: 1 } });
    const harness = runtimeHarness(kind);
    let runtime = await harness.open({ aggregates: [Account], projections: [projection] });
    for (const id of ["a", "bad", "bad", "a", "bad", "b"])
      await runtime.ask(Account, id, deposit(1));
    await runtime.view(projection).get("a", { fresh: true });
    runtime = await harness.open({ aggregates: [Account], projections: [projection] });
    const now = await runtime.viewAt(projection, { position: 6 });
    const live = await runtime.view(projection).list({ atLeast: 6 });
    expect(now.collections.rows.list()).toEqual(live);
    expect(now.parked.map(({ position, queued }) => [position, queued])).toEqual([
      [3, false],
      [5, true],
    ]);
    expect((await runtime.viewAt(projection, { position: 2 })).parked).toEqual([]);
    // Passed over by an operator, the others of its key are tried.
    await runtime.operations.skip(projection, 3, { by: "ann" });
    const skipped = await runtime.viewAt(projection, { position: 6 });
    expect(skipped.parked.map(({ position }) => position)).toEqual([5]);
  });

  it("names the event that a handler fails on, where its policy is to stop", async () => {
    const before = ({ position }: { position: number }) => {
      if (position === 3) throw new Error("no three");
    };
    const onFailure = { attemptsMax: 1, then: "stop" } as const;
    const projection = balancesOf(1, { before, onFailure });
    const runtime = await runtimeHarness(kind).open({
      aggregates: [Account],
      projections: [projection],
    });
    for (let n = 0; n < 5; n++) await runtime.ask(Account, "a", deposit(1));
    const failing = { code: "handler-failed", position: 3 };
    await expect(runtime.viewAt(projection, { position: 5 })).rejects.toMatchObject(failing);
    const view = await runtime.viewAt(projection, { position: 2 });
    expect(view.collections.rows.get("a")).toMatchObject({ cents: 2 });
  });

  it("folds the events of one key where only that is wanted", async () => {
    const runtime = await runtimeHarness(kind).open(options);
    for (let n = 0; n < 30; n++) await runtime.ask(Account, `a${n % 3}`, deposit(1));
    const view = await runtime.viewAt(balances, { position: 20 }, { key: "a1" });
    expect(view.collections.rows.list().entries).toEqual([
      { id: "a1", document: { cents: 7, changes: 7, version: 1 } },
    ]);
  });

  it("is refused when it takes more memory than allowed, and what isn't a moment or isn't known", async () => {
    const runtime = await runtimeHarness(kind).open(options);
    for (let n = 0; n < 20; n++) await runtime.ask(Account, `a${n}`, deposit(1));
    const at = { position: 20 };
    const refusal = runtime.viewAt(balances, at, { bytesMax: 1_000 });
    await expect(refusal).rejects.toMatchObject({ code: "operation-refused" });
    expect((await runtime.viewAt(balances, at, { key: "a1", bytesMax: 1_000 })).position).toBe(20);
    for (const wrong of [{ version: 1 }, { position: -1 }, { timeMs: 0.5 }, undefined])
      await expect(runtime.viewAt(balances, wrong as never)).rejects.toThrow(/at/);
    await expect(runtime.viewAt(balances, at, { bytesMax: 0 })).rejects.toThrow(/bytesMax/);
    await expect(runtime.viewAt(balances, at, { key: "" })).rejects.toThrow(/key/);
    await expect(runtime.viewAt(balancesOf(2), at)).rejects.toThrow(/opened with/);
  });

  it("stays as it is, and leaves the live view alone, while commands go on", async () => {
    const runtime = await runtimeHarness(kind).open(options);
    for (let n = 0; n < 10; n++) await runtime.ask(Account, "a", deposit(1));
    const looking = Promise.all([4, 8, 10].map((position) => rowsAt(runtime, position)));
    const deposits = Array.from({ length: 200 }, () => runtime.ask(Account, "a", deposit(1)));
    const views = await looking;
    expect(views.map((rows) => rows["a"]?.cents)).toEqual([4, 8, 10]);
    await Promise.all(deposits);
    expect(await runtime.view(balances).get("a", { fresh: true })).toMatchObject({ cents: 210 });
    expect(runtime.status().projections["balances"]?.generations).toHaveLength(1);
    expect(runtime.head).toBe(210);
  });

  it("is cut off by closing the runtime, also while it waits for its turn", async () => {
    const runtime = await runtimeHarness(kind).open(options);
    await Promise.all(
      Array.from({ length: 3_000 }, (_, n) => runtime.ask(Account, `a${n % 50}`, deposit(1))),
    );
    const looking = [1, 2].map(() => runtime.viewAt(balances, { position: 3_000 }));
    const ends = looking.map((each) =>
      expect(each).rejects.toMatchObject({ code: "journal-closed" }),
    );
    await runtime.close();
    await Promise.all(ends);
  });
});

describe("a view of the past, for a reader beside the owner", () => {
  it("is folded from the owner's log", async () => {
    const directory = temporaryDirectory();
    const options = { directory, aggregates: [Account], projections: [balances], freeBytesMin: 0 };
    const owner = await openRuntime(options);
    for (let n = 0; n < 10; n++) await owner.ask(Account, "a", deposit(1));
    const reader = await openRuntime({ ...options, readOnly: true });
    expect(await rowsAt(reader, 6)).toEqual({ a: { cents: 6, changes: 6, version: 1 } });
    await reader.close();
    await owner.close();
  });
});
