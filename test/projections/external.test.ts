import fc from "fast-check";
import {
  externalProjection,
  type ExternalProjectionDefinition,
  type ExternalStatus,
  type Runtime,
  type RuntimeOptions,
} from "tidemark";
import { ManualClock, MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Account, deposit } from "../support/account.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";
import {
  TableServer,
  TableSession,
  type Interruption,
  type Point,
  type Row,
  type TableTransaction,
} from "../support/table-database.js";

type Definition = ExternalProjectionDefinition<readonly [typeof Account], TableTransaction>;
/** Told of each event before it is written; a throw is the handler's failure. */
type Before = (event: {
  readonly position: number;
  readonly data: { readonly cents: number };
}) => unknown;

function ledgerOf(
  database: TableSession,
  { before, ...changes }: Partial<Definition> & { readonly before?: Before } = {},
) {
  return externalProjection({
    name: "ledger",
    version: 1,
    from: [Account],
    database,
    on: {
      Deposited: async (event, table) => {
        await before?.(event);
        await table.apply(event.entityId, event.position);
      },
    },
    ...changes,
  });
}

const statusOf = (runtime: Runtime): ExternalStatus => runtime.status().externals["ledger"]!;

/** Time goes on until it is so; a test in which that never happens fails. */
async function until(clock: ManualClock, condition: () => boolean): Promise<void> {
  for (let step = 0; step < 5_000; step++) {
    if (condition()) return;
    await clock.advance(20);
  }
  throw new Error("it didn't happen");
}

const atHead = (runtime: Runtime) => () => statusOf(runtime).position === runtime.head;

/** What the table must be: each deposit once, in order. */
function foldOf(runtime: Runtime): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const { type, entityId, position } of runtime.events())
    if (type === "Deposited") rows.set(entityId, [...(rows.get(entityId) ?? []), position]);
  return rows;
}

/** Interrupts the session at the next so many points of this kind. */
function interruptions(): {
  next: Map<Point, Interruption[]>;
  at: (point: Point) => Interruption;
} {
  const next = new Map<Point, Interruption[]>();
  return { next, at: (point) => next.get(point)?.shift() };
}

describe.each(storeKinds)("an external projection, on %s", (kind) => {
  let harness: RuntimeHarness;
  let clock: ManualClock;
  let server: TableServer;
  beforeEach(() => {
    harness = runtimeHarness(kind);
    clock = new ManualClock();
    server = new TableServer();
  });
  const open = (
    definition: ReturnType<typeof ledgerOf>,
    options: Partial<RuntimeOptions> = {},
  ): Promise<Runtime> =>
    harness.open({ aggregates: [Account], externalProjections: [definition], clock, ...options });

  it("writes each event once and in order, with its checkpoint, through reopenings at any point", async () => {
    let runtime = await open(ledgerOf(new TableSession(server)));
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        Array.from({ length: 300 }, (_, n) => runtime.ask(Account, `a${n % 7}`, deposit(1))),
      );
      // Not waited for: the table is somewhere in the middle.
      runtime = await open(ledgerOf(new TableSession(server)));
    }
    await runtime.operations.refresh("ledger");
    await until(clock, () => statusOf(runtime).state === "live");
    expect(server.rows).toEqual(foldOf(runtime));
    expect(server.checkpoints.get("ledger@1")).toBe(1_500);
    expect(server.commits).toBeLessThan(100);
    expect(statusOf(runtime)).toMatchObject({ state: "live", lagEvents: 0, version: 1, parked: 0 });
    expect(runtime.health().state).toBe("healthy");
  });

  it.each(["checkpoint", "begin", "write", "commit", "committed"] as const)(
    "counts each event once when the connection is lost twenty times at %s, and parks none",
    async (point) => {
      const lost = interruptions();
      const definition = ledgerOf(new TableSession(server, lost.at));
      let runtime = await open(definition);
      lost.next.set(point, Array<Interruption>(20).fill("lose"));
      if (point === "checkpoint") runtime = await open(definition);
      for (let n = 0; n < 5; n++) await runtime.ask(Account, "a", deposit(1));
      await until(clock, () => statusOf(runtime).state === "retrying");
      const { error } = statusOf(runtime);
      expect(error).toMatchObject({ message: `lost at ${point}`, position: undefined });
      expect(runtime.health()).toMatchObject({ state: "degraded" });
      for (let n = 0; n < 50; n++) {
        await runtime.ask(Account, "a", deposit(1));
        await clock.advance(10_000);
      }
      await until(clock, atHead(runtime));
      expect(lost.next.get(point)).toEqual([]);
      expect(statusOf(runtime)).toMatchObject({ parked: 0, skipped: 0 });
      expect(statusOf(runtime).error).toBeUndefined();
      expect(server.rows).toEqual(foldOf(runtime));
      expect(server.rows.get("a")).toHaveLength(55);
    },
  );

  it("parks what its handler keeps failing on with all later ones of the key, and replays them in order", async () => {
    let broken = true;
    const before: Before = ({ data }) => {
      if (broken && data.cents === 13) throw new Error("unlucky");
    };
    let runtime = await open(ledgerOf(new TableSession(server), { before }));
    for (const cents of [1, 13, 2, 3]) {
      await runtime.ask(Account, "a", deposit(cents));
      await runtime.ask(Account, "b", deposit(cents === 13 ? 1 : cents));
    }
    await until(clock, () => statusOf(runtime).state === "retrying");
    await until(clock, atHead(runtime));
    expect(server.rows).toEqual(
      new Map([
        ["a", [1]],
        ["b", [2, 4, 6, 8]],
      ]),
    );
    const parked = () =>
      runtime.operations
        .parked("ledger")
        .map(({ key, position, queued, error }) => [key, position, queued, error]);
    const expected = [
      ["a", 3, false, "unlucky"],
      ["a", 5, true, undefined],
      ["a", 7, true, undefined],
    ];
    expect(parked()).toEqual(expected);
    expect(runtime.health().problems).toEqual([
      { reader: "ledger", state: "degraded", problem: "3 events are parked" },
    ]);
    runtime = await open(ledgerOf(new TableSession(server), { before }));
    expect(parked()).toEqual(expected);
    const refused = await runtime.operations.replayParked("ledger");
    expect(refused).toMatchObject({ replayed: 0, failed: { position: 3, attempts: 6 } });
    broken = false;
    expect(await runtime.operations.replayParked("ledger")).toEqual({
      replayed: 3,
      failed: undefined,
    });
    await runtime.ask(Account, "a", deposit(1));
    await until(clock, atHead(runtime));
    expect(server.rows).toEqual(foldOf(runtime));
    expect(parked()).toEqual([]);
  });

  it("replays what stands before an event that fails again, and leaves the rest parked", async () => {
    const failing = new Set([2]);
    const before: Before = ({ data }) => {
      if (failing.has(data.cents)) throw new Error("unlucky");
    };
    const runtime = await open(ledgerOf(new TableSession(server), { before }));
    for (const cents of [1, 2, 3, 4, 5]) await runtime.ask(Account, "a", deposit(cents));
    await until(clock, atHead(runtime));
    failing.clear();
    failing.add(4);
    const result = await runtime.operations.replayParked("ledger");
    expect(result).toMatchObject({ replayed: 2, failed: { position: 4 } });
    expect(server.rows.get("a")).toEqual([1, 2, 3]);
    expect(runtime.operations.parked("ledger").map(({ position }) => position)).toEqual([4, 5]);
    expect(
      await runtime.operations.discardParked("ledger", { key: "a", position: 4, by: "ada" }),
    ).toBe(1);
    failing.clear();
    await runtime.operations.replayParked("ledger");
    expect(server.rows.get("a")).toEqual([1, 2, 3, 5]);
  });

  it("passes over what fails where its policy says so, for good and on record", async () => {
    const before: Before = ({ data }) => {
      if (data.cents === 13) throw new Error("unlucky");
    };
    const definition = () =>
      ledgerOf(new TableSession(server), {
        before,
        onFailure: { then: "skip", attemptsMax: 2 },
      });
    let runtime = await open(definition());
    for (const cents of [1, 13, 2]) await runtime.ask(Account, "a", deposit(cents));
    await until(clock, () => statusOf(runtime).skipped === 1);
    await runtime.operations.refresh("ledger");
    runtime = await open(definition());
    expect(server.rows.get("a")).toEqual([1, 3]);
    expect(statusOf(runtime)).toMatchObject({ skipped: 1 });
    expect(runtime.operations.audit("ledger")).toMatchObject([
      { type: "EventSkipped", data: { version: 1, at: 2 } },
    ]);
  });

  it("stops where its policy says so, with everything before the event written, and goes on past a skip", async () => {
    const before: Before = ({ data }) => {
      if (data.cents === 13) throw new Error("unlucky");
    };
    const runtime = await open(
      ledgerOf(new TableSession(server), { before, onFailure: { then: "stop", attemptsMax: 2 } }),
    );
    for (const cents of [1, 13, 2]) await runtime.ask(Account, "a", deposit(cents));
    await until(clock, () => statusOf(runtime).state === "stopped");
    expect(statusOf(runtime).error).toMatchObject({ position: 2, eventType: "Deposited" });
    expect(runtime.health().state).toBe("unhealthy");
    expect(server.rows.get("a")).toEqual([1]);
    await runtime.operations.skip("ledger", 2, { by: "ada", reason: "a typing error" });
    await until(clock, atHead(runtime));
    expect(server.rows.get("a")).toEqual([1, 3]);
  });

  it("parks the one event whose commit the database refuses, and not those beside it", async () => {
    server.constraint = (rows) => !(rows.get("bad")?.length ?? 0);
    const runtime = await open(ledgerOf(new TableSession(server)));
    await Promise.all(
      ["a", "bad", "b", "a", "c"].map((id) => runtime.ask(Account, id, deposit(1))),
    );
    await until(clock, atHead(runtime));
    expect(runtime.operations.parked("ledger").map(({ key }) => key)).toEqual(["bad"]);
    const expected = foldOf(runtime);
    expected.delete("bad");
    expect(server.rows).toEqual(expected);
  });

  it("takes a handler that doesn't end in time as failed, and refuses what that one still writes", async () => {
    const late: (() => void)[] = [];
    const before: Before = ({ data }) =>
      data.cents === 13 ? new Promise<void>((resolve) => late.push(resolve)) : undefined;
    const runtime = await open(
      ledgerOf(new TableSession(server), {
        before,
        timeoutMs: 1_000,
        onFailure: { attemptsMax: 2 },
      }),
    );
    for (const id of ["a", "b"]) await runtime.ask(Account, id, deposit(id === "a" ? 13 : 1));
    await until(clock, atHead(runtime));
    const [parked] = runtime.operations.parked("ledger");
    expect(parked).toMatchObject({
      position: 1,
      error: "the handler of Deposited at position 1 took longer than 1000 ms",
    });
    for (const goOn of late) goOn();
    await clock.advance(1_000);
    expect(server.rows).toEqual(new Map([["b", [2]]]));
  });

  it("does nothing while it is paused, also over a reopening, and everything once it is resumed", async () => {
    let runtime = await open(ledgerOf(new TableSession(server)));
    await runtime.operations.pause("ledger");
    await runtime.ask(Account, "a", deposit(1));
    runtime = await open(ledgerOf(new TableSession(server)));
    await clock.advance(5_000);
    expect(statusOf(runtime)).toMatchObject({ paused: true, lagEvents: 1 });
    expect(server.rows.size).toBe(0);
    await runtime.operations.resume("ledger");
    await runtime.operations.refresh("ledger");
    expect(server.rows).toEqual(foldOf(runtime));
  });

  it("begins at the beginning of the log with a checkpoint of its own when its version is raised", async () => {
    let runtime = await open(ledgerOf(new TableSession(server)));
    for (let n = 0; n < 3; n++) await runtime.ask(Account, "a", deposit(1));
    await runtime.operations.refresh("ledger");
    const second = new TableServer();
    runtime = await open(ledgerOf(new TableSession(second), { version: 2 }));
    await runtime.operations.refresh("ledger");
    expect(second.rows).toEqual(foldOf(runtime));
    expect([...second.checkpoints]).toEqual([["ledger@2", 3]]);
    await expect(runtime.operations.rebuild("ledger")).rejects.toThrow(/raise its version/);
  });
});

describe("an external projection", () => {
  let clock: ManualClock;
  beforeEach(() => void (clock = new ManualClock()));
  const runtimes: Runtime[] = [];
  afterEach(async () => {
    for (const runtime of runtimes.splice(0)) await runtime.close();
  });
  const open = async (
    definition: ReturnType<typeof ledgerOf>,
    directory = new MemoryDirectory(),
  ): Promise<Runtime> => {
    const options = { aggregates: [Account], externalProjections: [definition], clock, directory };
    const runtime = await openMemoryRuntime(options);
    runtimes.push(runtime);
    return runtime;
  };

  it("counts each event once when two runtimes with the same log write to one database", async () => {
    const server = new TableServer();
    const both = [
      await open(ledgerOf(new TableSession(server))),
      await open(ledgerOf(new TableSession(server))),
    ];
    for (let n = 0; n < 50; n++) {
      for (const runtime of both) await runtime.ask(Account, `a${n % 3}`, deposit(1));
      if (n % 10 === 0) await clock.advance(200);
    }
    for (const runtime of both) await until(clock, atHead(runtime));
    expect(server.rows).toEqual(foldOf(both[0]!));
    expect(server.checkpoints.get("ledger@1")).toBe(50);
  });

  it("writes nothing to a database whose checkpoint is beyond its log", async () => {
    const server = new TableServer();
    server.checkpoints.set("ledger@1", 100);
    const runtime = await open(ledgerOf(new TableSession(server)));
    await runtime.ask(Account, "a", deposit(1));
    await clock.advance(60_000);
    expect(statusOf(runtime)).toMatchObject({ state: "retrying" });
    expect(statusOf(runtime).error?.message).toMatch(
      /position 100, but the log ends at 0|ends at 1/,
    );
    expect(server.rows.size).toBe(0);
    await expect(runtime.operations.replayParked("ledger", { key: "a" })).rejects.toMatchObject({
      code: "operation-refused",
    });
  });

  it("writes nothing into a database that was restored, and goes on from its checkpoint when opened again", async () => {
    const server = new TableServer();
    const directory = new MemoryDirectory();
    const runtime = await open(ledgerOf(new TableSession(server)), directory);
    await runtime.ask(Account, "a", deposit(1));
    await runtime.operations.refresh("ledger");
    const backup = server.rows;
    await runtime.ask(Account, "a", deposit(1));
    await runtime.operations.refresh("ledger");
    server.rows = backup;
    server.checkpoints.set("ledger@1", 1);
    await runtime.ask(Account, "a", deposit(1));
    await until(clock, () => statusOf(runtime).state === "retrying");
    await clock.advance(60_000);
    expect(statusOf(runtime).error?.message).toMatch(/is at position 1, not at 2/);
    expect(server.rows).toEqual(new Map([["a", [1]]]));
    const closing = runtime.close();
    await clock.advance(5_000);
    await closing;
    const next = await open(ledgerOf(new TableSession(server)), directory);
    await next.operations.refresh("ledger");
    expect(server.rows).toEqual(foldOf(next));
  });

  it("takes another one's name from nobody", async () => {
    const definition = ledgerOf(new TableSession(new TableServer()));
    await expect(
      openMemoryRuntime({ aggregates: [Account], externalProjections: [definition, definition] }),
    ).rejects.toMatchObject({ code: "invalid-argument" });
    expect(() => ledgerOf(Object.create(null) as TableSession)).toThrow(
      /checkpoint of database.*a function/,
    );
  });

  it("closes although the database never answers, and goes on next time", async () => {
    const server = new TableServer();
    const directory = new MemoryDirectory();
    const dying = interruptions();
    dying.next.set("commit", ["die"]);
    const runtime = await open(ledgerOf(new TableSession(server, dying.at)), directory);
    await runtime.ask(Account, "a", deposit(1));
    await clock.advance(1_000);
    const closing = runtime.close();
    await clock.advance(5_000);
    await closing;
    expect(server.rows.size).toBe(0);
    const next = await open(ledgerOf(new TableSession(server)), directory);
    await next.operations.refresh("ledger");
    expect(server.rows.get("a")).toEqual([1]);
  });

  it("goes on behind an event whose parking was committed although it was reported as lost", async () => {
    const server = new TableServer();
    const lost = interruptions();
    const before: Before = ({ data }) => {
      if (data.cents === 13) throw new Error("unlucky");
    };
    const runtime = await open(ledgerOf(new TableSession(server, lost.at), { before }));
    lost.next.set("committed", ["lose"]);
    for (const [id, cents] of [
      ["a", 13],
      ["a", 1],
      ["b", 1],
    ] as const)
      // prettier-ignore
      await runtime.ask(Account, id, deposit(cents));
    await until(clock, atHead(runtime));
    expect(lost.next.get("committed")).toEqual([]);
    expect(runtime.operations.parked("ledger").map(({ position }) => position)).toEqual([1, 2]);
    expect(server.rows).toEqual(new Map([["b", [3]]]));
  });

  it("replays only what its checkpoint has passed, not what it was about to park when the database went", async () => {
    const server = new TableServer();
    const lost = interruptions();
    let broken = true;
    const before: Before = () => {
      if (broken) throw new Error("unlucky");
    };
    const runtime = await open(ledgerOf(new TableSession(server, lost.at), { before }));
    await runtime.ask(Account, "a", deposit(1));
    await until(clock, atHead(runtime));
    broken = false;
    lost.next.set("begin", ["lose"]);
    // Nor does it tell at once whether it was committed.
    lost.next.set("checkpoint", ["lose"]);
    await runtime.ask(Account, "a", deposit(1));
    await until(clock, () => statusOf(runtime).state === "retrying");
    expect(runtime.operations.parked("ledger")).toHaveLength(2);
    expect(await runtime.operations.replayParked("ledger")).toMatchObject({ replayed: 1 });
    await until(clock, atHead(runtime));
    expect(server.rows).toEqual(foldOf(runtime));
  });

  it("replays nothing twice when it dies between the commit of a replay and taking it off the parked", async () => {
    const server = new TableServer();
    const directory = new MemoryDirectory();
    let broken = true;
    const before: Before = () => {
      if (broken) throw new Error("unlucky");
    };
    const dying = (point: Point): Interruption =>
      point === "committed" && server.rows.get("a")?.length === 2 ? "die" : undefined;
    const first = await open(ledgerOf(new TableSession(server, dying), { before }), directory);
    for (let n = 0; n < 3; n++) await first.ask(Account, "a", deposit(1));
    await until(clock, atHead(first));
    broken = false;
    void first.operations.replayParked("ledger").catch(() => undefined);
    await until(clock, () => server.rows.get("a")?.length === 2);
    const closing = first.close();
    await clock.advance(5_000);
    await closing;
    const second = await open(ledgerOf(new TableSession(server), { before }), directory);
    expect(second.operations.parked("ledger")).toHaveLength(3);
    expect(await second.operations.replayParked("ledger")).toMatchObject({ replayed: 3 });
    expect(server.rows).toEqual(foldOf(second));
  });

  it("is the fold of the log in the end, whatever is lost, fails or dies on the way", async () => {
    const interruption = fc.record({
      point: fc.constantFrom<LifePoint>(
        ...(["checkpoint", "begin", "write", "commit", "committed"] as const),
        ...(["views", "viewed"] as const),
      ),
      after: fc.nat(6),
      what: fc.constantFrom<Interruption>("lose", "die"),
    });
    const step = fc.record({
      deposits: fc.array(fc.tuple(fc.nat(2), fc.integer({ min: 1, max: 9 })), { maxLength: 6 }),
      interruptions: fc.array(interruption, { maxLength: 3 }),
      advanceMs: fc.constantFrom(0, 0, 20, 300, 2_000),
      failing: fc.option(fc.integer({ min: 1, max: 9 }), { nil: undefined }),
      then: fc.constantFrom("nothing", "nothing", "reopen", "replay"),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 12 }), async (steps) => {
        const life = new Life();
        await life.open();
        for (const { deposits, advanceMs, then, ...faults } of steps) {
          life.failing = faults.failing;
          life.pending.push(...faults.interruptions.map((each) => ({ ...each })));
          for (const [account, cents] of deposits) await life.deposit(`a${account}`, cents);
          await life.clock.advance(advanceMs);
          if (then === "replay") life.replay();
          if (then === "reopen" || life.dead) await life.open();
        }
        life.heal();
        await life.open();
        const runtime = await life.caughtUp();
        expect(life.server.rows).toEqual(foldOf(runtime));
        expect(statusOf(runtime)).toMatchObject({ parked: 0 });
        await runtime.close();
      }),
      { numRuns: Number(process.env["EXTERNAL_RUNS"] ?? 150) },
    );
  });
});

/** Also before and behind each write of ours to the view store. */
type LifePoint = Point | "views" | "viewed";

/** One log and one database, through lives of a process that end in the middle of anything. */
class Life {
  readonly server = new TableServer();
  readonly pending: { point: LifePoint; after: number; what: Interruption }[] = [];
  failing: number | undefined;
  clock = new ManualClock();
  readonly #directory = new MemoryDirectory();
  #session: TableSession | undefined;
  #runtime: Runtime | undefined;

  get dead(): boolean {
    return this.#session?.dead === true;
  }

  /** A life that ends is killed: nothing of it is closed, and its time stands still. */
  async open(): Promise<void> {
    this.#session?.kill();
    // What it was appending to the log is in it before the next life opens it.
    for (let turn = 0; turn < 10; turn++) await this.clock.advance(0);
    const clock = (this.clock = new ManualClock());
    this.#session = new TableSession(this.server, (point) => this.#interrupt(point));
    const before: Before = ({ data }) => {
      if (data.cents === this.failing) throw new Error("unlucky");
    };
    const onFailure = { attemptsMax: 2 };
    const opening = openMemoryRuntime({
      aggregates: [Account],
      externalProjections: [ledgerOf(this.#session, { before, onFailure })],
      clock,
      directory: Object.assign(new MemoryDirectory(), {
        store: this.#directory.store,
        views: this.#viewsOf(this.#session),
      }),
    });
    let opened = false;
    void opening.then(() => (opened = true));
    // A database that never answers is waited for, for a while.
    await until(clock, () => opened);
    this.#runtime = await opening;
  }

  /** The view store as this life sees it: once it is dead, nothing of it is written any more. */
  #viewsOf(session: TableSession): MemoryDirectory["views"] {
    const { views } = this.#directory;
    const write: typeof views.write = async (writes) => {
      if (this.#interrupt("views") !== undefined) session.kill();
      if (session.dead) return never();
      await views.write(writes);
      if (this.#interrupt("viewed") === undefined) return;
      session.kill();
      return never();
    };
    return new Proxy(views, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name, target);
        if (name === "write") return write;
        return typeof member === "function" ? (member.bind(target) as unknown) : member;
      },
    });
  }

  #interrupt(point: LifePoint): Interruption {
    const at = this.pending.findIndex((each) => each.point === point);
    const due = this.pending[at];
    if (due === undefined) return undefined;
    due.after -= 1;
    if (due.after >= 0) return undefined;
    this.pending.splice(at, 1);
    return due.what;
  }

  async deposit(id: string, cents: number): Promise<void> {
    await this.#runtime?.ask(Account, id, deposit(cents));
  }

  replay(): void {
    // Refused, lost, or never answered: what counts is the table in the end.
    const replaying = (async () => this.#runtime?.operations.replayParked("ledger"))();
    void replaying.catch(() => undefined);
  }

  heal(): void {
    this.pending.length = 0;
    this.failing = undefined;
  }

  async caughtUp(): Promise<Runtime> {
    const runtime = this.#runtime!;
    await until(this.clock, atHead(runtime));
    await runtime.operations.replayParked("ledger");
    await until(this.clock, atHead(runtime));
    return runtime;
  }
}

function never(): Promise<never> {
  return new Promise(() => undefined);
}
