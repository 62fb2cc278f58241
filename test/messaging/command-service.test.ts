/** Which way commands take, and what is answered to those that come. */
import { inProcessHub, remote, TidemarkError } from "tidemark";
import { MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { describe, expect, it } from "vitest";
import { ActorSystem } from "../../actors/index.js";
import { MemoryJournal, MemoryStore, MemoryViews } from "../../journal/index.js";
import { defaultLimits } from "../../src/kernel/limits.js";
import { commandMessage } from "../../src/messaging/command-wire.js";
import { commandAnswerOf } from "../../src/messaging/answer-wire.js";
import { CommandService } from "../../src/messaging/command-service.js";
import { Readers } from "../../src/projections/readers.js";
import { commandPortOf } from "../../src/runtime/command-port.js";
import { LocalCommands } from "../../src/runtime/local-commands.js";
import { openMessaging } from "../../src/runtime/messaging.js";
import { boundsOf, portsOf, readersOptionsOf } from "../../src/runtime/options.js";
import { Account, accountWith, deposit, withdraw } from "../support/account.js";
import { LateCommandPort } from "../../src/runtime/late-command-port.js";

const command = (timeoutMs: number) =>
  commandMessage(
    {
      ...{ aggregate: "account", entityId: "a", type: "Deposit", data: { cents: 1 } },
      ...{ commandId: "c", timeoutMs, metadata: { correlationId: "k" } },
    },
    "s",
    defaultLimits,
  );

describe("a command service", () => {
  it("gives a command the time that is left, and takes none where nothing is", async () => {
    const given: object[] = [];
    const service = new CommandService(
      "account",
      async (...[, , , options]) => {
        given.push(options);
        return { status: "rejected", code: "no", details: { at: Symbol("not plain") } };
      },
      defaultLimits,
    );
    const read = async (timeoutMs: number) =>
      commandAnswerOf(await service.answer(command(timeoutMs)), "account", "a", defaultLimits);
    expect(await read(70)).toEqual({ status: "rejected", code: "no", details: undefined });
    expect(given).toEqual([{ commandId: "c", timeoutMs: 70, correlationId: "k" }]);
    for (const timeoutMs of [0, -5])
      await expect(read(timeoutMs)).rejects.toMatchObject({
        remoteCode: "deadline-exceeded",
        retryable: true,
      });
    expect(given).toHaveLength(1);
  });

  it("tells code and retryability of what fails, whatever it is", async () => {
    class Odd extends TidemarkError {
      readonly code = "odd";
      readonly retryable = true;
    }
    for (const [thrown, remoteCode, retryable] of [
      [new Odd("x".repeat(10_000)), "odd", true],
      [new Error("plain"), "failed", false],
      ["text", "failed", false],
    ] as const) {
      const service = new CommandService(
        "account",
        async () => {
          throw thrown as Error;
        },
        defaultLimits,
      );
      const answer = await service.answer(command(5));
      expect(() => commandAnswerOf(answer, "account", "a", defaultLimits)).toThrow(
        expect.objectContaining({ remoteCode, retryable }) as Error,
      );
    }
  });
});

describe("the command port", () => {
  it("asks actors of this runtime for its own aggregates, and other services for remote ones", async () => {
    const Savings = accountWith({ name: "savings" });
    const hub = inProcessHub();
    const elsewhere = new MemoryDirectory("00000000-0000-4000-8000-00000000000b");
    const other = await openMemoryRuntime({
      aggregates: [Savings],
      messaging: hub,
      directory: elsewhere,
    });
    const options = { aggregates: [Account], messaging: hub };
    const ports = portsOf(options);
    const journal = new MemoryJournal(
      new MemoryStore("00000000-0000-4000-8000-00000000000a"),
      ports,
    );
    const stores = { journal, views: new MemoryViews(), readOnly: false };
    const readers = await Readers.open({
      ...stores,
      ...ports,
      ...readersOptionsOf(options),
      commands: new LateCommandPort(),
    });
    const bounds = boundsOf(options);
    const actors = new ActorSystem({ ...bounds, ...ports, ...options, journal });
    const local = new LocalCommands(actors, readers, options.aggregates, bounds.askTimeoutMs);
    const messaging = await openMessaging(
      { stores, actors, readers, local, askTimeoutMs: 5_000 },
      options,
      ports,
    );
    const port = commandPortOf(local, messaging);
    const sending = { commandId: "c", timeoutMs: 1_000 };

    const own = await port.ask(Account, "a", deposit(5), sending);
    const same = await port.ask(remote(Account), "a", deposit(5), sending);
    const remotely = await port.ask(remote(Savings), "s", deposit(7), sending);
    const refused = await port.ask(remote(Savings), "s", withdraw(9), {
      ...sending,
      commandId: "d",
    });
    expect([own, same, remotely, refused]).toMatchObject([
      { status: "accepted", duplicate: false, version: 1 },
      { status: "accepted", duplicate: true, version: 1 },
      { status: "accepted", version: 1, events: [{ data: { cents: 7 } }] },
      { status: "rejected", code: "insufficient-funds" },
    ]);
    await expect(port.ask(Savings, "s", deposit(1), sending)).rejects.toMatchObject({
      code: "unknown-aggregate",
    });
    await messaging.stopIntake();
    await actors.close();
    await messaging.close();
    await other.close();
  });
});
