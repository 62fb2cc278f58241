/** The outbox by itself: attempts, pauses, ends, order, lanes, and more commands than fit into memory. */
import { describe, expect, it } from "vitest";
import { MemoryViews, type ViewWrite } from "../../journal/index.js";
import { commandIdOf } from "../../src/delivery/command-id.js";
import { Outbox } from "../../src/delivery/outbox.js";
import type { CommandOutcome, PendingCommand } from "../../src/delivery/pending.js";
import type { StoredCommand } from "../../src/delivery/stored-command.js";
import { DeliveryRows, type InstanceName } from "../../src/delivery/rows.js";
import type { CommandAnswer, CommandSending } from "../../src/kernel/command-port.js";
import { TidemarkError } from "../../src/kernel/errors.js";
import { silentLogger } from "../../src/kernel/log.js";
import { ManualClock } from "../../src/testing/index.js";
import { until } from "../support/until.js";

const ROWS = new DeliveryRows("sagas");
/** As in outbox-lane.ts. */
const LOADED_MAX = 5_000;

class Outage extends TidemarkError {
  constructor(
    readonly code: string,
    readonly retryable: boolean,
  ) {
    super(code);
  }
}

const accepted: CommandAnswer = {
  status: "accepted",
  version: 1,
  position: 1,
  events: [],
  duplicate: false,
};

interface Asked {
  readonly id: string;
  readonly entityId: string;
  readonly atMs: number;
  readonly sending: CommandSending;
}

/** Instances, their index and those who take commands, as far as an outbox knows them. */
class Desk {
  readonly clock = new ManualClock();
  readonly views = new MemoryViews();
  readonly asked: Asked[] = [];
  readonly answers: (CommandOutcome & { readonly id: string })[] = [];
  outbox: Outbox;
  /** What becomes of a command; accepted a turn later by default. */
  take: (id: string, aggregate: string) => Promise<CommandAnswer> | undefined = () => undefined;
  answersRefused = 0;
  /** Whether the instance can take an answer. */
  takesAnswers: () => boolean = () => true;
  gate: Promise<void> = Promise.resolve();
  #unwritten: ViewWrite[] = [];
  #position = 0;

  constructor() {
    this.outbox = this.#open();
  }

  #open(): Outbox {
    return new Outbox({
      clock: this.clock,
      logger: silentLogger,
      views: this.views,
      rows: ROWS,
      commands: {
        ask: async ({ name }, entityId, _, sending) => {
          const { commandId: id } = sending;
          this.asked.push({ id, entityId, atMs: this.clock.nowMs(), sending });
          await new Promise((resolve) => setImmediate(resolve));
          return (await this.take(id, name)) ?? accepted;
        },
      },
      settle: () => this.settle(),
      answer: async ({ owner, instanceId }, id, answer) => {
        await new Promise((resolve) => setImmediate(resolve));
        if (!this.takesAnswers()) {
          this.answersRefused += 1;
          throw new Outage("instance-full", true);
        }
        this.answers.push({ ...answer, id });
        this.gone({ owner, instanceId }, id);
      },
    });
  }

  async settle(): Promise<void> {
    const unwritten = this.#unwritten;
    this.#unwritten = [];
    await this.views.write(unwritten);
    await this.gate;
  }

  start(): void {
    this.outbox.start([], this.#position);
  }

  /** Dies, and begins again with what is on disk. */
  async restart(lanes: readonly string[]): Promise<void> {
    await this.settle();
    this.outbox = this.#open();
    this.outbox.start(lanes, this.#position);
  }

  ask(
    instanceId: string,
    step: number,
    {
      index = 0,
      aggregate = "bank",
      entityId = "acc",
      ...rest
    }: Partial<PendingCommand> & {
      index?: number;
    } = {},
  ): string {
    const name = { owner: "pay", instanceId };
    const id = commandIdOf("pay", instanceId, step, index);
    const request = {
      id,
      as: "it",
      aggregate,
      entityId,
      command: { type: "Do" },
      attemptsMax: 20,
      ...rest,
    };
    // Those of one step are in one event.
    if (index === 0) this.#position += 1;
    const stored: StoredCommand = {
      request,
      position: this.#position,
      eventId: "e",
      correlationId: "c",
    };
    this.#unwritten.push({
      table: "rows",
      key: ROWS.commandKey(aggregate, name, id),
      value: stored,
    });
    this.#aggregates.set(id, aggregate);
    this.outbox.asked(name, stored);
    return id;
  }

  readonly #aggregates = new Map<string, string>();

  gone(name: InstanceName, id: string): void {
    const aggregate = this.#aggregates.get(id) as string;
    this.#unwritten.push({
      table: "rows",
      key: ROWS.commandKey(aggregate, name, id),
      value: undefined,
    });
    this.outbox.gone(aggregate, id);
  }

  answerTo(id: string): CommandOutcome | undefined {
    return this.answers.find((answer) => answer.id === id);
  }

  attempts(id: string): number[] {
    return this.asked.filter((asked) => asked.id === id).map(({ atMs }) => atMs);
  }
}

async function opened(): Promise<Desk> {
  const desk = new Desk();
  desk.start();
  await until(() => desk.outbox.pending === 0);
  return desk;
}

describe("an outbox", () => {
  it("tries again after 100 ms, 200 ms and so on, up to 30 s, with the same id", async () => {
    const desk = await opened();
    const startMs = desk.clock.nowMs();
    desk.take = () => Promise.reject(new Outage("pool-full", true));
    const id = desk.ask("i", 1);
    await desk.clock.advance(200_000);
    const pauses = desk.attempts(id).map((atMs) => atMs - startMs);
    const wanted = [0];
    for (
      let pauseMs = 100;
      wanted.at(-1)! + pauseMs <= 200_000;
      pauseMs = Math.min(2 * pauseMs, 30_000)
    )
      wanted.push(wanted.at(-1)! + pauseMs);
    expect(pauses).toEqual(wanted);
    desk.take = () => undefined;
    await desk.clock.advance(30_000);
    await until(() => desk.outbox.pending === 0);
    expect(desk.answerTo(id)).toMatchObject({ outcome: "accepted" });
  });

  it("gives up after so many attempts, and says whether one may have been carried out", async () => {
    const desk = await opened();
    desk.take = (id) =>
      Promise.reject(new Outage(id.includes("unsure") ? "ask-timeout" : "pool-full", true));
    const sure = desk.ask("sure", 1, { attemptsMax: 3, entityId: "a" });
    const unsure = desk.ask("unsure", 1, { attemptsMax: 3, entityId: "b" });
    await desk.clock.advance(10_000);
    await until(() => desk.answers.length === 2);
    expect(desk.attempts(sure)).toHaveLength(3);
    expect(desk.answerTo(sure)).toMatchObject({
      outcome: "given-up",
      attempts: 3,
      uncertain: false,
    });
    expect(desk.answerTo(unsure)).toMatchObject({ outcome: "given-up", uncertain: true });
  });

  it("gives up at once what can't be retried, and tells a refusal as what it is", async () => {
    const desk = await opened();
    desk.take = (id) =>
      id.includes("bad")
        ? Promise.reject(new Outage("unknown-aggregate", false))
        : Promise.resolve({ status: "rejected", code: "no", details: null });
    const bad = desk.ask("bad", 1, { entityId: "a" });
    const refused = desk.ask("refused", 1, { entityId: "b" });
    await until(() => desk.answers.length === 2);
    expect(desk.answerTo(bad)).toMatchObject({
      outcome: "given-up",
      code: "unknown-aggregate",
      attempts: 1,
    });
    expect(desk.answerTo(refused)).toMatchObject({ outcome: "rejected", code: "no" });
  });

  it("says timed-out once the time is over, not before, and doesn't try any more", async () => {
    const desk = await opened();
    const startMs = desk.clock.nowMs();
    desk.take = () => Promise.reject(new Outage("pool-full", true));
    const id = desk.ask("i", 1, { deadlineAtMs: startMs + 1_000 });
    await desk.clock.advance(999);
    expect(desk.answers).toEqual([]);
    await desk.clock.advance(1);
    await until(() => desk.answers.length === 1);
    expect(desk.answerTo(id)).toEqual({ id, outcome: "timed-out", attempts: 4 });
    const tries = desk.asked.length;
    for (const { atMs, sending } of desk.asked)
      expect(atMs + sending.timeoutMs).toBeLessThanOrEqual(startMs + 1_000);
    await desk.clock.advance(60_000);
    expect(desk.asked).toHaveLength(tries);
  });

  it("keeps to what was answered first, where the instance can't take the answer yet", async () => {
    const desk = await opened();
    let times = 0;
    desk.take = () => {
      times += 1;
      const refusal = { status: "rejected" as const, code: "no", details: null };
      return times === 1 ? Promise.resolve(refusal) : undefined;
    };
    desk.takesAnswers = () => false;
    const id = desk.ask("i", 1, { attemptsMax: 2, deadlineAtMs: desk.clock.nowMs() + 5_000 });
    for (let times = 1; times < 8; times++) {
      await until(() => desk.answersRefused >= times);
      await desk.clock.advance(30_000);
    }
    desk.takesAnswers = () => true;
    await desk.clock.advance(30_000);
    await until(() => desk.answers.length === 1);
    expect(desk.answerTo(id)).toMatchObject({ outcome: "rejected" });
    expect(desk.asked).toHaveLength(1);
  });

  it("sends those of one instance for one entity one after the other, others side by side", async () => {
    const desk = await opened();
    let release = () => undefined as void;
    const held = new Promise<void>((resolve) => (release = resolve));
    desk.take = (id) => (id.endsWith("i#1.0") ? held.then(() => accepted) : undefined);
    const ids = [0, 1, 2].map((index) => desk.ask("i", 1, { index }));
    const other = desk.ask("i", 1, { index: 3, entityId: "elsewhere" });
    const stranger = desk.ask("j", 1);
    await until(() => desk.answers.length === 2);
    expect(desk.answers.map(({ id }) => id).sort()).toEqual([other, stranger].sort());
    release();
    await until(() => desk.answers.length === 5);
    const order = desk.asked.map(({ id }) => id).filter((id) => ids.includes(id));
    expect(order).toEqual(ids);
  });

  it("has a lane for each aggregate: one that fails keeps no other waiting", async () => {
    const desk = await opened();
    desk.take = (_, aggregate) =>
      aggregate === "down" ? Promise.reject(new Outage("request-timeout", true)) : undefined;
    for (let n = 0; n < 400; n++) desk.ask(`i-${n}`, 1, { aggregate: "down" });
    for (let n = 0; n < 400; n++) desk.ask(`i-${n}`, 2, { aggregate: "up" });
    await until(() => desk.answers.length === 400);
    expect(desk.outbox.status()).toMatchObject([
      { aggregate: "down", lastError: { code: "request-timeout" } },
      { aggregate: "up", failures: 0 },
    ]);
    const [down] = desk.outbox.status();
    expect(down?.lastErrorAtMs).toBe(desk.clock.nowMs());
    desk.take = () => undefined;
    desk.outbox.hurry();
    await until(() => desk.answers.length === 800);
    // What failed earlier isn't told as if it were of now.
    expect(desk.outbox.status()).toMatchObject([
      { aggregate: "down", failures: 0, lastError: undefined, lastErrorAtMs: undefined },
      { aggregate: "up", failures: 0 },
    ]);
    expect(desk.clock.monotonicMs()).toBe(0);
  });

  it("tries again at once what found nobody there, as soon as one of its lane is answered", async () => {
    const desk = await opened();
    desk.take = (id) =>
      Promise.reject(new Outage(id.includes("full") ? "pool-full" : "no-responders", true));
    const full = desk.ask("full", 1, { entityId: "full" });
    const waiting = Array.from({ length: 300 }, (_, n) => desk.ask(`i-${n}`, 1));
    await desk.clock.advance(20_000);
    const nowMs = desk.clock.nowMs();
    const triedBefore = desk.attempts(full).length;
    desk.take = (id) => (id === full ? Promise.reject(new Outage("pool-full", true)) : undefined);
    desk.ask("new", 1);
    await until(() => desk.answers.length === 301);
    for (const id of waiting) expect(desk.attempts(id).at(-1)).toBe(nowMs);
    expect(desk.attempts(full)).toHaveLength(triedBefore);
  });

  it("sends again after a restart what wasn't answered, in the order it was asked for", async () => {
    const desk = new Desk();
    const ids: string[] = [];
    for (let step = 8; step <= 12; step++)
      for (let index = 0; index < 12; index++) ids.push(desk.ask("i", step, { index }));
    await desk.restart(["bank"]);
    await until(() => desk.answers.length === ids.length);
    expect(desk.asked.map(({ id }) => id)).toEqual(ids);
  });

  it("says of what it gives up after a restart that it may have been carried out before", async () => {
    const desk = new Desk();
    const old = desk.ask("i", 1);
    await desk.restart(["bank"]);
    desk.take = () => Promise.reject(new Outage("unknown-aggregate", false));
    const young = desk.ask("j", 1);
    await until(() => desk.answers.length === 2);
    expect(desk.answerTo(old)).toMatchObject({ outcome: "given-up", uncertain: true });
    expect(desk.answerTo(young)).toMatchObject({ outcome: "given-up", uncertain: false });
  });

  it("lets go of what nobody waits for any more", async () => {
    const desk = await opened();
    desk.take = () => Promise.reject(new Outage("pool-full", true));
    const first = desk.ask("i", 1);
    const second = desk.ask("i", 2);
    await desk.clock.advance(50);
    desk.gone({ owner: "pay", instanceId: "i" }, first);
    desk.take = () => undefined;
    await desk.clock.advance(100_000);
    expect(desk.attempts(first)).toHaveLength(1);
    expect(desk.answers.map(({ id }) => id)).toEqual([second]);
    expect(desk.outbox.pending).toBe(0);
  });

  it("holds a bounded number, loses none, and keeps their order", async () => {
    const desk = await opened();
    let isDown = true;
    desk.take = () => (isDown ? Promise.reject(new Outage("pool-full", true)) : undefined);
    const instances = 300;
    const steps = 40;
    for (let step = 1; step <= steps; step++)
      for (let n = 0; n < instances; n++) desk.ask(`i-${n}`, step);
    expect(desk.outbox.pending).toBeLessThanOrEqual(LOADED_MAX + 1);
    await desk.settle();
    isDown = false;
    desk.asked.length = 0;
    let most = 0;
    const advancing = desk.clock.advance(60_000);
    await until(() => {
      most = Math.max(most, desk.outbox.pending);
      return desk.answers.length === instances * steps;
    });
    await advancing;
    expect(most).toBeLessThanOrEqual(LOADED_MAX + 1);
    expect(new Set(desk.answers.map(({ id }) => id)).size).toBe(instances * steps);
    const lastStep = new Map<string, number>();
    for (const { id } of desk.answers) {
      const [, instance = "", step] = /(i-\d+)#(\d+)/.exec(id) ?? [];
      expect(Number(step)).toBe((lastStep.get(instance) ?? 0) + 1);
      lastStep.set(instance, Number(step));
    }
  });

  it("keeps the order of an instance that alone has more than fit into memory", async () => {
    const desk = new Desk();
    const ids: string[] = [];
    for (let step = 1; step <= 700; step++)
      for (let index = 0; index < 10; index++) ids.push(desk.ask("i", step, { index }));
    await desk.restart(["bank"]);
    await until(() => desk.answers.length === ids.length);
    expect(desk.answers.map(({ id }) => id)).toEqual(ids);
  });

  it("doesn't send again what is answered while it reads from disk", async () => {
    const desk = new Desk();
    for (let n = 0; n < LOADED_MAX + 1_000; n++) desk.ask(`i-${n}`, 1, { entityId: `e-${n}` });
    desk.take = () => Promise.resolve({ status: "rejected", code: "no", details: null });
    await desk.restart(["bank"]);
    let open = () => undefined as void;
    let held = false;
    await until(() => {
      // The second read: what it finds was written before, and some of that is answered by then.
      if (!held && desk.answers.length > LOADED_MAX / 2 - 300) {
        held = true;
        desk.gate = new Promise((resolve) => (open = resolve));
      }
      return desk.answers.length >= LOADED_MAX;
    });
    open();
    await until(() => desk.answers.length >= LOADED_MAX + 1_000 && desk.outbox.pending === 0);
    expect(desk.asked).toHaveLength(LOADED_MAX + 1_000);
  });

  it("closed in the middle of attempts sends nothing more, and the next one goes on", async () => {
    const desk = await opened();
    let release = () => undefined as void;
    const held = new Promise<void>((resolve) => (release = resolve));
    desk.take = () => held.then(() => accepted);
    for (let n = 0; n < 600; n++) desk.ask(`i-${n}`, 1, { entityId: `e-${n}` });
    await until(() => desk.asked.length === 256);
    const closing = desk.outbox.close();
    release();
    await closing;
    expect(desk.asked).toHaveLength(256);
    expect(desk.answers).toEqual([]);
    await desk.restart(["bank"]);
    await until(() => desk.answers.length === 600);
    expect(new Set(desk.answers.map(({ id }) => id)).size).toBe(600);
  });
});
