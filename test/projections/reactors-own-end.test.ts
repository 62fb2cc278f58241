import { reactor, type Runtime } from "tidemark";
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
