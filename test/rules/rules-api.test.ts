/** Sessions of a rule set in a runtime, on both stores: routed, alerted, explained, parked, released, and there after a restart. */
import { describe, expect, it } from "vitest";
import type { Runtime } from "../../src/index.js";
import { DAY_MS, Desk, libraryRules, Shelf } from "../support/library.js";
import { runtimeHarness, storeKinds } from "../support/runtimes.js";

const START_MS = Date.UTC(2026, 0, 1);

const take = (runtime: Runtime, member: string, book: string, day = 0) =>
  runtime.ask(Shelf, member, { type: "Take", data: { book, atMs: START_MS + day * DAY_MS } });
const giveBack = (runtime: Runtime, member: string, book: string, day = 0) =>
  runtime.ask(Shelf, member, { type: "Return", data: { book, atMs: START_MS + day * DAY_MS } });

describe.each(storeKinds)("runtime.rules, %s", (kind) => {
  it("raises an alert once, keeps facts through a restart, and raises it again once it has stopped holding", async () => {
    const rules = libraryRules();
    const harness = runtimeHarness(kind);
    const options = { aggregates: [Shelf, Desk], ruleSets: [rules] };
    let runtime = await harness.open(options);
    for (const book of ["a", "b", "c", "d", "e"]) await take(runtime, "ann", book);
    await take(runtime, "bob", "f");
    await runtime.rules.idle();
    const alerts = () =>
      [...runtime.rules.alerts(rules)].map(({ sessionId, type, data }) => [sessionId, type, data]);
    expect(alerts()).toEqual([["ann", "TooMany", { books: ["a", "b", "c", "d"] }]]);
    await runtime.close();
    runtime = await harness.open(options);
    await giveBack(runtime, "ann", "a");
    await take(runtime, "ann", "a");
    await giveBack(runtime, "bob", "x");
    await runtime.rules.idle();
    expect(alerts().slice(1)).toEqual([["bob", "Unknown", { book: "x" }]]);
    await giveBack(runtime, "ann", "a");
    await giveBack(runtime, "ann", "b");
    await take(runtime, "ann", "g");
    await runtime.rules.idle();
    expect(alerts().slice(2)).toEqual([["ann", "TooMany", { books: ["c", "d", "e", "g"] }]]);
    const session = runtime.rules.session(rules, "ann");
    expect(session).toMatchObject({ status: "active", version: 1, firings: 2, problem: "" });
    expect(session?.facts.map(({ kind: of, id }) => `${of} ${id}`)).toEqual(
      ["c", "d", "e", "g"].map((id) => `loan ${id}`),
    );
    expect(runtime.rules.session(rules, "nobody")).toBeUndefined();
    await runtime.close();
  });
});
