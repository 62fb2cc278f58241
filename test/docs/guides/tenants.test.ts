import { join } from "node:path";
import { openRuntime } from "tidemark";
import { describe, expect, it } from "vitest";
import { eventsOf, headOf, mayBeReleased, tenantsIn } from "../../../examples/guides/tenants.js";
import { Account, accountWith, deposit } from "../../support/account.js";
import { balancesOf } from "../../support/balances.js";
import { temporaryDirectory } from "../../support/directories.js";

describe("the guide of tenants", () => {
  it("opens a tenant for a request, and for as long as a lease is kept", async () => {
    const tenants = await tenantsIn(temporaryDirectory(), [Account]);
    tenants.create("acme");
    expect(await headOf(tenants, "acme")).toBe(0);
    await tenants.use("acme", (runtime) => runtime.ask(Account, "a", deposit(1)));
    expect(await eventsOf(tenants, "acme")).toEqual(["Deposited"]);
    expect(tenants.status()).toMatchObject({ known: 1, open: 1, inUse: 0 });
    await tenants.close();
  });
});

describe("the guide of a change of the model", () => {
  it("says before a release whether anything would be other", async () => {
    const directory = join(temporaryDirectory(), "data");
    const view = balancesOf(1);
    const runtime = await openRuntime({
      ...{ directory, aggregates: [Account], projections: [view], freeBytesMin: 0 },
    });
    await runtime.ask(Account, "a", deposit(1));
    await runtime.view(view).get("a", { fresh: true });
    await runtime.close();
    const nothing = accountWith({ initialState: () => ({ status: "open", owner: "", cents: 5 }) });
    expect(await mayBeReleased(directory, [Account], [Account], [balancesOf(2)])).toBe(false);
    expect(await mayBeReleased(directory, [Account], [Account], [view])).toBe(true);
    expect(await mayBeReleased(directory, [Account], [nothing], [])).toBe(false);
  });
});
