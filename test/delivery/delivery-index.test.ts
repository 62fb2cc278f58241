/** The index of instances over a journal that fails. */
import { describe, expect, it } from "vitest";
import { MemoryJournal, MemoryStore, MemoryViews } from "../../journal/index.js";
import { DeliverySystem } from "../../src/delivery/delivery-system.js";
import { DeliveryRows } from "../../src/delivery/rows.js";
import { defaultLimits } from "../../src/kernel/limits.js";
import { silentLogger } from "../../src/kernel/log.js";
import { faultyJournal } from "../../src/testing/faulty-journal.js";
import { ManualClock } from "../../src/testing/index.js";

describe("An index of instances", () => {
  it("that is behind in a journal that failed isn't waited for: whoever opens is told", async () => {
    const clock = new ManualClock();
    const store = new MemoryStore("00000000-0000-4000-8000-000000000000");
    const memory = new MemoryJournal(store, { clock, limits: defaultLimits });
    const journal = faultyJournal(memory, [{ operation: "append", nth: 2 }]);
    const append = (entity: string) =>
      journal.append({
        commandId: entity,
        streams: [{ streamId: `errand/${entity}`, events: [{ type: "x", data: {} }] }],
      });
    await append("a");
    await expect(append("b")).rejects.toMatchObject({ code: "journal-poisoned" });
    const delivery = await DeliverySystem.open(
      { name: "index of sagas", owners: ["errand"], eventTypes: ["x"] },
      {
        ...{ journal, clock, logger: silentLogger, readOnly: false },
        ...{ views: new MemoryViews(), rows: new DeliveryRows("sagas") },
        commands: { ask: () => Promise.reject(new Error("nobody is asked")) },
        fire: () => Promise.resolve(),
        answer: () => Promise.resolve(),
      },
    );
    let outcome: unknown;
    delivery.settle().then(
      () => (outcome = "settled"),
      (error: unknown) => (outcome = error),
    );
    for (let second = 0; outcome === undefined && second < 60; second++) await clock.advance(1_000);
    expect(outcome).toMatchObject({ code: "journal-poisoned" });
    await delivery.stop();
    await delivery.close();
  });
});
