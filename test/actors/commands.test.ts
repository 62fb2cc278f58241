import { hasCode, type Answer } from "tidemark";
import { beforeEach, describe, expect, it } from "vitest";
import { Account, deposit, withdraw, type AccountEvent } from "../support/account.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";

const options = { aggregates: [Account] };

describe.each(storeKinds)("commands to an aggregate, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));

  it("answers accepted with version, position and the recorded events", async () => {
    const runtime = await harness.open(options);
    await runtime.ask(Account, "a", { type: "Open", data: { owner: "Ada" } });
    const answer = await runtime.ask(Account, "b", { type: "DepositTwice", data: { cents: 5 } });
    expect(answer).toMatchObject({ status: "accepted", version: 2, position: 3, duplicate: false });
    expect(
      accepted(answer).events.map(({ type, version, position, streamId }) => ({
        type,
        version,
        position,
        streamId,
      })),
    ).toEqual([
      { type: "Deposited", version: 1, position: 2, streamId: "account/b" },
      { type: "Deposited", version: 2, position: 3, streamId: "account/b" },
    ]);
  });

  it("answers rejected with code and details, and records nothing", async () => {
    const runtime = await harness.open(options);
    const answer = await runtime.ask(Account, "a", withdraw(5));
    expect(answer).toEqual({
      status: "rejected",
      code: "insufficient-funds",
      details: { cents: 0 },
    });
    expect(runtime.head).toBe(0);
  });

  it("answers accepted without events where there is nothing to record", async () => {
    const runtime = await harness.open(options);
    await runtime.ask(Account, "a", deposit(1));
    const answer = await runtime.ask(Account, "a", { type: "Touch" });
    expect(answer).toEqual({
      status: "accepted",
      version: 1,
      position: 1,
      events: [],
      duplicate: false,
    });
    expect(runtime.head).toBe(1);
  });

  it("finds everything again after it was closed and opened", async () => {
    let runtime = await harness.open(options);
    for (let n = 1; n <= 10; n++) await runtime.ask(Account, `a${n % 3}`, deposit(n));
    const before = [...runtime.events()];
    runtime = await harness.open(options);
    expect([...runtime.events()]).toEqual(before);
    expect((await runtime.state(Account, "a1")).state.cents).toBe(1 + 4 + 7 + 10);
    expect(accepted(await runtime.ask(Account, "a1", withdraw(22))).version).toBe(5);
  });

  it("handles commands to one entity in the order in which they were asked, and pipelines them", async () => {
    const runtime = await harness.open(options);
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, n) => runtime.ask(Account, "hot", deposit(n))),
    );
    expect(answers.map((answer) => accepted(answer).version)).toEqual(
      Array.from({ length: 500 }, (_, n) => n + 1),
    );
    // One sync a command would be 500 groups.
    expect(runtime.status().journal.groups).toBeLessThan(100);
  });

  it("never overdraws under concurrent withdrawals", async () => {
    const runtime = await harness.open(options);
    await runtime.ask(Account, "a", deposit(50));
    const answers = await Promise.all(
      Array.from({ length: 200 }, () => runtime.ask(Account, "a", withdraw(1))),
    );
    expect(answers.filter(({ status }) => status === "accepted")).toHaveLength(50);
    expect((await runtime.state(Account, "a")).state.cents).toBe(0);
  });

  it("tells a refusal only after the commits it rests on are durable", async () => {
    const runtime = await harness.open(options);
    const order: string[] = [];
    const first = runtime
      .ask(Account, "a", deposit(1))
      .then(() => order.push(`accepted at head ${runtime.head}`));
    const second = runtime.ask(Account, "a", withdraw(2)).then(() => order.push("rejected"));
    await Promise.all([first, second]);
    expect(order).toEqual(["accepted at head 1", "rejected"]);
  });

  it("carries correlation and causation from an event to the command that it causes", async () => {
    const runtime = await harness.open(options);
    const first = accepted(
      await runtime.ask(Account, "a", deposit(1), { commandId: "c-1", headers: { user: "ada" } }),
    ).events[0]!;
    expect(first).toMatchObject({
      correlationId: "c-1",
      causationId: "c-1",
      headers: { user: "ada" },
    });
    const second = accepted(await runtime.ask(Account, "b", deposit(1), { causedBy: first }))
      .events[0]!;
    expect(second).toMatchObject({ correlationId: "c-1", causationId: first.eventId });
    const third = accepted(await runtime.ask(Account, "c", deposit(1))).events[0]!;
    expect(third).toMatchObject({ correlationId: third.eventId, causationId: undefined });
  });

  it("refuses what it can't take, with a typed error, and goes on", async () => {
    const runtime = await harness.open(options);
    const cases = [
      () => runtime.ask(Account, "", deposit(1)),
      () => runtime.ask(Account, "a\u0000b", deposit(1)),
      () => runtime.ask(Account, "x".repeat(257), deposit(1)),
      () => runtime.ask(Account, "a", { type: "toString" } as never),
      () => runtime.ask(Account, "a", { type: "__proto__" } as never),
      () => runtime.ask(Account, "a", null as never),
      () => runtime.ask(Account, "a", deposit(1), { commandId: "" }),
      () => runtime.ask(Account, "a", deposit(1), { timeoutMs: 0 }),
      () => runtime.ask(Account, "a", deposit(1), { headers: { a: new Map() } }),
      () => runtime.ask(Account, "a", deposit(Number.NaN)),
    ];
    for (const run of cases)
      await expect(run()).rejects.toSatisfy((error) => hasCode(error, "invalid-argument"));
    expect(runtime.head).toBe(0);
    expect((await runtime.ask(Account, "a", deposit(1))).status).toBe("accepted");
  });

  it("refuses a command at another version than expected", async () => {
    const runtime = await harness.open(options);
    await runtime.ask(Account, "a", deposit(1));
    await expect(
      runtime.ask(Account, "a", deposit(1), { expectedVersion: 0 }),
    ).rejects.toMatchObject({ code: "version-conflict", actual: 1 });
    expect((await runtime.ask(Account, "a", deposit(1), { expectedVersion: 1 })).status).toBe(
      "accepted",
    );
  });
});

describe.each(storeKinds)("a command with an id, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));

  it("is answered from the journal when it comes again, also after a reopening", async () => {
    let runtime = await harness.open(options);
    const first = accepted(await runtime.ask(Account, "a", deposit(5), { commandId: "c-1" }));
    await runtime.ask(Account, "a", deposit(7));
    const again = await runtime.ask(Account, "a", deposit(5), { commandId: "c-1" });
    expect(again).toEqual({ ...first, duplicate: true });
    runtime = await harness.open(options);
    expect(await runtime.ask(Account, "a", deposit(5), { commandId: "c-1" })).toEqual({
      ...first,
      duplicate: true,
    });
    expect((await runtime.state(Account, "a")).state.cents).toBe(12);
  });

  it("is not refused on its repetition by a rule that it made true itself", async () => {
    const runtime = await harness.open(options);
    const open = { type: "Open", data: { owner: "Ada" } } as const;
    expect(await runtime.ask(Account, "a", open, { commandId: "c-1" })).toMatchObject({
      status: "accepted",
    });
    expect(await runtime.ask(Account, "a", open, { commandId: "c-1" })).toMatchObject({
      status: "accepted",
      duplicate: true,
    });
    expect(await runtime.ask(Account, "a", open, { commandId: "c-2" })).toMatchObject({
      code: "already-open",
    });
  });

  it("is carried out once when it comes twice at the same time", async () => {
    const runtime = await harness.open(options);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => runtime.ask(Account, "a", deposit(5), { commandId: "c-1" })),
    );
    expect(answers.filter((answer) => !accepted(answer).duplicate)).toHaveLength(1);
    expect((await runtime.state(Account, "a")).state.cents).toBe(5);
  });

  it("is refused for another entity", async () => {
    const runtime = await harness.open(options);
    await runtime.ask(Account, "a", deposit(5), { commandId: "c-1" });
    await expect(runtime.ask(Account, "b", deposit(5), { commandId: "c-1" })).rejects.toMatchObject(
      { code: "command-id-reused" },
    );
    expect(runtime.head).toBe(1);
  });
});

describe.each(storeKinds)("tell, dry run and state, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));

  it("keeps told commands that were refused or failed among the dead letters", async () => {
    const runtime = await harness.open(options);
    runtime.tell(Account, "a", deposit(5));
    runtime.tell(Account, "a", withdraw(9), { commandId: "w" });
    runtime.tell(Account, "a", { type: "Nonsense" } as never);
    await runtime.ask(Account, "a", { type: "Touch" });
    expect(runtime.head).toBe(1);
    const reasons = runtime
      .deadLetters()
      .map(({ commandId, reason }) => [commandId, (reason as { code: string }).code]);
    expect(reasons).toEqual([
      [undefined, "invalid-argument"],
      ["w", "insufficient-funds"],
    ]);
    expect(runtime.status().actors.deadLetters).toBe(2);
  });

  it("decides in a dry run without recording or changing anything", async () => {
    const runtime = await harness.open(options);
    await runtime.ask(Account, "a", deposit(5));
    expect(await runtime.dryRun(Account, "a", withdraw(3))).toEqual({
      status: "accepted",
      version: 2,
      events: [{ type: "Withdrawn", data: { cents: 3 } }],
      state: { status: "absent", owner: "", cents: 2 },
    });
    expect(await runtime.dryRun(Account, "a", withdraw(9))).toMatchObject({
      code: "insufficient-funds",
    });
    expect(runtime.head).toBe(1);
    expect((await runtime.state(Account, "a")).state.cents).toBe(5);
  });

  it("shows the state at a version, a position and a time", async () => {
    const clock = await import("tidemark/testing").then(
      ({ ManualClock }) => new ManualClock(1_000_000),
    );
    const runtime = await harness.open({ ...options, clock });
    for (let n = 1; n <= 5; n++) {
      await runtime.ask(Account, "a", deposit(10));
      await runtime.ask(Account, "b", deposit(1));
      clock.setWall(1_000_000 + n * 1_000);
    }
    expect(await runtime.state(Account, "a", { at: { version: 3 } })).toMatchObject({
      version: 3,
      position: 5,
      state: { cents: 30 },
    });
    expect(await runtime.state(Account, "a", { at: { position: 6 } })).toMatchObject({
      version: 3,
      position: 5,
    });
    expect(await runtime.state(Account, "a", { at: { timeMs: 1_002_500 } })).toMatchObject({
      version: 3,
    });
    expect(await runtime.state(Account, "a", { at: { version: 0 } })).toMatchObject({
      version: 0,
      state: { cents: 0 },
    });
    expect(await runtime.state(Account, "a")).toMatchObject({ version: 5, state: { cents: 50 } });
    expect(await runtime.state(Account, "nobody")).toMatchObject({ version: 0, position: 0 });
  });

  it("gives copies of the state", async () => {
    const runtime = await harness.open(options);
    await runtime.ask(Account, "a", deposit(5));
    const { state } = await runtime.state(Account, "a");
    (state as { cents: number }).cents = 999;
    expect((await runtime.state(Account, "a")).state.cents).toBe(5);
  });
});

function accepted(answer: Answer<AccountEvent>) {
  if (answer.status !== "accepted") throw new Error(`rejected: ${answer.code}`);
  return answer;
}
