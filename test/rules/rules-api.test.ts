/** Sessions of a rule set in a runtime, on both stores: routed, alerted, explained, parked, released, and there after a restart. */
import { describe, expect, it } from "vitest";
import { collection, projection, type Runtime } from "../../src/index.js";
import { ManualClock, MemoryDirectory, openMemoryRuntime } from "../../src/testing/index.js";
import { DAY_MS, Desk, libraryRules, Shelf, type LibraryOptions } from "../support/library.js";
import { runtimeHarness, storeKinds } from "../support/runtimes.js";

const START_MS = Date.UTC(2026, 0, 1);

const at = (day: number) => START_MS + day * DAY_MS;
const take = (runtime: Runtime, member: string, book: string, day = 0) =>
  runtime.ask(Shelf, member, { type: "Take", data: { book, atMs: at(day) } });
const giveBack = (runtime: Runtime, member: string, book: string, day = 0) =>
  runtime.ask(Shelf, member, { type: "Return", data: { book, atMs: at(day) } });

const alertsOf = (runtime: Runtime, rules = libraryRules()) =>
  [...runtime.rules.alerts(rules)].map(({ sessionId, type, data }) => [sessionId, type, data]);

describe.each(storeKinds)("runtime.rules, %s", (kind) => {
  const world = (options: LibraryOptions = {}) => {
    const rules = libraryRules(options);
    const harness = runtimeHarness(kind);
    const open = (ruleSet = rules) =>
      harness.open({ aggregates: [Shelf, Desk], ruleSets: [ruleSet] });
    return { rules, open };
  };

  it("raises an alert once, keeps facts through a restart, and raises it again once it has stopped holding", async () => {
    const { rules, open } = world();
    let runtime = await open();
    for (const book of ["a", "b", "c", "d", "e"]) await take(runtime, "ann", book);
    await take(runtime, "bob", "f");
    await runtime.rules.idle();
    expect(alertsOf(runtime)).toEqual([["ann", "TooMany", { books: ["a", "b", "c", "d"] }]]);
    runtime = await open();
    await giveBack(runtime, "ann", "a");
    await take(runtime, "ann", "a");
    await giveBack(runtime, "bob", "x");
    await runtime.rules.idle();
    expect(alertsOf(runtime).slice(1)).toEqual([["bob", "Unknown", { book: "x" }]]);
    await giveBack(runtime, "ann", "a");
    await giveBack(runtime, "ann", "b");
    await take(runtime, "ann", "g");
    await runtime.rules.idle();
    expect(alertsOf(runtime).slice(2)).toEqual([
      ["ann", "TooMany", { books: ["c", "d", "e", "g"] }],
    ]);
    const session = runtime.rules.session(rules, "ann");
    expect(session).toMatchObject({ status: "active", version: 1, firings: 2, problem: "" });
    expect(session?.facts.map(({ kind: of, id }) => `${of} ${id}`)).toEqual(
      ["c", "d", "e", "g"].map((id) => `loan ${id}`),
    );
    expect(runtime.rules.session(rules, "nobody")).toBeUndefined();
    expect(runtime.rules.counts(rules)).toEqual([{ status: "active", version: 1, sessions: 2 }]);
    expect(runtime.rules.status(rules)).toMatchObject({ refused: 0, lagEvents: 0, version: 1 });
  });

  it("tells why a rule fired: facts, and the events that made them", async () => {
    const { rules, open } = world();
    const runtime = await open();
    for (const book of ["a", "b", "c", "d"]) await take(runtime, "ann", book);
    await runtime.rules.idle();
    const [alert] = [...runtime.rules.alerts(rules, { sessionId: "ann", type: "TooMany" })];
    if (alert === undefined) throw new Error("no alert");
    const explanation = runtime.rules.explain(rules, alert);
    expect(explanation).toMatchObject({ rule: "too-many", sessionId: "ann", version: 1 });
    expect(
      explanation.facts.map(({ id, events }) => [id, events.map(({ version }) => version)]),
    ).toEqual(["a", "b", "c", "d"].map((id, index) => [id, [index + 1]]));
    expect(String(explanation)).toContain("from Taken at position");
    expect(runtime.rules.explain(rules, { position: explanation.position }).rule).toBe("too-many");
    expect(() => runtime.rules.explain(rules, { position: 1 })).toThrow(
      "alert of rule set library",
    );
  });

  it("gives alerts to projections, and commands to those they are for, once each", async () => {
    const { rules } = world({ calls: true });
    const counts = projection({
      name: "alerts",
      version: 1,
      from: [rules],
      collections: { counts: collection<{ readonly books: number }>() },
      on: {
        TooMany: ({ entityId, data }, documents) =>
          documents.counts.put(entityId, { books: data.books.length }),
      },
    });
    const harness = runtimeHarness(kind);
    const options = { aggregates: [Shelf, Desk], ruleSets: [rules], projections: [counts] };
    let runtime = await harness.open(options);
    for (const book of ["a", "b", "c", "d"]) await take(runtime, "ann", book);
    await runtime.rules.idle();
    runtime = await harness.open(options);
    await runtime.rules.idle();
    expect(await runtime.view(counts).get("ann", { fresh: true })).toEqual({ books: 4 });
    expect((await runtime.state(Desk, "ann")).state).toEqual({ calls: 1 });
    expect(runtime.rules.session(rules, "ann")?.commands).toEqual([]);
  });

  it("parks a session whose handler throws, keeps what comes, and goes on with it when it is released", async () => {
    const { rules, open } = world();
    let runtime = await open();
    await take(runtime, "ann", "a");
    await giveBack(runtime, "ann", "burnt");
    for (const book of ["b", "c", "d"]) await take(runtime, "ann", book);
    await take(runtime, "bob", "x");
    await runtime.rules.idle();
    expect(runtime.rules.session(rules, "ann")).toMatchObject({ status: "parked", steps: 1 });
    runtime = await open();
    const parked = runtime.rules.sessions(rules, { status: "parked" });
    expect(parked.map(({ sessionId }) => sessionId)).toEqual(["ann"]);
    expect(parked[0]?.problem).toContain("no such book was ever printed");
    expect(runtime.health()).toMatchObject({ state: "degraded" });
    expect(runtime.rules.session(rules, "ann")?.kept).toHaveLength(4);
    // The same again fails again, and loses nothing.
    expect(await runtime.rules.release(rules, "ann", { by: "eve" })).toEqual({
      status: "accepted",
    });
    expect(runtime.rules.session(rules, "ann")?.kept).toHaveLength(4);
    expect(alertsOf(runtime)).toEqual([]);
    expect(await runtime.rules.discard(rules, "ann")).toEqual({ status: "accepted" });
    expect(await runtime.rules.release(rules, "ann")).toEqual({
      status: "rejected",
      code: "not-parked",
    });
    for (const book of ["e", "f", "g"]) await take(runtime, "ann", book);
    await runtime.rules.idle();
    expect(alertsOf(runtime)).toEqual([["ann", "TooMany", { books: ["a", "e", "f", "g"] }]]);
    expect(runtime.health()).toMatchObject({ state: "healthy" });
  });

  it("keeps events of a session that is parked by hand, and takes them in order when it is released", async () => {
    const { rules, open } = world();
    let runtime = await open();
    await take(runtime, "ann", "a");
    await runtime.rules.idle();
    await runtime.rules.park(rules, "ann", { by: "eve", reason: "a look" });
    for (const book of ["b", "c", "d"]) await take(runtime, "ann", book);
    await runtime.rules.idle();
    expect(alertsOf(runtime)).toEqual([]);
    runtime = await open();
    expect(runtime.rules.session(rules, "ann")).toMatchObject({
      status: "parked",
      problem: "a look",
    });
    expect(await runtime.rules.release(rules, "ann")).toEqual({ status: "accepted" });
    expect(alertsOf(runtime)).toEqual([["ann", "TooMany", { books: ["a", "b", "c", "d"] }]]);
    expect(runtime.rules.session(rules, "ann")).toMatchObject({ status: "active", kept: [] });
  });

  it("goes by the time of its events: what is overdue is known by the events of others", async () => {
    const { rules, open } = world({ byEvents: true, latenessMs: 2 * DAY_MS });
    let runtime = await open();
    await take(runtime, "ann", "a", 0);
    await take(runtime, "bob", "b", 1);
    await take(runtime, "eve", "c", 31);
    await runtime.rules.idle();
    // It may come late still.
    expect(alertsOf(runtime, rules)).toEqual([]);
    runtime = await open();
    await take(runtime, "eve", "d", 33);
    await runtime.rules.idle();
    expect(alertsOf(runtime, rules)).toEqual([["ann", "Overdue", { book: "a" }]]);
    await giveBack(runtime, "bob", "b", 31);
    await take(runtime, "eve", "d", 90);
    await runtime.rules.idle();
    const overdue = [...runtime.rules.alerts(rules)];
    expect(overdue.map(({ sessionId, atMs }) => [sessionId, (atMs - START_MS) / DAY_MS])).toEqual([
      ["ann", 30],
      ["eve", 61],
      ["eve", 63],
    ]);
    expect(runtime.rules.status(rules).timeMs).toBe(at(90));
  });

  it("lists what no session takes, and goes on", async () => {
    const { rules, open } = world({ byEvents: true });
    const runtime = await open();
    await runtime
      .ask(Shelf, "ann", { type: "Take", data: { book: "a", atMs: NaN } })
      .catch(() => undefined);
    await runtime.ask(Shelf, "ann", {
      type: "Take",
      data: { book: "a", atMs: "soon" as never },
    });
    await take(runtime, "ann", "b");
    await runtime.rules.idle();
    expect(runtime.rules.refused(rules)).toMatchObject([
      { eventType: "Taken", code: "invalid-argument" },
    ]);
    expect(runtime.rules.session(rules, "ann")?.facts).toMatchObject([{ id: "b" }]);
  });
});

describe("a rule set by the clock", () => {
  it("raises what is overdue at its moment, after a restart at once, and not twice", async () => {
    const clock = new ManualClock();
    const directory = new MemoryDirectory();
    const rules = libraryRules();
    const options = { aggregates: [Shelf, Desk], ruleSets: [rules], directory, clock };
    /** The wall clock jumps; a second later somebody looks at it. */
    const passTo = async (ms: number) => {
      clock.setWall(ms);
      await clock.advance(1_000);
    };
    let runtime = await openMemoryRuntime(options);
    const openedMs = clock.nowMs();
    const overdue = () =>
      [...runtime.rules.alerts(rules)].map(({ sessionId, atMs }) => [sessionId, atMs - openedMs]);
    await take(runtime, "ann", "a");
    await take(runtime, "bob", "b");
    await runtime.rules.idle();
    await passTo(openedMs + 10 * DAY_MS);
    await giveBack(runtime, "bob", "b");
    // Within thirty days includes the last of them.
    await passTo(openedMs + 30 * DAY_MS - 1_000);
    await runtime.rules.idle();
    expect(overdue()).toEqual([]);
    await clock.advance(1);
    await runtime.rules.idle();
    expect(overdue()).toEqual([["ann", 30 * DAY_MS]]);
    await take(runtime, "bob", "c");
    await runtime.rules.idle();
    const takenMs = clock.nowMs() - openedMs;
    await runtime.close();
    clock.setWall(openedMs + 90 * DAY_MS);
    runtime = await openMemoryRuntime(options);
    await runtime.rules.idle();
    expect(overdue()).toEqual([
      ["ann", 30 * DAY_MS],
      ["bob", takenMs + 30 * DAY_MS],
    ]);
    await runtime.close();
  });
});
