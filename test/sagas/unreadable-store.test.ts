/** What can't be read from the disk just now can be read later: nothing is refused or given up because of it. */
import { expect, it } from "vitest";
import { ManualClock, openMemoryRuntime } from "tidemark/testing";
import { Purse, Transfer, TransferOrder } from "../support/transfers.js";

it.each([
  ["an instance", "transfer/t-1"],
  ["an entity that it sends commands to", "purse/ann"],
])("reads of %s that fail a few times are tried again", async (_what, streamId) => {
  const clock = new ManualClock();
  const faults = [1, 2, 3].map((nth) => ({ operation: "readStream" as const, streamId, nth }));
  const parts = { aggregates: [Purse, TransferOrder], sagas: [Transfer] };
  const runtime = await openMemoryRuntime({ ...parts, clock, faults });
  await runtime.ask(Purse, "bob", { type: "Deposit", data: { cents: 500 } });
  const data = { from: "bob", to: "ann", cents: 200 };
  await runtime.ask(TransferOrder, "t-1", { type: "Request", data });
  await clock.advance(60_000);
  await runtime.sagas.idle();
  expect(runtime.sagas.refused(Transfer)).toEqual([]);
  expect((await runtime.state(Purse, "ann")).state.cents).toBe(200);
  expect(runtime.sagas.outbox().every(({ failures }) => failures === 0)).toBe(true);
  await runtime.close();
});
