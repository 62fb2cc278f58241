/** Every operation on a small service in memory: what it gives, what it refuses, and what is recorded of it. */
import { afterEach, describe, expect, it } from "vitest";
import {
  ADMIN_CHANGES,
  remote,
  type AdminClient,
  type Caller,
  type InputOf,
  type OperationName,
  type OutputOf,
  type Runtime,
} from "tidemark";
import { ManualClock, MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { office, PurseView } from "../support/office.js";
import { Purse, TransferOrder } from "../support/transfers.js";
import { until } from "../support/until.js";

const READER: Caller = { by: "rita", via: "panel", change: false, payloads: true };
const BLIND: Caller = { by: "ben", via: "nats", change: false, payloads: false };
const OPERATOR: Caller = { by: "olga", via: "panel", change: true, payloads: true };

let runtime: Runtime;
let admin: AdminClient;
let clock: ManualClock;
let directory: MemoryDirectory;

async function open(options: Partial<typeof office> = {}): Promise<void> {
  runtime = await openMemoryRuntime({ ...office, ...options, clock, directory });
  admin = runtime.admin(OPERATOR);
}

const deposit = (purse: string, cents: number) =>
  runtime.ask(Purse, purse, { type: "Deposit", data: { cents } });
const withdraw = (purse: string, cents: number) =>
  runtime.ask(Purse, purse, { type: "Withdraw", data: { cents } });
const transfer = (order: string, from: string, to: string, cents: number) =>
  runtime.ask(TransferOrder, order, { type: "Request", data: { from, to, cents } });
const settle = async () => {
  await runtime.sagas.idle();
  await runtime.rules.idle();
  await runtime.operations.refresh(PurseView);
  await runtime.sagas.idle();
};

async function world(): Promise<void> {
  clock = new ManualClock();
  directory = new MemoryDirectory();
  await open();
  await deposit("ann", 500);
  await deposit("bob", 100);
  await withdraw("ann", 150);
  await transfer("t1", "ann", "bob", 50);
  await settle();
}
afterEach(() => runtime.close());

describe("operations that look", () => {
  it("info tells what runs here, and what whoever asks may do", async () => {
    await world();
    expect(await admin.call("info", {})).toMatchObject({
      storeId: "00000000-0000-4000-8000-000000000000",
      head: runtime.head,
      aggregates: [
        { name: "purse", commandTypes: ["Deposit", "Withdraw", "Close"] },
        { name: "order" },
      ],
      projections: [{ name: "purses", version: 1, collections: ["rows"] }],
      sagas: [{ name: "transfer", version: 1 }],
      ruleSets: [{ name: "spending", version: 1 }],
      may: { change: true, payloads: true },
    });
    const { may } = await runtime.admin(BLIND).call("info", {});
    expect(may).toEqual({ change: false, payloads: false });
  });

  it("events finds by stream, type, time, correlation and text, page by page in both directions", async () => {
    await world();
    const of = async (query: InputOf<"events">) =>
      (await admin.call("events", query)).events.map(({ stream, type }) => `${stream} ${type}`);
    expect(await of({ stream: "purse/ann" })).toEqual([
      "purse/ann Deposited",
      "purse/ann Withdrawn",
      "purse/ann Withdrawn",
    ]);
    expect(await of({ stream: "purse/ann", direction: "backward", limit: 1 })).toEqual([
      "purse/ann Withdrawn",
    ]);
    expect(await of({ types: ["Deposited"] })).toEqual([
      "purse/ann Deposited",
      "purse/bob Deposited",
      "purse/bob Deposited",
    ]);
    expect(await of({ streamTypes: ["order"] })).toEqual(["order/t1 Requested"]);
    expect(await of({ text: "LARGESPEND" })).toContain("spending/ann LargeSpending");
    expect(await of({ text: '"cents":100' })).toEqual(["purse/bob Deposited"]);
    expect(await of({ fromMs: clock.nowMs() + 1 })).toEqual([]);
    const [requested] = (await admin.call("events", { types: ["Requested"] })).events;
    const { correlationId = "" } = requested ?? {};
    expect(await of({ correlationId, streamTypes: ["purse"] })).toEqual(["purse/ann Withdrawn"]);
  });

  it("events leaves out what Tidemark records for itself where that isn't wanted, in both directions", async () => {
    await world();
    await admin.call("projection.pause", { name: "purses" });
    const typesOf = async (query: InputOf<"events">) =>
      new Set(
        (await admin.call("events", { limit: 1_000, ...query })).events.map(
          ({ stream }) => stream.split("/")[0],
        ),
      );
    expect(await typesOf({})).toContain("tidemark");
    for (const direction of ["forward", "backward"] as const) {
      const found = await typesOf({ withoutOwn: true, direction });
      expect(found).not.toContain("tidemark");
      expect(found).toEqual(new Set(["purse", "order", "transfer", "spending"]));
    }
  });

  it("events walks the whole log by pages, forward and backward, without a gap", async () => {
    await world();
    for (let n = 0; n < 300; n++) void deposit(`p${n % 7}`, 1);
    await deposit("last", 1);
    const all = [...runtime.events()].map(({ position }) => position);
    for (const direction of ["forward", "backward"] as const) {
      const walked: number[] = [];
      for (let next: number | undefined = direction === "forward" ? 0 : runtime.head + 1; ;) {
        const bound: InputOf<"events"> =
          direction === "forward" ? { after: next } : { before: next };
        const page: OutputOf<"events"> = await admin.call("events", {
          direction,
          limit: 37,
          ...bound,
        });
        walked.push(...page.events.map(({ position }) => position));
        if (page.next === undefined) break;
        next = page.next;
      }
      expect(direction === "forward" ? walked : walked.toReversed(), direction).toEqual(all);
    }
  });

  it("events waits for what fits, and no longer than it is told or wanted", async () => {
    await world();
    const after = runtime.head;
    const waiting = admin.call("events", { after, types: ["Deposited"], waitMs: 30_000 });
    await withdraw("ann", 1);
    await deposit("bob", 7);
    const { events } = await waiting;
    expect(events.map(({ data }) => data)).toEqual([{ cents: 7 }]);
    await settle();
    const inVain = admin.call("events", { after: runtime.head, waitMs: 1_000 });
    await clock.advance(1_000);
    expect((await inVain).events).toEqual([]);
    const controller = new AbortController();
    const unwanted = admin.call(
      "events",
      { after: runtime.head, waitMs: 30_000 },
      { signal: controller.signal },
    );
    controller.abort();
    expect((await unwanted).events).toEqual([]);
    const open = admin.call("events", { after: runtime.head, waitMs: 30_000 });
    await runtime.close();
    expect((await open).events).toEqual([]);
  });

  it("streams, stream, state, diff and timeline show what a stream is and how it came there", async () => {
    await world();
    const { streams } = await admin.call("streams", { prefix: "purse/" });
    expect(streams).toEqual([
      { stream: "purse/ann", version: 3 },
      { stream: "purse/bob", version: 2 },
    ]);
    expect(await admin.call("streams", { prefix: "purse/", limit: 1 })).toEqual({
      streams: [{ stream: "purse/ann", version: 3 }],
      next: "purse/ann",
    });
    expect(await admin.call("stream", { stream: "purse/ann" })).toMatchObject({
      kind: "aggregate",
      version: 3,
      first: { recordedAtMs: clock.nowMs() },
    });
    const [{ position: first } = { position: 0 }] = runtime.history(Purse, "ann");
    expect(await admin.call("state", { stream: "purse/ann" })).toEqual({
      stream: "purse/ann",
      kind: "aggregate",
      version: 3,
      state: { cents: 300, closed: false },
    });
    expect(
      await admin.call("state", { stream: "purse/ann", at: { position: first } }),
    ).toMatchObject({
      version: 1,
      state: { cents: 500 },
    });
    expect(await admin.call("diff", { stream: "purse/ann", from: 1 })).toEqual({
      stream: "purse/ann",
      from: 1,
      to: 3,
      changes: [{ path: "cents", before: 500, after: 300 }],
    });
    const { entries } = await admin.call("timeline", { stream: "purse/ann", from: 2, limit: 5 });
    expect(entries.map(({ event, changes }) => [event.version, changes])).toEqual([
      [2, [{ path: "cents", before: 500, after: 350 }]],
      [3, [{ path: "cents", before: 350, after: 300 }]],
    ]);
  });

  it("state and timeline of an instance and of a session are folded by their saga and rule set", async () => {
    await world();
    const saga = await admin.call("state", { stream: "transfer/t1" });
    expect(saga).toMatchObject({ kind: "saga", state: { status: "done" } });
    const steps = await admin.call("timeline", { stream: "transfer/t1" });
    expect(steps.entries[1]?.changes).toContainEqual({
      path: "machine.value",
      before: "debiting",
      after: "crediting",
    });
    const session = await admin.call("state", { stream: "spending/ann" });
    expect(session).toMatchObject({ kind: "rules", state: { status: "active", firings: 1 } });
    const learned = await admin.call("timeline", { stream: "spending/ann", limit: 2 });
    expect(learned.entries[0]?.changes.map(({ path }) => path)).toContain("facts.0.data.cents");
  });

  it("projections, documents, parked events and the audit of one show how a reader stands", async () => {
    await world();
    await deposit("eve", 1_000);
    await withdraw("eve", 666);
    await settle();
    const { projections } = await admin.call("projections", {});
    expect(projections[0]).toMatchObject({ name: "purses", generations: [{ parked: 1 }] });
    const { documents } = await admin.call("projection.documents", { name: "purses", limit: 2 });
    expect(documents).toEqual([
      { id: "ann", document: { cents: 300 } },
      { id: "bob", document: { cents: 150 } },
    ]);
    const only = await admin.call("projection.documents", { name: "purses", id: "eve" });
    expect(only.documents).toEqual([{ id: "eve", document: { cents: 1_000 } }]);
    const { parked } = await admin.call("projection.parked", { name: "purses" });
    expect(parked).toMatchObject([{ key: "eve", error: "no purse may lose 666" }]);
    const { problems } = await admin.call("overview", {});
    expect(problems).toMatchObject([
      {
        severity: "degraded",
        subject: "projection purses",
        actions: [{ operation: "projection.replayParked", input: { name: "purses" } }],
      },
    ]);
    expect(await admin.call("projection.diff", { name: "purses" })).toEqual({});
    await admin.call("projection.pause", { name: "purses", reason: "mending" });
    const { records } = await admin.call("projection.audit", { name: "purses" });
    expect(records).toMatchObject([{ type: "Paused", data: { by: "olga", reason: "mending" } }]);
  });

  it("sagas, their diagram and instances show where processes are", async () => {
    await world();
    const { sagas } = await admin.call("sagas", {});
    expect(sagas).toMatchObject([{ name: "transfer", counts: [{ status: "done", instances: 1 }] }]);
    const diagram = await admin.call("saga.diagram", { name: "transfer" });
    expect(diagram.states.map(({ id }) => id)).toEqual([
      "debiting",
      "crediting",
      "undoing",
      "done",
      "refused",
      "undone",
    ]);
    expect(diagram.states.find(({ id }) => id === "done")).toEqual({
      id: "done",
      kind: "final",
      initial: false,
      active: 1,
      parked: 0,
    });
    expect(diagram.edges).toContainEqual({
      from: "debiting",
      to: "crediting",
      label: "debit.accepted",
    });
    const { instances } = await admin.call("saga.instances", { name: "transfer", status: "done" });
    expect(instances).toMatchObject([{ instanceId: "t1", state: "done" }]);
    const before = await admin.call("saga.instances", { name: "transfer", sinceBeforeMs: 1 });
    expect(before.instances).toEqual([]);
    const instance = await admin.call("saga.instance", { name: "transfer", instanceId: "t1" });
    expect(instance).toMatchObject({ status: "done", context: { cents: 50 }, steps: 3 });
    expect(instance.history).toHaveLength(3);
    const { report } = await admin.call("saga.check", { name: "transfer" });
    expect(report).toMatchObject({ saga: "transfer", willPark: 0 });
    expect(await admin.call("saga.refused", { name: "transfer" })).toEqual({ refused: [] });
  });

  it("rules, sessions, alerts and explanations show what was concluded, and why", async () => {
    await world();
    for (let n = 0; n < 5; n++) await withdraw("ann", 10);
    await deposit("ann", 5_000);
    for (let n = 0; n < 5; n++) await withdraw("ann", 200 + n);
    await settle();
    const { ruleSets } = await admin.call("rules", {});
    expect(ruleSets).toMatchObject([{ name: "spending", counts: [{ sessions: 1 }] }]);
    const { sessions } = await admin.call("rules.sessions", { name: "spending" });
    expect(sessions).toMatchObject([{ sessionId: "ann", status: "active" }]);
    const next = await admin.call("rules.sessions", { name: "spending", after: "ann" });
    expect(next.sessions).toEqual([]);
    const { session } = await admin.call("rules.session", { name: "spending", sessionId: "ann" });
    expect(session).toMatchObject({ firings: 6 });
    const cents: unknown[] = [];
    let before: number | undefined;
    do {
      const bound = before === undefined ? {} : { before };
      const page = await admin.call("rules.alerts", { name: "spending", limit: 4, ...bound });
      cents.push(...page.alerts.map((alert) => (alert as { data: { cents: number } }).data.cents));
      before = page.next;
    } while (before !== undefined);
    expect(cents).toEqual([204, 203, 202, 201, 200, 150]);
    const { alerts } = await admin.call("rules.alerts", { name: "spending", limit: 1 });
    const { position } = alerts[0] as { position: number };
    const { explanation } = await admin.call("rules.explain", { name: "spending", position });
    expect(explanation).toMatchObject({ rule: "large", sessionId: "ann" });
  });

  it("rules.sessions walks all sessions by pages, and says where the last one ends", async () => {
    await world();
    for (const purse of ["cat", "dan", "eve"]) {
      await deposit(purse, 10);
      await withdraw(purse, 1);
    }
    await settle();
    const name = "spending";
    const idsOf = (sessions: readonly unknown[]) =>
      sessions.map((session) => (session as { sessionId: string }).sessionId);
    const all = idsOf((await admin.call("rules.sessions", { name })).sessions);
    expect(all.length).toBeGreaterThan(3);
    const walked: string[] = [];
    for (let after: string | undefined, pages = 0; pages <= all.length; pages += 1) {
      const from = after === undefined ? {} : { after };
      const page = await admin.call("rules.sessions", { name, limit: 2, ...from });
      walked.push(...idsOf(page.sessions));
      after = page.next;
      if (after === undefined) break;
    }
    expect(walked).toEqual(all);
  });

  it("timers, outbox, claims, nats and dead letters show what waits", async () => {
    await world();
    expect(await admin.call("timers", {})).toEqual({ timers: [] });
    expect(await admin.call("outbox", {})).toEqual({
      lanes: [{ owner: "sagas", lane: "purse", waiting: 0, attempts: 0 }],
    });
    expect(await admin.call("claims", { claim: "email" })).toEqual({ claims: [] });
    expect(await admin.call("nats", {})).toEqual({});
    runtime.tell(Purse, "poor", { type: "Withdraw", data: { cents: 3 } });
    await until(() => runtime.deadLetters().length > 0);
    const { deadLetters } = await admin.call("deadLetters", {});
    expect(deadLetters).toMatchObject([
      { streamId: "purse/poor", commandType: "Withdraw", reason: { code: "insufficient-funds" } },
    ]);
  });

  it("overview tells rates over the last seconds, of whatever has happened", async () => {
    await world();
    await clock.advance(20_000);
    await admin.call("overview", {});
    for (let second = 0; second < 5; second++) {
      for (let n = 0; n < 10; n++) await deposit("ann", 1);
      await clock.advance(1_000);
    }
    const overview = await admin.call("overview", {});
    expect(overview.eventsPerSecond).toBeCloseTo(10, 5);
    expect(overview).toMatchObject({
      health: "healthy",
      problems: [],
      head: runtime.head,
      pool: { activationsMax: 10_000, waiting: 0 },
      readers: [{ name: "purses", kind: "projection", parked: 0, paused: false }],
      sagas: [{ name: "transfer", active: 0, parked: 0 }],
      rules: [{ name: "spending", sessions: 1, parked: 0 }],
    });
  });
});

describe("operations that change", () => {
  it("pause, resume, skip, replay, discard and build readers anew", async () => {
    await world();
    await deposit("eve", 1_000);
    const answer = await withdraw("eve", 666);
    await withdraw("eve", 1);
    await settle();
    const name = "purses";
    await admin.call("projection.pause", { name });
    expect((await admin.call("overview", {})).problems.map(({ problem }) => problem)).toContain(
      "It is paused.",
    );
    await admin.call("projection.resume", { name });
    const { result } = await admin.call("projection.replayParked", { name });
    expect(result).toMatchObject({ replayed: 0, failed: { key: "eve" } });
    const position = answer.status === "accepted" ? answer.position : 0;
    const gone = await admin.call("projection.discardParked", { name, key: "eve", position });
    expect(gone).toEqual({ discarded: 1 });
    expect(await admin.call("projection.replayParked", { name, key: "eve" })).toMatchObject({
      result: { replayed: 1 },
    });
    await admin.call("projection.skip", { name, position });
    expect(await admin.call("projection.rebuildKey", { name, key: "ann" })).toEqual({ handled: 3 });
    expect(await admin.call("projection.rebuild", { name, approve: true })).toEqual({
      generation: 2,
    });
    await runtime.operations.rebuilt(PurseView);
    const { problems } = await admin.call("overview", {});
    expect(problems.flatMap(({ actions }) => actions.map(({ label }) => label))).toEqual([
      "Approve",
      "Cancel the rebuild",
    ]);
    await admin.call("projection.approve", { name });
    await runtime.operations.rebuilt(PurseView);
    await admin.call("projection.rollback", { name });
    await admin.call("projection.dropRetired", { name });
    await expect(admin.call("projection.cancelRebuild", { name })).rejects.toMatchObject({
      code: "operation-refused",
    });
  });

  it("park, try again, send to, discard and end instances of a saga", async () => {
    await world();
    const ref = { name: "transfer", instanceId: "t1" };
    await expect(admin.call("saga.retry", ref)).rejects.toMatchObject({
      code: "operation-rejected",
      reason: "not-parked",
    });
    await admin.call("saga.park", { ...ref, reason: "looks odd" });
    await admin.call("saga.send", { ...ref, event: { type: "Revoked", data: { secret: 1 } } });
    const parked = await admin.call("saga.instance", ref);
    expect(parked).toMatchObject({ status: "parked", problem: "looks odd" });
    expect(parked.kept).toHaveLength(1);
    await admin.call("saga.discard", ref);
    await admin.call("saga.park", ref);
    await admin.call("saga.retry", ref);
    await admin.call("saga.end", ref);
    expect(await admin.call("saga.instance", ref)).toMatchObject({ status: "ended" });
    const { entries } = await admin.call("audit", {});
    expect(JSON.stringify(entries)).not.toContain("secret");
    expect(entries[0]).toMatchObject({ what: "saga.end", subject: "transfer/t1", by: "olga" });
  });

  it("park, release and discard sessions of a rule set", async () => {
    await world();
    const ref = { name: "spending", sessionId: "ann" };
    await admin.call("rules.park", { ...ref, reason: "odd" });
    await withdraw("ann", 120);
    await settle();
    expect(
      (await admin.call("rules.sessions", { name: "spending", status: "parked" })).sessions,
    ).toHaveLength(1);
    await admin.call("rules.release", ref);
    await admin.call("rules.park", ref);
    await admin.call("rules.discard", ref);
    await expect(admin.call("rules.release", ref)).rejects.toMatchObject({ reason: "not-parked" });
    expect((await admin.call("rules.session", ref)).session).toMatchObject({
      status: "active",
      firings: 2,
    });
  });

  it("mend what came from other services", async () => {
    clock = new ManualClock();
    directory = new MemoryDirectory();
    const Member = remote("member", { events: ["Joined"] });
    runtime = await openMemoryRuntime({ ...office, remotes: [Member], clock, directory });
    admin = runtime.admin(OPERATOR);
    const name = "member";
    expect(await admin.call("imports.parked", { name })).toEqual({ parked: [] });
    expect(await admin.call("imports.replay", { name })).toEqual({ replayed: { replayed: 0 } });
    expect(await admin.call("imports.discard", { name })).toEqual({ discarded: 0 });
    expect(await admin.call("imports.acceptGaps", { name })).toEqual({ accepted: [] });
    expect((await admin.call("nats", {})).messaging).toMatchObject({ imports: [{ parked: 0 }] });
  });

  it("of a runtime in memory there is no backup, and none goes to where a service was started", async () => {
    await world();
    await expect(admin.call("backup", { to: "backups/monday" })).rejects.toThrow("a full path");
    await expect(admin.call("backup", { to: "/nowhere" })).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });
});

describe("whoever asks", () => {
  /** An input of each operation that its fields admit. */
  const inputs: { readonly [Name in OperationName]?: InputOf<Name> } = {
    "saga.send": { name: "transfer", instanceId: "t1", event: { type: "Revoked" } },
    backup: { to: "/nowhere" },
  };
  const inputOf = (name: OperationName) =>
    inputs[name] ?? { name: "purses", key: "ann", position: 1, instanceId: "t1", sessionId: "ann" };

  it.each([...ADMIN_CHANGES])("may not do %s without being allowed to change", async (name) => {
    await world();
    const { head } = runtime;
    await expect(runtime.admin(READER).call(name, inputOf(name) as never)).rejects.toMatchObject({
      code: "operation-forbidden",
      operation: name,
    });
    expect(runtime.head).toBe(head);
  });

  it("and may not see payloads sees none, through any operation that looks", async () => {
    await world();
    await deposit("eve", 4_242);
    await withdraw("eve", 666);
    await transfer("t2", "ann", "bob", 4_242);
    await settle();
    await admin.call("rules.park", { name: "spending", sessionId: "ann" });
    runtime.tell(Purse, "poor", { type: "Withdraw", data: { cents: 4_242 } });
    await until(() => runtime.deadLetters().length > 0);
    const blind = runtime.admin(BLIND);
    const alert = (await admin.call("rules.alerts", { name: "spending" })).alerts[0];
    const { position } = alert as { position: number };
    const looks: [OperationName, unknown][] = [
      ["events", {}],
      ["events", { stream: "purse/eve", direction: "backward" }],
      ["state", { stream: "purse/eve" }],
      ["diff", { stream: "purse/eve", from: 0 }],
      ["timeline", { stream: "purse/eve" }],
      ["projections", {}],
      ["projection.parked", { name: "purses" }],
      ["projection.documents", { name: "purses" }],
      ["projection.documents", { name: "purses", id: "eve" }],
      ["saga.instances", { name: "transfer" }],
      ["saga.instance", { name: "transfer", instanceId: "t2" }],
      ["saga.refused", { name: "transfer" }],
      ["rules.session", { name: "spending", sessionId: "eve" }],
      ["rules.alerts", { name: "spending" }],
      ["rules.explain", { name: "spending", position }],
      ["deadLetters", {}],
      ["overview", {}],
      ["audit", {}],
      ["outbox", {}],
    ];
    for (const [name, input] of looks) {
      const shown = JSON.stringify(await blind.call(name, input as never));
      expect(shown, name).not.toMatch(/4242|"cents"|666/);
    }
    const found = await blind.call("events", { text: "4242" });
    expect(found.events).toEqual([]);
  });

  it("is told what is wrong with an input before anything is done", async () => {
    await world();
    const { head } = runtime;
    const bad: [string, unknown, string][] = [
      ["nonsense", {}, "unknown-operation"],
      ["constructor", {}, "unknown-operation"],
      ["__proto__", {}, "unknown-operation"],
      ["events", { limit: 0 }, "invalid-argument"],
      ["events", { limit: "10" }, "invalid-argument"],
      ["events", { direction: "sideways" }, "invalid-argument"],
      ["events", { direction: "backward", waitMs: 5 }, "invalid-argument"],
      ["events", { types: "Deposited" }, "invalid-argument"],
      ["events", { nonsense: 1 }, "invalid-argument"],
      ["events", [], "invalid-argument"],
      ["events", "all", "invalid-argument"],
      ["stream", {}, "invalid-argument"],
      ["stream", { stream: "purse/nobody" }, "not-found"],
      ["state", { stream: "purse/ann", at: { version: 1, position: 1 } }, "invalid-argument"],
      ["state", { stream: "tidemark/saga:transfer" }, "invalid-argument"],
      ["projection.pause", { name: "nothing" }, "invalid-argument"],
      ["projection.pause", { name: "purses", reason: 5 }, "invalid-argument"],
      ["projection.documents", { name: "nothing" }, "not-found"],
      ["projection.documents", { name: "purses", collection: "no" }, "not-found"],
      ["saga.instance", { name: "transfer", instanceId: "t9" }, "not-found"],
      ["saga.instance", { name: "nothing", instanceId: "t9" }, "not-found"],
      ["claims", { prefix: "x" }, "invalid-argument"],
      ["rules.explain", { name: "spending", position: 1 }, "invalid-argument"],
    ];
    for (const [name, input, code] of bad)
      await expect(
        admin.call(name as OperationName, input as never),
        `${name} ${JSON.stringify(input)}`,
      ).rejects.toMatchObject({ code });
    const actions = [...runtime.events({ after: head })].map(({ type }) => type);
    // Names are looked up by the part that has them: what it was asked is recorded, and that it failed.
    expect(actions).toEqual(["AdminAction", "AdminActionFailed"]);
  });
});

describe("the audit log", () => {
  it("tells what was done, by whom and why, newest first and page by page, after a reopening, too", async () => {
    await world();
    await admin.call("projection.pause", { name: "purses", reason: "mending" }, { by: "ann" });
    await admin.call("projection.resume", { name: "purses" });
    await expect(
      admin.call("saga.retry", { name: "transfer", instanceId: "t1" }),
    ).rejects.toMatchObject({ code: "operation-rejected" });
    await runtime.close();
    await open();
    const { entries } = await admin.call("audit", {});
    expect(entries.slice(0, 5)).toMatchObject([
      { what: "saga.retry", subject: "transfer/t1", outcome: "failed", code: "operation-rejected" },
      { what: "Resumed", subject: "purses", by: "olga", outcome: "recorded" },
      { what: "projection.resume", subject: "purses", via: "panel", outcome: "done" },
      { what: "Paused", subject: "purses", by: "ann", reason: "mending" },
      { what: "projection.pause", subject: "purses", by: "ann", reason: "mending" },
    ]);
    const walked: unknown[] = [];
    let before: number | undefined;
    do {
      const bound = before === undefined ? {} : { before };
      const page = await admin.call("audit", { limit: 2, ...bound });
      walked.push(...page.entries);
      before = page.next;
    } while (before !== undefined);
    expect(walked).toEqual(entries);
  });

  it("is found by what was done, by whom and by how it ended", async () => {
    await world();
    const reader = { name: "purses" };
    await admin.call("projection.pause", reader, { by: "Ada Lovelace" });
    await admin.call("projection.resume", reader, { by: "Grace" });
    await admin
      .call("projection.skip", { name: "nothing", position: 1 }, { by: "Grace" })
      .catch(() => undefined);
    const found = async (query: InputOf<"audit">) =>
      (await admin.call("audit", query)).entries.map(({ what }) => what);
    expect(await found({ by: "ada", outcome: "done" })).toEqual(["projection.pause"]);
    expect(await found({ what: "PROJECTION.", by: "grace" })).toEqual([
      "projection.skip",
      "projection.resume",
    ]);
    expect(await found({ outcome: "failed" })).toEqual(["projection.skip"]);
    expect(await found({ by: "nobody" })).toEqual([]);
    const { entries, next } = await admin.call("audit", { by: "grace", limit: 1 });
    expect(entries.map(({ what }) => what)).toEqual(["projection.skip"]);
    expect(await found({ by: "grace", ...(next === undefined ? {} : { before: next }) })).toEqual([
      "Resumed",
      "projection.resume",
    ]);
    await expect(admin.call("audit", { outcome: "odd" as never })).rejects.toThrow("one of done");
  });

  it("shows an action without an end where a crash came in between", async () => {
    await world();
    await runtime.close();
    // The action is on disk, and then nothing more is: the next append fails, as the disk of a dying process does.
    runtime = await openMemoryRuntime({
      ...office,
      clock,
      directory,
      faults: [{ operation: "append", streamId: "tidemark/purses" }],
    });
    await expect(
      runtime.admin(OPERATOR).call("projection.pause", { name: "purses" }),
    ).rejects.toMatchObject({ code: "journal-poisoned" });
    await runtime.close();
    await open();
    const { entries } = await admin.call("audit", { limit: 1 });
    expect(entries).toMatchObject([{ what: "projection.pause", outcome: "unfinished" }]);
  });
});
