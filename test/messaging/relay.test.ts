/** The relay against a log that loses, refuses and falls behind. */
import { inProcessHub, remote, type Runtime, type RuntimeOptions } from "tidemark";
import { MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { afterEach, describe, expect, it } from "vitest";
import { Account, accountWith, deposit } from "../support/account.js";
import { until } from "../support/until.js";

const SHOP = "00000000-0000-4000-8000-00000000000b";
const Savings = accountWith({ name: "savings" });
const opened: Runtime[] = [];

async function open(options: Partial<RuntimeOptions>, directory = new MemoryDirectory()) {
  const runtime = await openMemoryRuntime({ aggregates: [], ...options, directory });
  opened.push(runtime);
  return runtime;
}
const openShop = (options: Partial<RuntimeOptions>) =>
  open({ remotes: [remote(Account)], ...options }, new MemoryDirectory(SHOP));

afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.close();
});

const relayOf = (runtime: Runtime) => runtime.status().messaging!.relay!;
const importOf = (runtime: Runtime) => runtime.status().messaging!.imports[0]!;
const cents = (runtime: Runtime) =>
  [...runtime.events({ filter: { streamTypes: ["account"] } })].map(
    ({ data }) => (data as { cents: number }).cents,
  );
const published = async (runtime: Runtime) =>
  until(() => relayOf(runtime).state === "live" && relayOf(runtime).lagEvents === 0);

describe("the relay", () => {
  it("publishes again what the log has lost of its end, also where others have published behind it", async () => {
    const hub = inProcessHub();
    const bank = await open({ aggregates: [Account], messaging: hub });
    for (let n = 1; n <= 10; n++) await bank.ask(Account, "a", deposit(n));
    await published(bank);
    hub.interrupt();
    hub.rollBack(4);
    hub.restore();
    const other = await open(
      { aggregates: [Savings], messaging: hub },
      new MemoryDirectory(SHOP.replace("b", "c")),
    );
    for (let n = 1; n <= 20; n++) await other.ask(Savings, "s", deposit(n));
    await published(bank);
    const shop = await openShop({ messaging: hub });
    await until(() => importOf(shop).imported === 10);
    expect(cents(shop)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    expect(relayOf(bank).losses).toBe(1);
  });

  it("waits while the log takes nothing, and then publishes everything once and in order", async () => {
    const hub = inProcessHub({ messagesMax: 5 });
    const shop = await openShop({ messaging: hub });
    await shop.close();
    const bank = await open({ aggregates: [Account], messaging: hub });
    for (let n = 1; n <= 40; n++) await bank.ask(Account, "a", deposit(n));
    await until(() => relayOf(bank).state === "retrying");
    expect(relayOf(bank).lastError).toMatchObject({ code: "log-full" });
    expect(bank.health().state).toBe("degraded");
    const again = await openShop({ messaging: hub });
    await until(() => importOf(again).imported === 40);
    expect(cents(again)).toEqual(Array.from({ length: 40 }, (_, n) => n + 1));
  });

  it("publishes an aggregate that is exposed later from its first event, and others not again", async () => {
    const hub = inProcessHub();
    const directory = new MemoryDirectory();
    const aggregates = [Account, Savings];
    let bank = await open({ aggregates, messaging: hub, expose: { events: [Savings] } }, directory);
    for (let n = 1; n <= 3; n++) {
      await bank.ask(Account, "a", deposit(n));
      await bank.ask(Savings, "s", deposit(n));
    }
    await published(bank);
    await bank.close();
    bank = await open({ aggregates, messaging: hub }, directory);
    await bank.ask(Savings, "s", deposit(4));
    await published(bank);
    expect(relayOf(bank).published).toBe(4);
    const shop = await openShop({ messaging: hub });
    await until(() => importOf(shop).imported === 3);
    expect(cents(shop)).toEqual([1, 2, 3]);
  });

  it("publishes nothing where the journal was put back to an older state, and says so", async () => {
    const hub = inProcessHub();
    const bank = await open({ aggregates: [Account], messaging: hub });
    for (let n = 1; n <= 5; n++) await bank.ask(Account, "a", deposit(n));
    await published(bank);
    await bank.close();
    const older = await open({ aggregates: [Account], messaging: hub });
    await older.ask(Account, "a", deposit(100));
    await until(() => relayOf(older).lastError !== undefined);
    expect(relayOf(older)).toMatchObject({
      lastError: { code: "journal-behind-log" },
      published: 0,
    });
    expect(older.health().state).toBe("unhealthy");
  });

  it("isn't there without a transport, where a runtime answers itself once it is asked", async () => {
    const bank = await open({ aggregates: [Account] });
    expect(bank.status().messaging).toBeUndefined();
    expect(await bank.remote(Account).ask("a", deposit(3))).toMatchObject({ status: "accepted" });
    expect(bank.status().messaging).toMatchObject({ relay: undefined, imports: [] });
    expect(bank.health().state).toBe("healthy");
    await bank.close();
    await expect(bank.remote(Account).ask("a", deposit(3))).rejects.toMatchObject({
      code: "messaging-closed",
    });
  });

  it("and importers refuse at open what can't work", async () => {
    const refused = (options: Partial<RuntimeOptions>) =>
      expect(openMemoryRuntime({ aggregates: [Account], ...options })).rejects.toMatchObject({
        code: "invalid-argument",
      });
    await refused({ remotes: [remote(Account)] });
    await refused({ remotes: [remote("users")] });
    await refused({
      remotes: [remote("users", { events: ["A"] }), remote("users", { events: ["B"] })],
    });
    await refused({ remotes: [remote("tidemark", { events: ["A"] })] });
    await refused({ expose: { events: [Savings] } });
    expect(() => remote(Account, { events: ["Exploded" as never] })).toThrow("events of account");
    expect(() => remote("a/b")).toThrow("without");
  });
});
