/** What a runtime says of its next work, by which whoever closes it decides when to open it again. */
import { describe, expect, it } from "vitest";
import type { MemoryViews } from "../../journal/index.js";
import { ManualClock, MemoryDirectory, openMemoryRuntime } from "../../src/testing/index.js";
import { Errand, FIRST_MS, List, SECOND_MS, Tally } from "../support/errands.js";
import { until } from "../support/until.js";

describe("the next work of a runtime with sagas", () => {
  it("is at once where a saga asked for a command while its index was being written", async () => {
    const clock = new ManualClock();
    const directory = new MemoryDirectory();
    const parts = { aggregates: [Tally, List], sagas: [Errand] };
    const runtime = await openMemoryRuntime({ ...parts, directory, clock });
    await runtime.ask(List, "l", { type: "Ask", data: { id: "e" } });
    const stateIs = (state: string) => runtime.sagas.instance(Errand, "e")?.state === state;
    await until(() => stateIs("waiting"));
    const { finish, isHeld } = slowIndex(directory.views);
    await clock.advance(FIRST_MS);
    await until(() => stateIs("pausing"));
    while (!isHeld()) await clock.advance(100);
    await clock.advance(SECOND_MS);
    await until(() => stateIs("refusing"));
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(stateIs("refusing")).toBe(true);
    expect(runtime.nextWorkAtMs()).toBe(0);
    finish();
    await until(() => stateIs("done"));
    await until(() => runtime.nextWorkAtMs() === undefined);
    await runtime.close();
  });
});

/** The next write of the index takes until it is told to end. */
function slowIndex(views: MemoryViews) {
  let finish: () => void = () => undefined;
  let held = false;
  const end = new Promise<void>((resolve) => (finish = resolve));
  const write = views.write.bind(views);
  views.write = async (writes) => {
    if (!held && writes.some(({ key }) => key[0] === "sagas" && key[1] === "at")) {
      held = true;
      await end;
    }
    await write(writes);
  };
  return { finish: () => finish(), isHeld: () => held };
}
