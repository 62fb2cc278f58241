/** A new version of a rule set takes over: what a replay makes of history, what is reported, and that nothing is sent again. */
import { describe, expect, it } from "vitest";
import { changeText, type RuleSet, type Runtime } from "../../src/index.js";
import { ManualClock, MemoryDirectory, openMemoryRuntime } from "../../src/testing/index.js";
import { DAY_MS, Desk, libraryRules, Shelf, type LibraryOptions } from "../support/library.js";
import { randomFrom } from "../support/random.js";
import { runtimeHarness, storeKinds } from "../support/runtimes.js";

const START_MS = Date.UTC(2026, 0, 1);
const MEMBERS = ["ann", "bob", "eve", "joe"];

interface Act {
  readonly member: string;
  readonly type: "Take" | "Return";
  readonly book: string;
  readonly day: number;
}

function actsOf(seed: number, count: number): Act[] {
  const random = randomFrom(seed);
  const pick = <T>(items: readonly T[]) => items[Math.floor(random() * items.length)] as T;
  return Array.from({ length: count }, (_, n) => ({
    member: pick(MEMBERS),
    type: pick(["Take", "Take", "Return"] as const),
    book: pick(["a", "b", "c", "d", "e", "f"]),
    day: Math.floor(n / 2),
  }));
}

async function perform(runtime: Runtime, acts: readonly Act[]): Promise<void> {
  for (const { member, type, book, day } of acts)
    await runtime.ask(Shelf, member, { type, data: { book, atMs: START_MS + day * DAY_MS } });
}

const alertsOf = (runtime: Runtime, rules: RuleSet) =>
  [...runtime.rules.alerts(rules)].map(
    ({ sessionId, rule, atMs }) => `${sessionId} ${rule} ${atMs}`,
  );

/** What the rules alone raise for these acts. */
async function alertsAlone(options: LibraryOptions, acts: readonly Act[]): Promise<string[]> {
  const rules = libraryRules({ byEvents: true, ...options });
  const runtime = await openMemoryRuntime({ aggregates: [Shelf, Desk], ruleSets: [rules] });
  await perform(runtime, acts);
  await runtime.rules.idle();
  const alerts = alertsOf(runtime, rules);
  await runtime.close();
  return alerts;
}

const counts = (alerts: readonly string[]) => {
  const byRule = new Map<string, number>();
  for (const alert of alerts) {
    const rule = alert.split(" ")[1] ?? "";
    byRule.set(rule, (byRule.get(rule) ?? 0) + 1);
  }
  return byRule;
};

describe.each(storeKinds)("a new version of a rule set, %s", (kind) => {
  it.each([
    ["beside the one before, which serves meanwhile", true],
    ["where the one before isn't there any more", false],
  ])("replays history, reports what is other, and goes on from there: %s", async (_, isServed) => {
    const before = libraryRules({ byEvents: true, booksMax: 3 });
    const after = libraryRules({
      byEvents: true,
      booksMax: 1,
      version: 2,
      ...(isServed ? { previous: before } : {}),
    });
    const acts = actsOf(20, 160);
    const [first, second] = [acts.slice(0, 100), acts.slice(100)];
    const harness = runtimeHarness(kind);
    let runtime = await harness.open({ aggregates: [Shelf, Desk], ruleSets: [before] });
    await perform(runtime, first);
    await runtime.rules.idle();
    const old = alertsOf(runtime, before);
    runtime = await harness.open({ aggregates: [Shelf, Desk], ruleSets: [after] });
    const report = await runtime.rules.changed(after);
    if (report === undefined) throw new Error("no report");
    expect(report).toMatchObject({ fromVersion: 1, toVersion: 2, failures: 0 });
    const alone = await alertsAlone({ booksMax: 1 }, first);
    for (const { rule, before: was, after: now, gained, lost } of report.rules) {
      expect([rule, was]).toEqual([rule, counts(old).get(rule) ?? 0]);
      expect([rule, now]).toEqual([rule, counts(alone).get(rule) ?? 0]);
      expect(gained - lost).toBe(now - was);
    }
    expect(changeText(report)).toContain("too-many");
    // Nothing of history is sent; what comes is what the new one alone would say.
    expect(alertsOf(runtime, after)).toEqual(old);
    await perform(runtime, second);
    await runtime.rules.idle();
    const whole = await alertsAlone({ booksMax: 1 }, acts);
    expect(alertsOf(runtime, after).slice(old.length).sort()).toEqual(
      whole.filter((alert) => !alone.includes(alert)).sort(),
    );
    expect(runtime.rules.counts(after).every(({ version }) => version === 2)).toBe(true);
    // Opened again there is nothing left to change.
    runtime = await harness.open({ aggregates: [Shelf, Desk], ruleSets: [after] });
    expect(await runtime.rules.changed(after)).toBeUndefined();
  });

  it("carries facts over where that is wanted: what has fired doesn't fire again, what holds now does", async () => {
    const before = libraryRules({ byEvents: true, booksMax: 3 });
    const after = libraryRules({ byEvents: true, booksMax: 1, version: 2, onChange: "carry-over" });
    const harness = runtimeHarness(kind);
    let runtime = await harness.open({ aggregates: [Shelf, Desk], ruleSets: [before] });
    const taken = (member: string, books: string) =>
      perform(
        runtime,
        books.split(" ").map((book) => ({ member, type: "Take" as const, book, day: 0 })),
      );
    await taken("ann", "a b c d");
    await taken("bob", "a b");
    await runtime.rules.idle();
    runtime = await harness.open({ aggregates: [Shelf, Desk], ruleSets: [after] });
    expect(await runtime.rules.changed(after)).toBeUndefined();
    await taken("ann", "e");
    await taken("bob", "c");
    await runtime.rules.idle();
    expect(
      [...runtime.rules.alerts(after)].map(({ sessionId, version }) => [sessionId, version]),
    ).toEqual([
      ["ann", 1],
      ["bob", 2],
    ]);
  });

  it("is tried on history without any effect", async () => {
    const rules = libraryRules({ byEvents: true, calls: true });
    const runtime = await runtimeHarness(kind).open({
      aggregates: [Shelf, Desk],
      ruleSets: [rules],
    });
    const acts = actsOf(7, 120);
    await perform(runtime, acts);
    await runtime.rules.idle();
    const head = runtime.head;
    const same = await runtime.rules.compare(rules);
    for (const { before, after, gained, lost } of same.rules)
      expect([after, gained, lost]).toEqual([before, 0, 0]);
    const candidate = libraryRules({ byEvents: true, calls: true, booksMax: 2, version: 9 });
    const report = await runtime.rules.compare(candidate);
    const alone = counts(await alertsAlone({ booksMax: 2 }, acts));
    for (const { rule, after } of report.rules)
      expect([rule, after]).toEqual([rule, alone.get(rule)]);
    const tooMany = report.rules.find(({ rule }) => rule === "too-many");
    expect(tooMany?.samples.gained.length).toBeGreaterThan(0);
    expect(runtime.head).toBe(head);
    expect(runtime.rules.status(rules)).toMatchObject({ version: 1, change: undefined });
  });
});

describe("a new version of a rule set by the clock", () => {
  it("sends what was due and wasn't sent, and not again what was", async () => {
    const clock = new ManualClock();
    const directory = new MemoryDirectory();
    const openedMs = clock.nowMs();
    const open = (rules: RuleSet) =>
      openMemoryRuntime({ aggregates: [Shelf, Desk], ruleSets: [rules], directory, clock });
    const before = libraryRules();
    const after = libraryRules({ version: 2, booksMax: 5 });
    let runtime = await open(before);
    const taken = (member: string) =>
      runtime.ask(Shelf, member, { type: "Take", data: { book: "a", atMs: 0 } });
    const passTo = async (ms: number) => {
      clock.setWall(ms);
      await clock.advance(1_000);
    };
    await taken("ann");
    await passTo(openedMs + 10 * DAY_MS);
    await taken("bob");
    await passTo(openedMs + 31 * DAY_MS);
    await runtime.rules.idle();
    const alerts = () => [...runtime.rules.alerts(after)].map(({ sessionId }) => sessionId);
    expect(alerts()).toEqual(["ann"]);
    await runtime.close();
    clock.setWall(openedMs + 50 * DAY_MS);
    runtime = await open(after);
    await runtime.rules.changed(after);
    await runtime.rules.idle();
    expect(alerts()).toEqual(["ann", "bob"]);
    await runtime.close();
  });
});

describe("a change of version that is broken off", () => {
  it("goes on with the next life, whenever that is, with the same outcome", async () => {
    const before = libraryRules({ byEvents: true });
    const acts = actsOf(3, 300);
    const store = async () => {
      const directory = new MemoryDirectory();
      const runtime = await openMemoryRuntime({
        aggregates: [Shelf, Desk],
        ruleSets: [before],
        directory,
      });
      await perform(runtime, acts);
      await runtime.rules.idle();
      await runtime.close();
      return directory;
    };
    const after = libraryRules({ byEvents: true, booksMax: 1, version: 2 });
    const alone = await alertsAlone({ booksMax: 1 }, acts);
    const old = await alertsAlone({}, acts);
    for (let turns = 0; turns < 40; turns += 3) {
      const directory = await store();
      const open = () =>
        openMemoryRuntime({ aggregates: [Shelf, Desk], ruleSets: [after], directory });
      const first = await open();
      for (let turn = 0; turn < turns; turn++)
        await new Promise((resolve) => setImmediate(resolve));
      await first.close();
      const runtime = await open();
      await runtime.rules.changed(after);
      await runtime.rules.idle();
      expect(alertsOf(runtime, after)).toEqual(old);
      const fired = MEMBERS.map((member) => runtime.rules.session(after, member)?.firings ?? 0);
      expect(fired.reduce((sum, each) => sum + each, 0)).toBeGreaterThanOrEqual(alone.length);
      expect(runtime.rules.counts(after)).toEqual([
        { status: "active", version: 2, sessions: MEMBERS.length },
      ]);
      await runtime.close();
    }
  });
});
