import { aggregate, openRuntime } from "tidemark";
import { openMemoryRuntime } from "tidemark/testing";
import { beforeEach, describe, expect, it } from "vitest";
import { Account, accountDefinition, accountWith, deposit } from "../support/account.js";
import { temporaryDirectory } from "../support/directories.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";

const Fragile = aggregate<
  { cents: number },
  { type: "Deposit"; data: { cents: number } },
  { type: "Deposited"; data: { cents: number } }
>({
  name: "account",
  initialState: () => ({ cents: 0 }),
  decide: {
    Deposit: (state, { cents }) => {
      if (cents === 13) {
        // Against its contract: changes the state on the way to failing.
        state.cents = -1;
        throw new Error("decide has a bug");
      }
      return { type: "Deposited", data: { cents } };
    },
  },
  evolve: {
    Deposited: (state, { cents }) => {
      if (cents === 99) {
        state.cents = -1;
        throw new Error("evolve has a bug");
      }
      return { cents: state.cents + cents };
    },
  },
});

describe.each(storeKinds)("a handler that throws, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));

  it("fails the command with its cause, records nothing, and leaves the actor usable", async () => {
    const runtime = await harness.open({ aggregates: [Fragile] });
    await runtime.ask(Fragile, "a", { type: "Deposit", data: { cents: 5 } });
    await expect(
      runtime.ask(Fragile, "a", { type: "Deposit", data: { cents: 13 } }),
    ).rejects.toMatchObject({
      code: "decide-failed",
      cause: { message: "decide has a bug" },
    });
    await expect(
      runtime.ask(Fragile, "a", { type: "Deposit", data: { cents: 99 } }),
    ).rejects.toMatchObject({
      code: "evolve-failed",
      streamId: "account/a",
      version: 2,
      eventType: "Deposited",
      cause: { message: "evolve has a bug" },
    });
    expect(runtime.head).toBe(1);
    expect(await runtime.ask(Fragile, "a", { type: "Deposit", data: { cents: 1 } })).toMatchObject({
      version: 2,
    });
    expect((await runtime.state(Fragile, "a")).state).toEqual({ cents: 6 });
  });

  it("harms no command that was asked before or after it", async () => {
    const runtime = await harness.open({ aggregates: [Fragile] });
    const amounts = [1, 99, 2, 13, 3];
    const answers = await Promise.allSettled(
      amounts.map((cents) => runtime.ask(Fragile, "a", { type: "Deposit", data: { cents } })),
    );
    expect(answers.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "rejected",
      "fulfilled",
    ]);
    expect((await runtime.state(Fragile, "a")).state).toEqual({ cents: 6 });
  });

  it("names what decide must return where it returns something else", async () => {
    const Odd = aggregate<object, { type: "Go" }, { type: "Gone" }>({
      name: "odd",
      initialState: () => ({}),
      decide: { Go: () => undefined as never },
      evolve: { Gone: (state) => state },
    });
    const runtime = await harness.open({ aggregates: [Odd] });
    await expect(runtime.ask(Odd, "a", { type: "Go" })).rejects.toThrow(
      /an event, an array of events, or reject/,
    );
  });
});

describe.each(storeKinds)("a stream that can't be hydrated, on %s", (kind) => {
  it("fails with stream, version and event type, and harms nobody else", async () => {
    const harness = runtimeHarness(kind);
    let runtime = await harness.open({ aggregates: [Account] });
    await runtime.ask(Account, "bad", deposit(1));
    await runtime.ask(Account, "bad", deposit(666));
    await runtime.ask(Account, "good", deposit(1));
    const Strict = accountWith({
      evolve: {
        ...accountDefinition.evolve,
        Deposited: (state, { cents }) => {
          if (cents === 666) throw new Error("can't read this");
          return { ...state, cents: state.cents + cents };
        },
      },
    });
    runtime = await harness.open({ aggregates: [Strict] });
    const asked = runtime.ask(Strict, "bad", deposit(1));
    await expect(asked).rejects.toMatchObject({
      code: "hydration-failed",
      retryable: false,
      streamId: "account/bad",
      version: 2,
      eventType: "Deposited",
      cause: { message: "can't read this" },
    });
    expect(await runtime.ask(Strict, "good", deposit(1))).toMatchObject({
      status: "accepted",
      version: 2,
    });
    await expect(runtime.state(Strict, "bad")).rejects.toMatchObject({ code: "hydration-failed" });
    expect(runtime.status().actors.activations).toBe(1);
  });
});

describe("the journal failing under an actor", () => {
  it("tells not-written and outcome-unknown apart, and shows what is true after a reopening", async () => {
    const { MemoryDirectory } = await import("tidemark/testing");
    const directory = new MemoryDirectory();
    let runtime = await openMemoryRuntime({
      directory,
      aggregates: [Account],
      faults: [{ operation: "append", nth: 2, when: "after" }],
    });
    await runtime.ask(Account, "a", deposit(1));
    const unknown = runtime.ask(Account, "a", deposit(2), { commandId: "c-2" });
    const behind = runtime.ask(Account, "a", deposit(4));
    await expect(unknown).rejects.toMatchObject({ code: "append-outcome-unknown" });
    await expect(behind).rejects.toMatchObject({ code: "journal-poisoned" });
    await expect(runtime.ask(Account, "b", deposit(1))).rejects.toMatchObject({
      code: "journal-poisoned",
    });
    await runtime.close();
    runtime = await openMemoryRuntime({ directory, aggregates: [Account] });
    expect((await runtime.state(Account, "a")).state.cents).toBe(3);
    expect(await runtime.ask(Account, "a", deposit(2), { commandId: "c-2" })).toMatchObject({
      duplicate: true,
    });
    await runtime.close();
  });

  it("refuses and records nothing where the failure came before writing", async () => {
    const runtime = await openMemoryRuntime({
      aggregates: [Account],
      faults: [{ operation: "append", streamId: "account/b" }],
    });
    await runtime.ask(Account, "a", deposit(1));
    await expect(runtime.ask(Account, "b", deposit(1))).rejects.toMatchObject({
      code: "journal-poisoned",
    });
    expect(runtime.head).toBe(1);
    await runtime.close();
  });

  it("hydrates again after a read failed once", async () => {
    const runtime = await openMemoryRuntime({
      aggregates: [Account],
      faults: [{ operation: "readStream", nth: 1 }],
    });
    await expect(runtime.ask(Account, "a", deposit(1))).rejects.toMatchObject({
      code: "hydration-failed",
      retryable: true,
    });
    expect(await runtime.ask(Account, "a", deposit(1))).toMatchObject({ status: "accepted" });
    await runtime.close();
  });
});

describe("opening a runtime", () => {
  it("refuses a journal whose event types no aggregate can read", async () => {
    const directory = temporaryDirectory();
    const runtime = await openRuntime({ directory, aggregates: [Account] });
    await runtime.ask(Account, "a", deposit(1));
    await runtime.close();
    const { Deposited: _gone, ...evolve } = accountDefinition.evolve;
    const Less = aggregate({ ...accountDefinition, evolve } as never);
    await expect(openRuntime({ directory, aggregates: [Less] })).rejects.toThrow(
      /every event type recorded.*Deposited/,
    );
    // And lets go of the directory.
    await (await openRuntime({ directory, aggregates: [Account] })).close();
  });

  it("refuses two aggregates of one name, and a command to an aggregate it wasn't opened with", async () => {
    await expect(openMemoryRuntime({ aggregates: [Account, Fragile] })).rejects.toMatchObject({
      code: "invalid-argument",
    });
    const runtime = await openMemoryRuntime({ aggregates: [] });
    await expect(runtime.ask(Account, "a", deposit(1))).rejects.toMatchObject({
      code: "unknown-aggregate",
      aggregate: "account",
    });
    await runtime.close();
  });
});
