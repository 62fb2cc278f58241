/** Commands that rules send, in a runtime on both stores: each is carried out once, and answered, also across a restart. */
import { describe, expect, it } from "vitest";
import { DAY_MS, Desk, libraryRules, Shelf } from "../support/library.js";
import { runtimeHarness, storeKinds } from "../support/runtimes.js";

const START_MS = Date.UTC(2026, 0, 1);

describe.each(storeKinds)("commands of rules, %s", (kind) => {
  it("sends a command that a rule asks for once, and the index of sessions goes on behind its firing", async () => {
    const rules = libraryRules({ calls: true });
    const harness = runtimeHarness(kind);
    const options = { aggregates: [Shelf, Desk], ruleSets: [rules] };
    let runtime = await harness.open(options);
    for (const [day, book] of ["a", "b", "c", "d"].entries())
      await runtime.ask(Shelf, "ann", {
        type: "Take",
        data: { book, atMs: START_MS + day * DAY_MS },
      });
    await runtime.rules.idle();
    await runtime.close();
    runtime = await harness.open(options);
    await runtime.rules.idle();
    const called = [...runtime.events({ filter: { streamTypes: ["desk"] } })];
    expect(called.map(({ type, entityId }) => [type, entityId])).toEqual([["Called", "ann"]]);
    expect(runtime.rules.counts(rules)).toEqual([{ status: "active", version: 1, sessions: 1 }]);
    expect(runtime.rules.session(rules, "ann")?.commands).toEqual([]);
    await runtime.close();
  });
});
