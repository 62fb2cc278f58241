/** What new users met: each is marked as failing, and says so once it is mended. */
import type { Runtime } from "tidemark";
import { beforeEach, describe, expect, it } from "vitest";
import { Account, deposit } from "../support/account.js";
import { balancesOf } from "../support/balances.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";

const balances = balancesOf(1);
const phaseOf = (runtime: Runtime) => runtime.status().projections["balances"]!.rebuild?.phase;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe.each(storeKinds)("a projection, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));
  const open = () => harness.open({ aggregates: [Account], projections: [balances] });

  it.fails(
    "whose rebuild was asked for with approval still waits for it after a restart",
    async () => {
      let runtime = await open();
      await runtime.ask(Account, "a", deposit(5));
      await runtime.operations.rebuild(balances, { approval: true });
      await until(() => phaseOf(runtime) === "awaiting-approval");
      runtime = await open();
      await until(() => ["awaiting-approval", "done"].includes(phaseOf(runtime)!));
      expect(phaseOf(runtime)).toBe("awaiting-approval");
    },
  );

  it.fails("gives a watched change the position that its document reflects", async () => {
    const runtime = await open();
    await runtime.ask(Account, "a", deposit(5));
    await runtime.view(balances).get("a", { fresh: true });
    const watch = runtime.view(balances).watch("a");
    await watch.next();
    await runtime.ask(Account, "a", deposit(6));
    const { value } = (await watch.next()) as {
      value: { document: { cents: number }; position: number };
    };
    expect([value.document.cents, value.position]).toEqual([11, 2]);
  });
});
