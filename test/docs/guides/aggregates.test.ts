import { aggregate } from "tidemark";
import { MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { Account, asking } from "../../../examples/guides/aggregates.js";

describe("the guide to aggregates", () => {
  it("asks twice under one command id, and it is carried out once", async () => {
    const runtime = await openMemoryRuntime({ aggregates: [Account] });
    const { first, again, refused } = await asking(runtime);
    expect(first).toMatchObject({ status: "accepted", version: 1, position: 1, duplicate: false });
    expect(again).toEqual({ ...first, duplicate: true });
    expect(refused).toMatchObject({
      status: "rejected",
      code: "insufficient-funds",
      details: { cents: 500 },
    });
    expect(runtime.head).toBe(1);
    await runtime.close();
  });

  it("claims an address for one account, and gives it back when that one moves", async () => {
    const runtime = await openMemoryRuntime({ aggregates: [Account] });
    const ask = (id: string, email: string) =>
      runtime.ask(Account, id, { type: "Open", data: { owner: id, email } });
    expect((await ask("ada", "a@example.org")).status).toBe("accepted");
    const taken = { status: "rejected", code: "email-taken" };
    expect(await ask("bo", "a@example.org")).toMatchObject(taken);
    await runtime.ask(Account, "ada", { type: "Move", data: { email: "b@example.org" } });
    expect((await ask("bo", "a@example.org")).status).toBe("accepted");
    await runtime.close();
  });

  it("reads events of an earlier model as today's, and opens nothing whose events it doesn't know", async () => {
    type Old =
      | { type: "Opend"; data: { owner: string } }
      | { type: "Moved"; data: { from: string; to: string } }
      | { type: "Deposited"; data: { euros: number } }
      | { type: "Noted" }
      | { type: "Frozen" };
    const Before = aggregate<null, { type: "Record"; data: { events: Old[] } }, Old>({
      name: "account",
      initialState: () => null,
      decide: { Record: (_state, { events }) => events },
      evolve: {
        Opend: () => null,
        Moved: () => null,
        Deposited: () => null,
        Noted: () => null,
        Frozen: () => null,
      },
    });
    const directory = new MemoryDirectory();
    const record = async (...events: Old[]) => {
      const runtime = await openMemoryRuntime({ aggregates: [Before], directory });
      await runtime.ask(Before, "ada", { type: "Record", data: { events } });
      await runtime.close();
    };
    await record(
      { type: "Opend", data: { owner: "Ada" } },
      { type: "Noted" },
      { type: "Moved", data: { from: "a@example.org", to: "b@example.org" } },
      { type: "Deposited", data: { euros: 3 } },
    );
    const runtime = await openMemoryRuntime({ aggregates: [Account], directory });
    expect(await runtime.state(Account, "ada")).toMatchObject({
      state: { owner: "Ada", email: "b@example.org", cents: 300 },
      version: 4,
    });
    // As they were recorded.
    const recorded = [...runtime.history(Account, "ada")].map(({ type }) => type);
    expect(recorded).toEqual(["Opend", "Noted", "Moved", "Deposited"]);
    await runtime.close();
    await record({ type: "Frozen" });
    await expect(openMemoryRuntime({ aggregates: [Account], directory })).rejects.toThrow("Frozen");
  });
});
