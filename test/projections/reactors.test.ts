import { ManualClock } from "tidemark/testing";
import { reactor, type ReactorDefinition, type Runtime } from "tidemark";
import { beforeEach, describe, expect, it } from "vitest";
import { Account, deposit } from "../support/account.js";
import { balancesOf } from "../support/balances.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";
import { until } from "../support/until.js";

type Definition = ReactorDefinition<readonly [typeof Account]>;
const balances = balancesOf(1);

/** Keeps what it was told; fails as long as `bad` says so. */
function mailer(
  sent: string[],
  options: Partial<Definition> = {},
  bad: (position: number, tries: number) => boolean = () => false,
) {
  const tries = new Map<number, number>();
  return reactor({
    name: "mail",
    from: [Account],
    on: {
      Deposited: async (event, { effectId }) => {
        const count = (tries.get(event.position) ?? 0) + 1;
        tries.set(event.position, count);
        await Promise.resolve();
        if (bad(event.position, count)) throw new Error("no connection");
        sent.push(effectId);
      },
    },
    ...options,
  });
}

const statusOf = (runtime: Runtime) => runtime.status().reactors["mail"]!;

async function deposits(runtime: Runtime, count: number): Promise<void> {
  for (let n = 0; n < count; n++) await runtime.ask(Account, `a${n % 3}`, deposit(1));
}

const positionsOf = (sent: readonly string[]) =>
  sent.map((effectId) => Number(/:(\d+)\/mail$/.exec(effectId)?.[1]));

describe.each(storeKinds)("a reactor, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));

  it("reacts to what comes after its first opening, once each, also over reopenings", async () => {
    const sent: string[] = [];
    let runtime = await harness.open({ aggregates: [Account] });
    await deposits(runtime, 4);
    for (let round = 0; round < 3; round++) {
      runtime = await harness.open({ aggregates: [Account], reactors: [mailer(sent)] });
      const before = sent.length;
      await deposits(runtime, 5);
      await until(() => sent.length === before + 5);
    }
    const positions = runtime.events({ filter: { eventTypes: ["Deposited"] }, after: 4 });
    expect(positionsOf(sent).sort((a, b) => a - b)).toEqual(
      [...positions].map(({ position }) => position),
    );
    expect(new Set(sent).size).toBe(sent.length);
    expect(runtime.operations.audit("mail").map(({ type }) => type)).toContain("ReactorStarted");
  });

  it("reacts to the past where it is told to start at the beginning, or behind a position", async () => {
    const sent: string[] = [];
    let runtime = await harness.open({ aggregates: [Account] });
    await deposits(runtime, 6);
    const reactors = [mailer(sent, { start: "beginning", concurrency: 1 })];
    runtime = await harness.open({ aggregates: [Account], reactors });
    await until(() => sent.length === 6);
    expect(positionsOf(sent)).toEqual([1, 2, 3, 4, 5, 6]);
    const later: string[] = [];
    const other = reactor({
      name: "other",
      from: [Account],
      start: 4,
      on: { Deposited: ({ position }) => void later.push(String(position)) },
    });
    runtime = await harness.open({ aggregates: [Account], reactors: [other] });
    await until(() => later.length === 2);
    expect(later.sort()).toEqual(["5", "6"]);
  });

  it("does nothing again when views are rebuilt", async () => {
    const sent: string[] = [];
    const runtime = await harness.open({
      aggregates: [Account],
      projections: [balances],
      reactors: [mailer(sent)],
    });
    await deposits(runtime, 5);
    await until(() => sent.length === 5);
    await runtime.operations.rebuild(balances);
    await until(() => runtime.status().projections["balances"]!.rebuild!.phase === "done");
    expect(sent).toHaveLength(5);
    await expect(runtime.operations.rebuild("mail")).rejects.toMatchObject({
      code: "operation-refused",
    });
  });

  it("tries again what failed, without repeating what happened beside it, in order of the key", async () => {
    const clock = new ManualClock();
    const sent: string[] = [];
    const mail = mailer(sent, {}, (position, tries) => position === 2 && tries < 4);
    const options = { aggregates: [Account], reactors: [mail], clock, askTimeoutMs: 1e9 };
    const runtime = await harness.open(options);
    const asking = deposits(runtime, 9);
    for (let n = 0; n < 2_000 && sent.length < 9; n++) await clock.advance(5);
    await asking;
    while (sent.length < 9) await clock.advance(10);
    // The first position is that of the audit record of its start. 2, 5 and 8 are of one key.
    const positions = positionsOf(sent);
    expect([...positions].sort((a, b) => a - b)).toEqual([2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(positions.filter((position) => position % 3 === 2)).toEqual([2, 5, 8]);
    expect(statusOf(runtime).parked).toBe(0);
  });

  it("parks what keeps failing with what comes behind it, and catches up when it is replayed", async () => {
    const sent: string[] = [];
    let broken = true;
    const mail = mailer(sent, { onFailure: { attemptsMax: 1 } }, (position) => {
      return broken && position === 2;
    });
    let runtime = await harness.open({ aggregates: [Account], reactors: [mail] });
    await deposits(runtime, 9);
    await until(() => sent.length === 6 && statusOf(runtime).parked === 3);
    runtime = await harness.open({ aggregates: [Account], reactors: [mail] });
    expect(runtime.operations.parked(mail).map(({ position }) => position)).toEqual([2, 5, 8]);
    broken = false;
    expect(await runtime.operations.replayParked(mail)).toEqual({ replayed: 3, failed: undefined });
    expect(positionsOf(sent).slice(6)).toEqual([2, 5, 8]);
    expect(new Set(sent).size).toBe(9);
  });

  it("counts an effect that hangs as failed after the time allowed, and aborts it", async () => {
    const clock = new ManualClock();
    const signals: AbortSignal[] = [];
    const slow = reactor({
      name: "mail",
      from: [Account],
      timeoutMs: 1_000,
      onFailure: { attemptsMax: 1, then: "stop" },
      on: {
        Deposited: (_event, { signal }) => {
          signals.push(signal);
          return new Promise(() => undefined);
        },
      },
    });
    const runtime = await harness.open({ aggregates: [Account], reactors: [slow], clock });
    const asking = deposits(runtime, 1);
    for (let n = 0; n < 50; n++) await clock.advance(1);
    await asking;
    while (signals.length === 0) await clock.advance(1);
    while (statusOf(runtime).state !== "stopped") await clock.advance(500);
    expect(signals[0]!.aborted).toBe(true);
    expect(statusOf(runtime).error!.message).toMatch(/took longer than 1000 ms/);
    expect(runtime.health().state).toBe("unhealthy");
  });

  it("waits for the projection to show what it reacts to", async () => {
    const sent: string[] = [];
    const seen: unknown[] = [];
    const after = reactor({
      name: "mail",
      from: [Account],
      after: balances,
      on: {
        Deposited: async (event, { effectId, view }) => {
          seen.push(await view(balances).get(event.entityId));
          sent.push(effectId);
        },
      },
    });
    const options = { aggregates: [Account], projections: [balances], reactors: [after] };
    const runtime = await harness.open(options);
    await runtime.operations.pause(balances);
    await deposits(runtime, 3);
    for (let n = 0; n < 50; n++) await new Promise((resolve) => setImmediate(resolve));
    expect(sent).toEqual([]);
    await runtime.operations.resume(balances);
    await until(() => sent.length === 3);
    expect(seen).toEqual(Array(3).fill({ cents: 1, changes: 1, version: 1 }));
    await expect(harness.open({ ...options, projections: [] })).rejects.toThrow(/after of reactor/);
  });

  it("sends commands with the same ids at each attempt, so that each is carried out once", async () => {
    let attempts = 0;
    const answers: string[] = [];
    const bonus = reactor({
      name: "bonus",
      from: [Account],
      key: () => "one",
      on: {
        Deposited: async (event, { ask }) => {
          if (event.entityId !== "a0") return;
          attempts += 1;
          for (const entityId of ["b1", "b2"]) {
            const answer = await ask(Account, entityId, deposit(5));
            answers.push(
              `${entityId} ${answer.status} ${"duplicate" in answer && answer.duplicate}`,
            );
          }
          if (attempts === 1) throw new Error("after both were carried out");
        },
      },
    });
    let runtime = await harness.open({ aggregates: [Account], reactors: [bonus] });
    await runtime.ask(Account, "a0", deposit(1));
    await until(() => answers.length === 4);
    expect(answers).toEqual([
      "b1 accepted false",
      "b2 accepted false",
      "b1 accepted true",
      "b2 accepted true",
    ]);
    runtime = await harness.open({ aggregates: [Account], reactors: [bonus] });
    for (const entityId of ["b1", "b2"])
      expect((await runtime.state(Account, entityId)).version).toBe(1);
  });

  it("closes with effects on their way, and does them again", async () => {
    const begun: string[] = [];
    const sent: string[] = [];
    const hanging = reactor({
      name: "mail",
      from: [Account],
      on: {
        Deposited: (_event, { effectId }) => {
          begun.push(effectId);
          return new Promise(() => undefined);
        },
      },
    });
    let runtime = await harness.open({ aggregates: [Account], reactors: [hanging] });
    await deposits(runtime, 2);
    await until(() => begun.length > 0);
    await runtime.close();
    runtime = await harness.open({ aggregates: [Account], reactors: [mailer(sent)] });
    await until(() => sent.length === 2);
    expect(sent[0]).toBe(begun[0]);
  });
});
