/** What docs/guides/testing.md shows; test/docs/guides/testing.test.ts runs it. */
import { given, ManualClock, MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { Account } from "./aggregates.js";

export function specification(): void {
  // #region given
  given(Account, [{ type: "Deposited", data: { cents: 100 } }])
    .when({ type: "Withdraw", data: { cents: 150 } })
    .thenRejected("insufficient-funds")
    .when({ type: "Withdraw", data: { cents: 60 } })
    .thenEvents({ type: "Withdrawn", data: { cents: 60 } })
    .thenState({ owner: null, email: null, cents: 40 });
  // #endregion
}

export async function restart() {
  // #region restart
  const directory = new MemoryDirectory();
  const clock = new ManualClock();
  const before = await openMemoryRuntime({ aggregates: [Account], directory, clock });
  await before.ask(Account, "ada", { type: "Deposit", data: { cents: 100 } });
  await clock.advance(60_000);
  await before.close();

  const after = await openMemoryRuntime({ aggregates: [Account], directory, clock });
  const { state, version } = await after.state(Account, "ada");
  await after.close();
  // #endregion
  return { state, version };
}

export async function brokenDisk() {
  const directory = new MemoryDirectory();
  const deposit = { type: "Deposit", data: { cents: 1 } } as const;
  // #region faults
  const runtime = await openMemoryRuntime({
    aggregates: [Account],
    directory,
    faults: [{ operation: "append", nth: 3, when: "after" }],
  });
  // #endregion
  const outcomes: string[] = [];
  for (let n = 0; n < 4; n += 1)
    await runtime.ask(Account, "ada", deposit).then(
      ({ status }) => outcomes.push(status),
      (error: unknown) => outcomes.push((error as { code: string }).code),
    );
  await runtime.close();
  const after = await openMemoryRuntime({ aggregates: [Account], directory });
  const { version } = await after.state(Account, "ada");
  await after.close();
  return { outcomes, version };
}
