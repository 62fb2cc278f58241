import { inProcessHub, type RemoteAggregate, type Runtime } from "tidemark";
import { MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { afterEach, describe, expect, it } from "vitest";
import { Account } from "../../../examples/guides/aggregates.js";
import {
  Accounts,
  balances,
  calling,
  mending,
  openServices,
  SmallDeposits,
} from "../../../examples/guides/messaging.js";
import { temporaryDirectory } from "../../support/directories.js";
import { until } from "../../support/until.js";

const opened: Runtime[] = [];
afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.close();
});

const deposit = (cents: number) => ({ type: "Deposit", data: { cents } }) as const;
const importOf = (runtime: Runtime) => runtime.status().messaging?.imports[0];

describe("the guide to messages", () => {
  it("sends a command to another service, takes its events over, and answers a question with them", async () => {
    const hub = inProcessHub();
    const { bank, shop, answer } = await openServices(temporaryDirectory(), hub);
    opened.push(shop, bank);
    expect(answer).toMatchObject({ status: "accepted", version: 1, position: 1 });
    expect(await bank.state(Account, "acc-1")).toMatchObject({ state: { cents: 5 } });
    const [event] = answer.status === "accepted" ? answer.events : [];
    // Both journals are on disk, and the importer's record takes a position of its own.
    await until(() => shop.view(balances).position() >= 1 && shop.head >= 2);
    await shop.operations.refresh(balances);
    expect(await calling(bank)).toBe(5);
    const [taken] = shop.history(Account, "acc-1");
    expect(taken).toMatchObject({ streamId: "account/acc-1", type: "Deposited", version: 1 });
    expect(taken?.causationId).toBe(event?.eventId);
    expect(taken?.headers?.["tidemark.origin"]).toMatchObject({
      eventId: event?.eventId,
      version: 1,
    });
  });

  it("parks what a schema refuses, by entity, until it is mended", async () => {
    const hub = inProcessHub();
    const memory = new MemoryDirectory("00000000-0000-4000-8000-000000000001");
    const openShop = async (Taken: RemoteAggregate) => {
      const options = { aggregates: [], remotes: [Taken], messaging: hub, directory: memory };
      const shop = await openMemoryRuntime(options);
      opened.push(shop);
      return shop;
    };
    const bank = await openMemoryRuntime({ aggregates: [Account], messaging: hub });
    opened.push(bank);
    const before = await openShop(SmallDeposits);
    await bank.ask(Account, "acc-1", deposit(1_000));
    await bank.ask(Account, "acc-1", deposit(1));
    await bank.ask(Account, "acc-2", deposit(2_000));
    await bank.ask(Account, "acc-3", deposit(3));
    await until(() => importOf(before)?.parked === 3);
    expect(before.health().state).toBe("degraded");
    await before.close();

    const after = await openShop(Accounts);
    expect(await mending(after, Accounts)).toEqual({
      replayed: 2,
      failed: undefined,
      discarded: 1,
    });
    await until(() => after.head > 0 && [...after.history(Account, "acc-3")].length === 1);
    const events = ["acc-1", "acc-2", "acc-3"].flatMap((id) => [...after.history(Account, id)]);
    const cents = events.map(({ entityId, data }) => [entityId, (data as { cents: number }).cents]);
    expect(cents).toEqual([
      ["acc-1", 1_000],
      ["acc-1", 1],
      ["acc-3", 3],
    ]);
  });

  it("asks an aggregate of its own in the same way, without a transport", async () => {
    const runtime = await openMemoryRuntime({ aggregates: [Account] });
    opened.push(runtime);
    const answer = await runtime.remote(Account).ask("ada", deposit(5));
    expect(answer).toMatchObject({ status: "accepted", version: 1 });
  });
});
