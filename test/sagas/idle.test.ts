import { describe, expect, it } from "vitest";
import { openMemoryRuntime } from "../../src/testing/index.js";
import { Purse, Transfer, TransferOrder } from "../support/transfers.js";

describe("waiting until sagas have nothing left to do", () => {
  it("ends when the runtime is closed, though a command isn't answered", async () => {
    const faults = [{ operation: "append", streamId: "purse/ann", when: "before" } as const];
    const parts = { aggregates: [Purse, TransferOrder], sagas: [Transfer] };
    const runtime = await openMemoryRuntime({ ...parts, faults });
    await runtime.ask(Purse, "bob", { type: "Deposit", data: { cents: 500 } });
    const data = { from: "bob", to: "ann", cents: 200 };
    await runtime.ask(TransferOrder, "t-1", { type: "Request", data });
    const idle = runtime.sagas.idle();
    const ended = expect(idle).rejects.toMatchObject({ code: "runtime-closed" });
    while (runtime.sagas.outbox().every(({ lastError }) => lastError === undefined))
      await new Promise((resolve) => setImmediate(resolve));
    await runtime.close();
    await ended;
  });
});
