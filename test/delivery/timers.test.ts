/** R16: the timers of all instances by themselves: memory, restarts, jumps of the clock, and reading while more are set. */
import { describe, expect, it } from "vitest";
import { LmdbViews, MemoryViews, type ViewStore, type ViewWrite } from "../../journal/index.js";
import { DeliveryRows, type TimerName } from "../../src/delivery/rows.js";
import { Timers } from "../../src/delivery/timers.js";
import { silentLogger } from "../../src/kernel/log.js";
import { ManualClock } from "../../src/testing/index.js";
import { temporaryDirectory } from "../support/directories.js";
import { randomFrom } from "../support/random.js";
import { until } from "../support/until.js";

const ROWS = new DeliveryRows("sagas");
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** As in timers.ts, and as many as may fire at a time. */
const LOADED_MAX = 20_000;
const FIRING_MAX = 1_000;

/** Instances and their index, as far as timers know them: rows reach the disk when somebody needs them there. */
class House {
  readonly clock: ManualClock;
  readonly views: ViewStore;
  readonly fired: { readonly id: string; readonly atMs: number }[] = [];
  readonly failing = new Set<string>();
  readonly #pending = new Map<string, TimerName>();
  #unwritten: ViewWrite[] = [];
  timers: Timers;
  /** Held back reads of rows. */
  gate: Promise<void> = Promise.resolve();
  firing = 0;

  constructor(before?: House, views: ViewStore = new MemoryViews()) {
    this.clock = before?.clock ?? new ManualClock();
    this.views = before?.views ?? views;
    for (const [text, name] of before?.pending ?? []) this.#pending.set(text, name);
    this.timers = new Timers({
      clock: this.clock,
      logger: silentLogger,
      views: this.views,
      rows: ROWS,
      settle: () => this.#settle(),
      fire: (timer) => this.#fire(timer),
    });
  }

  get pending(): ReadonlyMap<string, TimerName> {
    return this.#pending;
  }

  async #settle(): Promise<void> {
    const unwritten = this.#unwritten;
    this.#unwritten = [];
    await this.views.write(unwritten);
    await this.gate;
  }

  async #fire({ id, dueAtMs }: TimerName): Promise<void> {
    this.firing += 1;
    await new Promise((resolve) => setImmediate(resolve));
    this.firing -= 1;
    if (this.failing.has(id)) throw new Error("not now");
    // An instance takes what is pending, and nothing else.
    if (!this.#pending.has(textOf(id, dueAtMs))) return;
    this.fired.push({ id, atMs: this.clock.nowMs() });
    this.cancel(id, dueAtMs);
  }

  set(id: string, dueAtMs: number): void {
    const name = nameOf(id, dueAtMs);
    this.#pending.set(textOf(id, dueAtMs), name);
    this.#unwritten.push({ table: "rows", key: ROWS.timerKey(name), value: true });
    this.timers.set(name);
  }

  cancel(id: string, dueAtMs: number): void {
    const name = nameOf(id, dueAtMs);
    this.#pending.delete(textOf(id, dueAtMs));
    this.#unwritten.push({ table: "rows", key: ROWS.timerKey(name), value: undefined });
    this.timers.gone(name);
  }

  /** Sets them, and waits until they are on disk. */
  async fill(count: number, dueAtMsOf: (n: number) => number): Promise<void> {
    const order = Array.from({ length: count }, (_, n) => n);
    const random = randomFrom(count);
    for (let n = order.length - 1; n > 0; n--) {
      const other = Math.floor(random() * (n + 1));
      [order[n], order[other]] = [order[other] as number, order[n] as number];
    }
    for (const n of order) this.set(`timer-${n}`, dueAtMsOf(n));
    await this.#settle();
  }

  async quiet(): Promise<void> {
    for (let turn = 0; turn < 30; turn++) await new Promise((resolve) => setImmediate(resolve));
    await until(() => this.firing === 0 && this.timers.firing === 0);
  }

  firedOnce(): void {
    expect(new Set(this.fired.map(({ id }) => id)).size).toBe(this.fired.length);
  }

  /** Dies and begins again with what is on disk; what isn't there comes with the events that are told again. */
  async restart(): Promise<House> {
    await this.#settle();
    return new House(this);
  }
}

const nameOf = (id: string, dueAtMs: number): TimerName => ({
  owner: "wait",
  instanceId: `i-${id}`,
  id,
  dueAtMs,
});
const textOf = (id: string, dueAtMs: number) => `${id} ${dueAtMs}`;

describe("timers", () => {
  it("fire at their moment, not a millisecond before it, and once", async () => {
    const house = new House();
    house.timers.start();
    const startMs = house.clock.nowMs();
    const random = randomFrom(7);
    for (let n = 0; n < 500; n++) house.set(`t-${n}`, startMs + Math.floor(random() * 5_000));
    const due = new Map([...house.pending.values()].map(({ id, dueAtMs }) => [id, dueAtMs]));
    await house.clock.advance(6_000);
    await house.quiet();
    expect(house.fired).toHaveLength(500);
    house.firedOnce();
    for (const { id, atMs } of house.fired) expect(atMs).toBe(due.get(id));
  });

  it.each([
    ["an hour forward", HOUR_MS, 30],
    ["a day forward", DAY_MS, 30],
    ["an hour back", -HOUR_MS, 0],
    ["a day back", -DAY_MS, 0],
  ])("of which some are due when the clock jumps %s fire once", async (_, jumpMs, atOnce) => {
    const house = new House();
    house.timers.start();
    const startMs = house.clock.nowMs();
    for (let n = 1; n <= 30; n++) house.set(`t-${n}`, startMs + n * 60_000);
    house.clock.setWall(startMs + jumpMs);
    await house.clock.advance(1_100);
    await house.quiet();
    expect(house.fired).toHaveLength(atOnce);
    // And back again, as clocks do when daylight saving ends, or a time server was wrong.
    house.clock.setWall(startMs);
    await house.clock.advance(30 * 60_000 + 2_000);
    await house.quiet();
    expect(house.fired).toHaveLength(30);
    house.firedOnce();
  });

  it("that are overdue after a restart fire at once, the earliest first, however many", async () => {
    const house = new House();
    const startMs = house.clock.nowMs();
    await house.fill(30_000, (n) => startMs + n);
    house.clock.setWall(startMs + DAY_MS);
    const next = await house.restart();
    next.timers.start();
    await until(() => next.fired.length === 30_000);
    next.firedOnce();
    expect(next.clock.monotonicMs()).toBe(house.clock.monotonicMs());
    // Those that fire at the same time may overtake each other.
    next.fired.forEach(({ id }, at) =>
      expect(Math.abs(Number(id.slice(6)) - at)).toBeLessThan(2 * FIRING_MAX),
    );
  });

  it("take bounded memory, however many are pending", async () => {
    const views = new LmdbViews(temporaryDirectory(), "timers");
    const house = new House(undefined, views);
    house.timers.start();
    await house.quiet();
    const startMs = house.clock.nowMs();
    await house.fill(100_000, (n) => startMs + HOUR_MS + n);
    await house.quiet();
    expect(house.timers.inMemory).toBeLessThanOrEqual(LOADED_MAX);
    house.clock.setWall(startMs + HOUR_MS + 100_000);
    let most = 0;
    await house.clock.advance(1_000);
    await until(() => {
      most = Math.max(most, house.timers.inMemory);
      return house.fired.length === 100_000;
    });
    house.firedOnce();
    expect(most).toBeLessThanOrEqual(2 * LOADED_MAX);
    await house.timers.close();
    await views.close();
  });

  it("of which more than fit into memory are due in the same millisecond all fire", async () => {
    const house = new House();
    house.timers.start();
    await house.quiet();
    const dueAtMs = house.clock.nowMs() + 60_000;
    await house.fill(45_000, () => dueAtMs);
    await house.clock.advance(60_000);
    await until(() => house.fired.length === 45_000);
    house.firedOnce();
    expect(house.pending.size).toBe(0);
  });

  it("that are set and cancelled again and again leave nothing in memory", async () => {
    const house = new House();
    house.timers.start();
    await house.quiet();
    const dueAtMs = house.clock.nowMs() + HOUR_MS;
    house.set("first", dueAtMs - 1);
    for (let n = 0; n < 100_000; n++) {
      house.set(`t-${n}`, dueAtMs);
      house.cancel(`t-${n}`, dueAtMs);
    }
    expect(house.timers.inMemory).toBeLessThanOrEqual(2 * LOADED_MAX);
    await house.clock.advance(HOUR_MS);
    await house.quiet();
    expect(house.fired.map(({ id }) => id)).toEqual(["first"]);
  });

  it("that can't fire are tried again, and don't keep others waiting", async () => {
    const house = new House();
    house.timers.start();
    const startMs = house.clock.nowMs();
    house.failing.add("bad");
    house.set("bad", startMs + 10);
    house.set("good", startMs + 20);
    await house.clock.advance(3_000);
    expect(house.fired.map(({ id }) => id)).toEqual(["good"]);
    house.failing.clear();
    await house.clock.advance(1_100);
    await house.quiet();
    expect(house.fired.map(({ id }) => id)).toEqual(["good", "bad"]);
  });

  it("that can't fire are kept while later ones go to disk", async () => {
    const house = new House();
    house.timers.start();
    const startMs = house.clock.nowMs();
    for (let n = 0; n < 100; n++) {
      house.failing.add(`bad-${n}`);
      house.set(`bad-${n}`, startMs + n);
    }
    await house.clock.advance(500);
    // Their next attempt comes after all of these.
    await house.fill(LOADED_MAX + 10, (n) => startMs + 501 + (n % 7));
    house.failing.clear();
    await house.clock.advance(2_000);
    await until(() => house.fired.length === LOADED_MAX + 110);
    house.firedOnce();
    expect(house.failing.size).toBe(0);
  });

  it("that are cancelled while they can't fire are left alone", async () => {
    const house = new House();
    house.timers.start();
    const dueAtMs = house.clock.nowMs() + 10;
    house.failing.add("bad");
    house.set("bad", dueAtMs);
    const advancing = house.clock.advance(10);
    await until(() => house.firing === 1);
    house.cancel("bad", dueAtMs);
    await advancing;
    await house.quiet();
    expect(house.timers.inMemory).toBe(0);
  });

  it("that are set or cancelled while others are read are where they belong", async () => {
    const house = new House();
    const startMs = house.clock.nowMs();
    await house.fill(10, (n) => startMs + 1_000 + n);
    const next = await house.restart();
    let open = () => undefined as void;
    next.gate = new Promise((resolve) => (open = resolve));
    next.timers.start();
    next.set("early", startMs + 500);
    next.set("late", startMs + 2_000);
    next.set("gone", startMs + 3_000);
    next.cancel("gone", startMs + 3_000);
    next.cancel("timer-3", startMs + 1_003);
    open();
    await next.clock.advance(5_000);
    await next.quiet();
    expect(next.fired.map(({ id }) => id)).toEqual([
      "early",
      ...[0, 1, 2, 4, 5, 6, 7, 8, 9].map((n) => `timer-${n}`),
      "late",
    ]);
  });

  it("of which many are set while others are read take bounded memory, and none is lost", async () => {
    const house = new House();
    const startMs = house.clock.nowMs();
    await house.fill(10, (n) => startMs + 1_000 + n);
    const next = await house.restart();
    let open = () => undefined as void;
    next.gate = new Promise((resolve) => (open = resolve));
    next.timers.start();
    for (let n = 0; n < 45_000; n++)
      next.set(`t-${n}`, startMs + (n < 22_000 ? 2_000 : 500) + (n % 1_000));
    expect(next.timers.inMemory).toBeLessThanOrEqual(2 * LOADED_MAX);
    next.gate = Promise.resolve();
    open();
    await next.clock.advance(5_000);
    await until(() => next.fired.length === 45_010);
    next.firedOnce();
  });

  it("that are set anew fire at the new moment only, though it be the same", async () => {
    const house = new House();
    house.timers.start();
    const startMs = house.clock.nowMs();
    house.set("t", startMs + 100);
    house.cancel("t", startMs + 100);
    house.set("t", startMs + 300);
    house.cancel("t", startMs + 300);
    house.set("t", startMs + 300);
    await house.clock.advance(299);
    expect(house.fired).toEqual([]);
    await house.clock.advance(1_000);
    await house.quiet();
    expect(house.fired).toEqual([{ id: "t", atMs: startMs + 300 }]);
  });
});
