import { describe, expect, it } from "vitest";
import { MemoryDirectory, openMemoryRuntime } from "../../src/testing/index.js";
import { openRuntime, type Runtime } from "../../src/index.js";
import { Purse, Transfer, TransferOrder, type Order } from "../support/transfers.js";
import { temporaryDirectory } from "../support/directories.js";

const parts = { aggregates: [Purse, TransferOrder], sagas: [Transfer] };

interface Store {
  open(): Promise<Runtime>;
}

const stores: [string, () => Store][] = [
  [
    "memory",
    () => {
      const directory = new MemoryDirectory();
      return { open: () => openMemoryRuntime({ ...parts, directory }) };
    },
  ],
  [
    "lmdb",
    () => {
      const directory = temporaryDirectory();
      return { open: () => openRuntime({ ...parts, directory }) };
    },
  ],
];

async function request(runtime: Runtime, id: string, order: Order): Promise<void> {
  await runtime.ask(TransferOrder, id, { type: "Request", data: order });
}

describe.each(stores)("a transfer over two accounts, %s", (_, makeStore) => {
  it("moves money once, and is at its end", async () => {
    const store = makeStore();
    const runtime = await store.open();
    await runtime.ask(Purse, "ann", { type: "Deposit", data: { cents: 500 } });
    await request(runtime, "t-1", { from: "ann", to: "bob", cents: 200 });
    await runtime.sagas.idle();
    expect((await runtime.state(Purse, "ann")).state.cents).toBe(300);
    expect((await runtime.state(Purse, "bob")).state.cents).toBe(200);
    expect(runtime.sagas.instance(Transfer, "t-1")).toMatchObject({
      status: "done",
      state: "done",
    });
    expect(runtime.sagas.counts(Transfer)).toEqual([
      { status: "done", version: 1, state: "done", instances: 1 },
    ]);
    await runtime.close();
  });

  it("gives the money back where it can't be credited", async () => {
    const runtime = await makeStore().open();
    await runtime.ask(Purse, "ann", { type: "Deposit", data: { cents: 500 } });
    await runtime.ask(Purse, "bob", { type: "Close" });
    await request(runtime, "t-1", { from: "ann", to: "bob", cents: 200 });
    await runtime.sagas.idle();
    expect((await runtime.state(Purse, "ann")).state.cents).toBe(500);
    const instance = runtime.sagas.instance(Transfer, "t-1");
    expect(instance).toMatchObject({ state: "undone", context: { why: "closed" }, commands: [] });
    await runtime.close();
  });

  it("goes on after a close at any moment", async () => {
    const store = makeStore();
    let runtime = await store.open();
    const transfers = 40;
    await runtime.ask(Purse, "ann", { type: "Deposit", data: { cents: 10_000 } });
    for (let number = 0; number < transfers; number++) {
      await request(runtime, `t-${number}`, { from: "ann", to: "bob", cents: 10 });
      if (number % 5 !== 0) continue;
      await runtime.close();
      runtime = await store.open();
    }
    await runtime.sagas.idle();
    expect((await runtime.state(Purse, "bob")).state.cents).toBe(transfers * 10);
    expect(runtime.sagas.counts(Transfer)).toMatchObject([{ state: "done", instances: transfers }]);
    await runtime.close();
  });
});
