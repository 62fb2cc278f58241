import { inProcessHub } from "tidemark";
import { MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { catalog, Users } from "../../examples/catalog/catalog-view.js";
import { FetchedUser, Product } from "../../examples/catalog/product.js";
import { User } from "../../examples/catalog/user.js";
import { outcomeOf, startExample } from "../support/programs.js";
import { until } from "../support/until.js";

describe("the catalog example", () => {
  it("shows each user's name of today, once taken over, through kills of both services and of NATS", async () => {
    const { output, code } = await startExample("catalog", ["--ci"]).ended;
    expect(code, output).toBe(0);
    for (const line of [
      "It asks for them 1 time: User 01999 of spring.",
      "Started again: all 5,000 are there",
      "The list: 508 products with every name.",
      "no-responders",
      "a product of somebody unknown is taken, and shown without a name",
      "the one who was unknown registers: Later.",
      "11,001 of 11,001 events of users are in the products service's journal, each once.",
      "2,001 users, 509 products.",
      "Fetched: 1 user for 8 products",
    ])
      expect(output).toContain(line);
    expect(outcomeOf(output)).toEqual({
      "products listed with names, users service away": "508",
      "times that the unknown user of new products was asked for": "1",
      "events of users received, each once": "11001",
      "users in the view, as a fold of their journal has them": "2001",
    });
    expect(output).toMatch(/Killed when [\d,]+ of 5,000 events were received/);
    expect(output).toMatch(/the users service was killed half-way\. Sent again: \d/);
    expect(output).toMatch(/NATS was killed half-way\. Sent again: .*disconnected/);
  });

  it("shows what was fetched until something newer comes by event", async () => {
    const hub = inProcessHub();
    const products = await openMemoryRuntime({
      aggregates: [Product, FetchedUser],
      remotes: [Users],
      projections: [catalog],
      messaging: hub,
      directory: new MemoryDirectory("00000000-0000-4000-8000-000000000001"),
    });
    const users = await openMemoryRuntime({
      aggregates: [User],
      messaging: hub,
      directory: new MemoryDirectory("00000000-0000-4000-8000-000000000002"),
    });
    const isReceived = (count: number) => () =>
      products.status().messaging!.imports[0]!.imported === count;
    const shown = () => products.view(catalog, "users").get("ada", { fresh: true });
    const rename = (name: string) => users.ask(User, "ada", { type: "Rename", data: { name } });
    const fetched = { name: "third", email: "a@example.org", version: 3 };

    await products.ask(FetchedUser, "ada", { type: "Note", data: fetched });
    const profile = { name: "first", email: "a@example.org" };
    await users.ask(User, "ada", { type: "Register", data: profile });
    await rename("second");
    await until(isReceived(2));
    expect(await shown()).toEqual({ ...fetched, received: 2 });
    await rename("third");
    await rename("fourth");
    await until(isReceived(4));
    expect(await shown()).toEqual({ ...fetched, name: "fourth", version: 4, received: 4 });
    await users.close();
    await products.close();
  });
});
