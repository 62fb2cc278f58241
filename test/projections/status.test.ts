import { describe, expect, it } from "vitest";
import { Account, deposit } from "../support/account.js";
import { balancesOf } from "../support/balances.js";
import { runtimeHarness, storeKinds } from "../support/runtimes.js";

describe.each(storeKinds)("the status of a projection, on %s", (kind) => {
  it("tells no seconds left of one that is paused or has stopped, however fast it was before", async () => {
    let isBroken = false;
    const balances = balancesOf(1, {
      onFailure: { attemptsMax: 1, then: "stop" },
      before: () => {
        if (isBroken) throw new Error("broken");
      },
    });
    const runtime = await runtimeHarness(kind).open({
      aggregates: [Account],
      projections: [balances],
    });
    const { operations } = runtime;
    const standing = () => runtime.status().projections["balances"]!.generations[0]!;
    for (let n = 0; n < 5; n++) await runtime.ask(Account, "a", deposit(1));
    await operations.refresh(balances);

    await operations.pause(balances);
    await runtime.ask(Account, "a", deposit(1));
    expect(standing()).toMatchObject({ state: "held", secondsLeft: undefined });
    expect(standing().positionsPerSecond).toBeGreaterThan(0);

    isBroken = true;
    await operations.resume(balances);
    while (standing().state !== "stopped") await new Promise((resolve) => setImmediate(resolve));
    expect(standing().secondsLeft).toBeUndefined();
    expect(standing().lagEvents).toBeGreaterThan(0);
  });
});
