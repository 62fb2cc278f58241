import type { Runtime, WatchedChange } from "tidemark";
import { describe, expect, it } from "vitest";
import { Account, deposit, withdraw } from "../support/account.js";
import { balancesOf, type Balance } from "../support/balances.js";
import { runtimeHarness, storeKinds } from "../support/runtimes.js";

const balances = balancesOf(1);

async function take(
  changes: AsyncIterator<WatchedChange<Balance>, undefined>,
  count: number,
): Promise<[string, number | undefined][]> {
  const taken: [string, number | undefined][] = [];
  while (taken.length < count) {
    const next = await changes.next();
    if (next.done === true) break;
    taken.push([next.value.id, next.value.document?.cents]);
  }
  return taken;
}

const ask = async (runtime: Runtime, id: string, command: ReturnType<typeof deposit>) => {
  await runtime.ask(Account, id, command);
  await runtime.view(balances).get(id, { fresh: true });
};

describe.each(storeKinds)("a watch, on %s", (kind) => {
  const open = () => runtimeHarness(kind).open({ aggregates: [Account], projections: [balances] });

  it("of a document gives it as it is, then each change, the last state where the reader is slow", async () => {
    const runtime = await open();
    const changes = runtime.view(balances).watch("a");
    expect(await take(changes, 1)).toEqual([["a", undefined]]);
    await ask(runtime, "a", deposit(5));
    await ask(runtime, "b", deposit(7));
    expect(await take(changes, 1)).toEqual([["a", 5]]);
    for (let n = 0; n < 4; n++) await ask(runtime, "a", deposit(1));
    expect(await take(changes, 1)).toEqual([["a", 9]]);
    await ask(runtime, "a", withdraw(9));
    expect(await take(changes, 1)).toEqual([["a", undefined]]);
    const waiting = changes.next();
    await runtime.close();
    expect(await waiting).toEqual({ done: true, value: undefined });
  });

  it("tells the position that its document reflects, and so does a query", async () => {
    const runtime = await open();
    await ask(runtime, "a", deposit(5));
    const changes = runtime.view(balances).watch("a");
    await changes.next();
    const next = changes.next();
    await runtime.ask(Account, "a", deposit(6));
    expect(await next).toMatchObject({ value: { document: { cents: 11 }, position: 2 } });
    const read = await runtime.query(balances, ({ rows }, position) => [rows.get("a"), position], {
      fresh: true,
    });
    expect(read).toMatchObject([{ cents: 11 }, 2]);
  });

  it("of a range of an index gives what is in it, what comes, and what leaves", async () => {
    const runtime = await open();
    await ask(runtime, "a", deposit(50));
    await ask(runtime, "b", deposit(150));
    const changes = runtime.view(balances).watchBy("byCents", { from: 100 });
    expect(await take(changes, 1)).toEqual([["b", 150]]);
    await ask(runtime, "c", deposit(99));
    await ask(runtime, "a", deposit(50));
    expect(await take(changes, 1)).toEqual([["a", 100]]);
    await ask(runtime, "b", withdraw(149));
    expect(await take(changes, 1)).toEqual([["b", undefined]]);
    const rest: unknown[] = [];
    await ask(runtime, "a", deposit(1));
    for await (const { id, document } of changes) {
      rest.push([id, document?.cents]);
      break;
    }
    expect(rest).toEqual([["a", 101]]);
    expect(await changes.next()).toEqual({ done: true, value: undefined });
    expect(() => runtime.view(balances).watchBy("byCents", { prefix: 5 as never })).toThrow(
      /prefix/,
    );
  });

  it("goes on in another generation, and tells what is otherwise there", async () => {
    const harness = runtimeHarness(kind);
    let runtime = await harness.open({ aggregates: [Account], projections: [balances] });
    await ask(runtime, "a", deposit(5));
    const doubled = balancesOf(2, { factor: 2, previous: balances, approval: true });
    runtime = await harness.open({ aggregates: [Account], projections: [doubled] });
    const changes = runtime.view(doubled).watch("a");
    const inRange = runtime.view(doubled).watchBy("byCents", { equals: 10 });
    expect(await take(changes, 1)).toEqual([["a", 5]]);
    await runtime.operations.approve(doubled);
    expect(await take(changes, 1)).toEqual([["a", 10]]);
    expect(await take(inRange, 1)).toEqual([["a", 10]]);
  });
});
