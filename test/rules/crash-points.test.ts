/** The process dies at each write of the steps of sessions in turn, and of a change of version; the next one finishes what it left. */
import { describe, expect, it } from "vitest";
import { MemoryJournal, readAll } from "../../journal/index.js";
import { defaultLimits } from "../../src/kernel/limits.js";
import type { RecordedEvent, RuleSet, Runtime } from "../../src/index.js";
import { openMemoryRuntime } from "../../src/testing/index.js";
import { SimulatedClock } from "../simulation/simulated-clock.js";
import { DyingDirectory } from "../support/dying-directory.js";
import { DAY_MS, Desk, libraryRules, Shelf } from "../support/library.js";
import { randomFrom } from "../support/random.js";

const SEED = Number(process.env["SEED"] ?? 1);

/** What members do; each again in the next life unless it was answered. */
const acts = [
  ["ann", "Take", "a", 0],
  ["bob", "Take", "b", 0],
  ["ann", "Take", "c", 1],
  ["ann", "Take", "d", 2],
  ["ann", "Take", "e", 3],
  ["bob", "Return", "x", 4],
  ["ann", "Return", "a", 5],
  ["bob", "Return", "b", 6],
  ["eve", "Take", "f", 40],
] as const;

/** What must have been raised, and how often members were called. */
const ALERTS = [
  "ann Overdue c",
  "ann Overdue d",
  "ann Overdue e",
  "ann TooMany a,c,d,e",
  "bob Unknown x",
];

class Service {
  readonly directory = new DyingDirectory();
  readonly clock: SimulatedClock;
  rules: RuleSet;
  readonly #answered = new Set<number>();

  constructor(seed: number, rules: RuleSet) {
    this.clock = new SimulatedClock(randomFrom(seed));
    this.rules = rules;
  }

  /** One life: to the end of all work, or to its death. */
  async live(): Promise<void> {
    const opening = openMemoryRuntime({
      aggregates: [Shelf, Desk],
      ruleSets: [this.rules],
      directory: this.directory,
      clock: this.clock.newLife(),
    });
    let runtime: Runtime | undefined;
    void opening.then((opened) => (runtime = opened));
    await this.#settle();
    for (const [n, [member, type, book, day]] of acts.entries()) {
      if (this.directory.dead || runtime === undefined || this.#answered.has(n)) continue;
      const command = { type, data: { book, atMs: day * DAY_MS } };
      void runtime.ask(Shelf, member, command, { commandId: `act-${n}` }).then(() => {
        // The dead hear nothing.
        if (!this.directory.dead) this.#answered.add(n);
      });
      await this.clock.step(5);
    }
    await this.#settle();
    await this.clock.endLife();
  }

  /** Until nothing is due for a while: what is being written isn't known to the clock. */
  async #settle(): Promise<void> {
    for (let idle = 0; idle < 20 && !this.directory.dead; )
      idle = (await this.clock.step(5_000)) ? 0 : idle + 1;
  }

  async loseRows(): Promise<void> {
    await this.directory.views.removeRange("rows", { from: [], before: [true] });
    await this.directory.views.removeRange("rows", { from: ["a"], before: ["z"] });
  }

  problems(): string[] {
    const { clock } = this;
    const journal = new MemoryJournal(this.directory.store, { clock, limits: defaultLimits });
    const events = [...readAll(journal)];
    const problems: string[] = [];
    const alerts = alertsIn(events);
    if (JSON.stringify(alerts) !== JSON.stringify(ALERTS))
      problems.push(`alerts are ${alerts.join("; ")}`);
    const calls = events.filter(({ type }) => type === "Called").length;
    if (calls !== 1) problems.push(`called ${calls} times`);
    const bad = events.filter(({ type }) => ["rules.parked", "InputRefused"].includes(type));
    if (bad.length > 0) problems.push(`${bad.length} were parked or refused`);
    return problems;
  }
}

function alertsIn(events: readonly RecordedEvent[]): string[] {
  return events
    .filter(({ streamType, type }) => streamType === "library" && !type.startsWith("rules."))
    .map(({ entityId, type, data }) => {
      const { book, books } = data as { book?: string; books?: readonly string[] };
      return `${entityId} ${type} ${book ?? books?.join(",")}`;
    })
    .sort();
}

const first = libraryRules({ byEvents: true, calls: true });

describe("a service with rules that dies at a write", () => {
  it.each([
    ["goes on from its rows", false],
    ["goes on from the log where all rows are lost", true],
  ])("%s, whichever write it is", async (_, rowsLost) => {
    const problems: string[] = [];
    let points = 0;
    for (let seed = SEED; seed < SEED + 3; seed++) {
      const whole = new Service(seed, first);
      await whole.live();
      expect(whole.problems()).toEqual([]);
      for (let write = 1; write <= whole.directory.writes; write++) {
        const service = new Service(seed, first);
        service.directory.dieAt(write);
        await service.live();
        service.directory.dieAt(Infinity);
        if (rowsLost) await service.loseRows();
        await service.live();
        points += 1;
        for (const problem of service.problems())
          problems.push(`seed ${seed}, write ${write}: ${problem}`);
      }
    }
    console.log(`died at ${points} writes${rowsLost ? ", rows lost" : ""}`);
    expect(problems).toEqual([]);
    expect(points).toBeGreaterThan(60);
  });

  it.each([
    ["beside the version before", first],
    ["without it", undefined],
  ])("takes a new version over, whichever write of that it is, %s", async (_, previous) => {
    const second = libraryRules({
      byEvents: true,
      calls: true,
      booksMax: 1,
      version: 2,
      ...(previous === undefined ? {} : { previous }),
    });
    const problems: string[] = [];
    let points = 0;
    for (let write = 1; ; write++) {
      const service = new Service(SEED, first);
      await service.live();
      service.rules = second;
      service.directory.dieAt(write);
      await service.live();
      const isWhole = service.directory.writes < write;
      service.directory.dieAt(Infinity);
      await service.live();
      points += 1;
      // What fired in history isn't sent, and what was sent isn't sent again.
      for (const problem of service.problems()) problems.push(`write ${write}: ${problem}`);
      const { clock } = service;
      const journal = new MemoryJournal(service.directory.store, { clock, limits: defaultLimits });
      const adopted = [...readAll(journal)].filter(({ type }) => type === "RulesAdopted");
      if (adopted.length !== 1) problems.push(`write ${write}: adopted ${adopted.length} times`);
      if (isWhole) break;
    }
    console.log(`died at ${points} writes of a change of version`);
    expect(problems).toEqual([]);
    expect(points).toBeGreaterThan(10);
  });
});
