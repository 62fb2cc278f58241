import type { Runtime, Saga } from "tidemark";
import {
  ManualClock,
  MemoryDirectory,
  openMemoryRuntime,
  type MemoryRuntimeOptions,
} from "tidemark/testing";
import { afterEach, describe, expect, it } from "vitest";
import { confirmation } from "../../../examples/confirmations/confirmation-saga.js";
import { Order as Mailed } from "../../../examples/confirmations/order.js";
import { Account } from "../../../examples/guides/aggregates.js";
import {
  debitOf,
  looking,
  Payment,
  releasing,
  Undoable,
} from "../../../examples/guides/saga-patterns.js";
import { golden, specification } from "../../../examples/guides/saga-testing.js";
import {
  beforeDeploying,
  InvoiceV1,
  InvoiceV2,
  InvoiceV3,
} from "../../../examples/guides/saga-versions.js";
import { openBank, Transfer, TransferOrder } from "../../../examples/guides/sagas.js";
import { temporaryDirectory } from "../../support/directories.js";

const opened: Runtime[] = [];
afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.close();
});

async function open(saga: Saga, options: Partial<MemoryRuntimeOptions> = {}): Promise<Runtime> {
  const aggregates = [Account, TransferOrder];
  const runtime = await openMemoryRuntime({ aggregates, sagas: [saga], ...options });
  opened.push(runtime);
  return runtime;
}

async function transfer(runtime: Runtime, id: string, cents: number): Promise<void> {
  const data = { from: "ada", to: "bo", cents };
  await runtime.ask(TransferOrder, id, { type: "Request", data });
  await runtime.sagas.idle();
}

async function centsOf(runtime: Runtime, account: string): Promise<number> {
  return (await runtime.state(Account, account)).state.cents;
}

const pay = (runtime: Runtime, cents: number) =>
  runtime.ask(Account, "ada", { type: "Deposit", data: { cents } });

describe("the guide to sagas", () => {
  it("moves money in two steps, or says why not, and shows the instance", async () => {
    const runtime = await openBank(temporaryDirectory());
    opened.push(runtime);
    await pay(runtime, 100);
    await transfer(runtime, "t-1", 60);
    await transfer(runtime, "t-2", 60);
    expect([await centsOf(runtime, "ada"), await centsOf(runtime, "bo")]).toEqual([40, 60]);
    const { instance, asItWas, history } = looking(runtime);
    expect(instance).toMatchObject({ status: "done", state: "done", context: { cents: 60 } });
    expect(asItWas).toMatchObject({ status: "active", state: "debiting" });
    expect(history.map(({ event, state }) => [event?.type, state])).toEqual([
      ["start", "debiting"],
      ["debit.accepted", "crediting"],
      ["credit.accepted", "done"],
    ]);
    expect(runtime.sagas.instance(Transfer, "t-2")).toMatchObject({
      state: "refused",
      context: { why: "insufficient-funds" },
    });
  });

  it("asks a command for as long as a state lasts", async () => {
    const runtime = await open(Payment);
    await pay(runtime, 100);
    await transfer(runtime, "paid", 60);
    await transfer(runtime, "refused", 60);
    const { position } = [...runtime.history(Account, "ada")].at(-1)!;
    expect(runtime.sagas.instance(Payment, "paid")).toMatchObject({
      state: "paid",
      context: { at: position },
    });
    expect(runtime.sagas.instance(Payment, "refused")).toMatchObject({
      state: "refused",
      context: { why: "insufficient-funds" },
    });
  });

  it("undoes what was done, once a later step is refused", async () => {
    const runtime = await open(Undoable);
    await pay(runtime, 100);
    await transfer(runtime, "t-1", 60);
    expect(runtime.sagas.instance(Undoable, "t-1")).toMatchObject({ state: "undone" });
    expect(await centsOf(runtime, "ada")).toBe(100);
    const types = [...runtime.history(Account, "ada")].map(({ type }) => type);
    expect(types).toEqual(["Deposited", "Withdrawn", "Deposited"]);
  });

  it("parks an instance whose machine doesn't hear a refusal, and releases it under one that does", async () => {
    const directory = new MemoryDirectory();
    const before = await open(debitOf(1), { directory });
    await transfer(before, "t-7", 60);
    expect(before.health().state).toBe("degraded");
    await before.close();
    const Mended = debitOf(2);
    const after = await open(Mended, { directory });
    const lines = await releasing(after, Mended);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^t-7 in debiting: in state debiting nothing handles debit\.rejected \(insufficient-funds\): give it a transition/,
    );
    expect(after.sagas.instance(Mended, "t-7")).toMatchObject({ status: "done", state: "refused" });
  });

  it("pins instances of one version, migrates those of another, and says so before it is deployed", async () => {
    const directory = new MemoryDirectory();
    const paid = { type: "Paid" };
    const first = await open(InvoiceV1, { directory });
    await first.sagas.start(InvoiceV1, "old");
    await first.close();
    const second = await open(InvoiceV2, { directory });
    await second.sagas.start(InvoiceV2, "newer");
    await second.sagas.idle();
    const { report, careless } = await beforeDeploying(second);
    expect([report.willPark, careless.willPark]).toEqual([0, 2]);
    await second.close();
    const third = await open(InvoiceV3, { directory });
    await third.sagas.send(InvoiceV3, "old", paid);
    await third.sagas.send(InvoiceV3, "newer", paid);
    expect(third.sagas.instance(InvoiceV3, "old")).toMatchObject({
      state: "done",
      version: 1,
      context: { tries: 1 },
    });
    expect(third.sagas.instance(InvoiceV3, "newer")).toMatchObject({
      state: "done",
      version: 3,
      context: { tries: 0 },
    });
  });

  it("specifies a saga in virtual time", () => {
    expect(specification).not.toThrow();
  });

  it("replays what an instance did, and names the first step that a changed machine takes otherwise", async () => {
    const Confirmation = confirmation(60_000);
    const clock = new ManualClock();
    const runtime = await openMemoryRuntime({ aggregates: [Mailed], sagas: [Confirmation], clock });
    opened.push(runtime);
    const data = { email: "ada@example.org", item: "lamp" };
    await runtime.ask(Mailed, "order-7", { type: "Place", data });
    await runtime.sagas.idle();
    const failed = { type: "RecordMailFailed", data: { attempt: 1, reason: "full" } } as const;
    await runtime.ask(Mailed, "order-7", failed);
    await runtime.sagas.idle();
    const history = golden(runtime, Confirmation, Confirmation);
    expect(JSON.parse(JSON.stringify(history))).toEqual(history);
    const impatient = () => golden(runtime, Confirmation, confirmation(30_000));
    expect(impatient).toThrow(/xstate\.after\.retry/);
  });
});
