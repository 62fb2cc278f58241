import { JournalFullError, reactor, type Runtime } from "tidemark";
import { ManualClock, MemoryDirectory, openMemoryRuntime, type Fault } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { Account, deposit } from "../support/account.js";

describe("a reactor that records what came of its effect", () => {
  it("parks nothing when the journal takes no more, and goes on when it is opened again", async () => {
    const directory = new MemoryDirectory();
    const clock = new ManualClock();
    const open = (faults: readonly Fault[]): Promise<Runtime> => {
      const opening: Promise<Runtime> = openMemoryRuntime({
        aggregates: [Account],
        reactors: [bonus(() => opening)],
        directory,
        clock,
        faults,
      });
      return opening;
    };
    const failing = await open([{ operation: "append", streamId: "account/bonus" }]);
    await failing.ask(Account, "a", deposit(5));
    await clock.advance(60_000);
    expect(failing.status().reactors["bonus"]).toMatchObject({ parked: 0, state: "retrying" });
    await failing.close();

    const runtime = await open([]);
    await runtime.operations.refresh("bonus");
    expect((await runtime.state(Account, "bonus")).version).toBe(1);
    await runtime.close();
  });
});

it("a reactor whose commands find no room on the disk waits for it, and parks nothing", async () => {
  const clock = new ManualClock();
  let hasRoom = false;
  const paying = reactor({
    name: "paying",
    from: [Account],
    on: {
      Deposited: () => {
        if (!hasRoom) throw new JournalFullError("/data", 0, 1);
      },
    },
    onFailure: { attemptsMax: 2, retryDelayMs: 10 },
  });
  const runtime = await openMemoryRuntime({ aggregates: [Account], reactors: [paying], clock });
  await runtime.ask(Account, "a", deposit(5));
  await clock.advance(60_000);
  expect(runtime.status().reactors["paying"]).toMatchObject({ parked: 0, state: "retrying" });
  hasRoom = true;
  await clock.advance(60_000);
  expect(runtime.status().reactors["paying"]).toMatchObject({ parked: 0, lagEvents: 0 });
  await runtime.close();
});

/** A cent for the house with each deposit. */
function bonus(runtime: () => Promise<Runtime>) {
  return reactor({
    name: "bonus",
    from: [Account],
    start: "beginning",
    on: {
      Deposited: async ({ entityId }, { effectId }) => {
        if (entityId === "bonus") return;
        await (await runtime()).ask(Account, "bonus", deposit(1), { commandId: effectId });
      },
    },
  });
}
