import { describe, expect, test } from "vitest";
import { runtimeHarness, storeKinds } from "../support/runtimes.js";
import { ANN, privacy, users, userView } from "./people.js";

const options = { aggregates: [users], projections: [userView], privacy };

describe.each(storeKinds)("Personal values in %s", (kind) => {
  test("are read in plain by whoever handles them, also after a reopening", async () => {
    const { open } = runtimeHarness(kind);
    let runtime = await open(options);
    const answer = await runtime.ask(users, "u1", { type: "Register", data: ANN });
    expect(answer).toMatchObject({ events: [{ data: { email: ANN.email, born: ANN.born } }] });
    await runtime.ask(users, "u1", { type: "Greet" });
    for (let life = 0; life < 2; life++) {
      const { state } = await runtime.state(users, "u1");
      expect(state).toMatchObject({
        name: ANN.name,
        points: 4711,
        note: `Dear ${ANN.name}, welcome!`,
      });
      const view = runtime.view(userView);
      const found = await view.find("byEmail", { equals: ANN.email, fresh: true });
      expect(found.entries).toMatchObject([{ id: "u1", document: { name: ANN.name } }]);
      expect(runtime.findClaim("email", ANN.email)?.entityId).toBe("u1");
      runtime = await open(options);
    }
  });

  test("are placeholders once their subject is forgotten, everywhere and for good", async () => {
    const { open } = runtimeHarness(kind);
    let runtime = await open(options);
    await runtime.ask(users, "u1", { type: "Register", data: ANN });
    await runtime.ask(users, "u1", { type: "Greet" });
    const bea = { email: "bea@example.org", name: "Bea Bloom" };
    await runtime.ask(users, "u2", { type: "Register", data: bea });
    await runtime.operations.refresh(userView);
    const report = await runtime.privacy.forget("u1", { by: "clerk", reason: "asked to" });
    expect(report).toMatchObject({
      events: { user: { Registered: 1, Greeted: 1 } },
      entities: { user: 1 },
      snapshots: 1,
      documents: { users: 1 },
    });
    for (let life = 0; life < 2; life++) {
      const { state } = await runtime.state(users, "u1");
      expect(state).toEqual({
        email: "[erased]",
        name: "[erased]",
        street: "[erased]",
        born: null,
        points: null,
        note: "[erased]",
      });
      const view = runtime.view(userView);
      expect(await view.get("u1", { fresh: true })).toEqual({
        email: "[erased]",
        name: "[erased]",
        country: "Utopia",
        greeting: "[erased]",
      });
      expect((await view.find("byEmail", { equals: ANN.email })).entries).toEqual([]);
      expect((await view.find("byEmail", { equals: "[erased]" })).entries).toHaveLength(1);
      expect(await view.get("u2")).toMatchObject(bea);
      expect(JSON.stringify([...runtime.events()])).not.toContain("Quillfeather");
      expect(runtime.privacy.forgotten()).toMatchObject([
        { subject: "u1", by: "clerk", events: 2 },
      ]);
      runtime = await open(options);
    }
    const before = await runtime.view(userView).list();
    await runtime.operations.rebuild(userView);
    await runtime.operations.rebuilt(userView);
    expect(await runtime.view(userView).list()).toEqual(before);
  });

  test("of a subject that comes again are sealed with another key", async () => {
    const { open } = runtimeHarness(kind);
    let runtime = await open(options);
    await runtime.ask(users, "u1", { type: "Register", data: ANN });
    await runtime.privacy.forget("u1");
    expect(await runtime.privacy.forget("u1")).toMatchObject({ keyIds: [], events: {} });
    await runtime.ask(users, "u1", { type: "Register", data: ANN });
    runtime = await open(options);
    const data = [...runtime.history(users, "u1")].map((event) => event.data);
    expect(data).toMatchObject([{ email: "[erased]" }, { email: ANN.email }]);
  });
});
