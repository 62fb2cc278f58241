/** A new version of a rule set takes sessions over once: what they hold and wait for then stays, whether events come or not. */
import { describe, expect, it } from "vitest";
import type { RuleSet } from "../../src/index.js";
import { DAY_MS, Desk, libraryRules, Shelf } from "../support/library.js";
import { runtimeHarness, storeKinds } from "../support/runtimes.js";

const START_MS = Date.UTC(2026, 0, 1);

describe.each(storeKinds)("adoption, %s", (kind) => {
  it("keeps the facts and the timers of a session that gets no event after the change", async () => {
    const first = libraryRules({ byEvents: true });
    const second = libraryRules({ byEvents: true, version: 2, previous: first });
    const harness = runtimeHarness(kind);
    const open = (rules: RuleSet) => harness.open({ aggregates: [Shelf, Desk], ruleSets: [rules] });
    let runtime = await open(first);
    const take = (member: string, day: number) =>
      runtime.ask(Shelf, member, {
        type: "Take",
        data: { book: "a", atMs: START_MS + day * DAY_MS },
      });
    await take("ann", 0);
    await take("bob", 1);
    await runtime.rules.idle();
    runtime = await open(second);
    await runtime.rules.changed(second);
    runtime = await open(second);
    const facts = () => runtime.rules.session(second, "ann")?.facts.map(({ id }) => id);
    expect(facts()).toEqual(["a"]);
    await take("bob", 40);
    await runtime.rules.idle();
    const alerts = () =>
      [...runtime.rules.alerts(second)].map(({ sessionId, rule, version }) => [
        sessionId,
        rule,
        version,
      ]);
    expect(alerts()).toEqual([
      ["bob", "overdue", 2],
      ["ann", "overdue", 2],
    ]);
    expect(facts()).toEqual(["a"]);
  });

  it("refuses a state that a session has taken over before: what was due since then stays done", async () => {
    const first = libraryRules({ byEvents: true });
    const second = libraryRules({ byEvents: true, version: 2, previous: first });
    const harness = runtimeHarness(kind);
    const open = (rules: RuleSet) => harness.open({ aggregates: [Shelf, Desk], ruleSets: [rules] });
    let runtime = await open(first);
    await runtime.ask(Shelf, "ann", { type: "Take", data: { book: "a", atMs: START_MS } });
    await runtime.rules.idle();
    runtime = await open(second);
    await runtime.rules.changed(second);
    const before = runtime.rules.session(second, "ann");
    const { position = 0 } = runtime.rules.status(second).change ?? {};
    expect(position).toBeGreaterThan(0);
    // As after a crash between the session's commit and the row that says so.
    const state = second.behavior.initialState("ann");
    const again = { type: "adopt", data: { version: 2, position, state } };
    const answer = await runtime.ask(second, "ann", again as never);
    expect(answer).toMatchObject({ status: "rejected", code: "adopted-before" });
    expect(runtime.rules.session(second, "ann")).toEqual(before);
  });
});
