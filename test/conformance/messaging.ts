/** What several runtimes with one transport between them must keep, as tests: whatever carries their messages. */
import fc from "fast-check";
import {
  aggregate,
  collection,
  endpoint,
  projection,
  reject,
  remote,
  type Runtime,
  type RuntimeOptions,
  type Transport,
} from "tidemark";
import { MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import { Account, accountWith, deposit, withdraw } from "../support/account.js";
import { until } from "../support/until.js";

/** A transport for one service, and what can be done to it. */
export interface MessagingPlace {
  /** A transport for one more service; all of a place are connected. */
  transport(): Transport;
  /** Loses every connection until `restore`. */
  interrupt(): Promise<void>;
  restore(): Promise<void>;
  /** The log of all services is gone, while the connections are; undefined where that can't be done. */
  readonly wipe: (() => Promise<void>) | undefined;
  close(): Promise<void>;
}

const TRACEPARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const Accounts = remote(Account);

/** By entity: what an importer has recorded of each, in order. */
function cents(runtime: Runtime): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  for (const event of runtime.events({ filter: { streamTypes: ["account"] } }))
    (found[event.entityId] ??= []).push((event.data as { cents: number }).cents);
  return found;
}

const importOf = (runtime: Runtime) => runtime.status().messaging!.imports[0]!;
const relayOf = (runtime: Runtime) => runtime.status().messaging!.relay!;

/** @param openPlace - Opens a place in which nothing was sent yet. */
export function messagingContract(subject: string, openPlace: () => Promise<MessagingPlace>): void {
  describe(`runtimes over ${subject}`, () => {
    let place: MessagingPlace;
    const opened: Runtime[] = [];
    const directories = new Map<string, MemoryDirectory>();
    let names = 0;

    /** Opens a service; by the same name again it goes on with what it has. */
    async function open(name: string, options: Partial<RuntimeOptions>): Promise<Runtime> {
      const directory =
        directories.get(name) ??
        new MemoryDirectory(`00000000-0000-4000-8000-${String(++names).padStart(12, "0")}`);
      directories.set(name, directory);
      const runtime = await openMemoryRuntime({
        aggregates: [],
        messaging: place.transport(),
        ...options,
        directory,
      });
      opened.push(runtime);
      return runtime;
    }
    const openBank = (options: Partial<RuntimeOptions> = {}) =>
      open("bank", { aggregates: [Account], ...options });
    const openShop = (options: Partial<RuntimeOptions> = {}) =>
      open("shop", { remotes: [Accounts], ...options });

    beforeEach(async () => void (place = await openPlace()));
    afterEach(async () => {
      await place.restore();
      for (const runtime of opened.splice(0)) await runtime.close();
      directories.clear();
      await place.close();
    });

    describe("a command to another service", () => {
      it("is answered as one of the service itself, accepted or rejected", async () => {
        const bank = await openBank();
        const shop = await open("shop", {});
        const accepted = await shop.remote(Account).ask("a/ü b", deposit(7), { commandId: "c1" });
        expect(accepted).toEqual(
          await bank
            .ask(Account, "a/ü b", deposit(7), { commandId: "c1" })
            .then((answer) => ({ ...answer, duplicate: false })),
        );
        const rejected = await shop.remote(remote("account")).ask("a/ü b", withdraw(9));
        expect(rejected).toEqual({
          status: "rejected",
          code: "insufficient-funds",
          details: { cents: 7 },
        });
      });

      it("is carried out once however often its id comes", async () => {
        const bank = await openBank();
        const shop = await open("shop", {});
        const once = () => shop.remote(Account).ask("a", deposit(1), { commandId: "once" });
        const answers = await Promise.all([once(), once(), once()]);
        expect(answers.map((answer) => "duplicate" in answer && answer.duplicate)).toContain(false);
        expect(await once()).toMatchObject({ duplicate: true, version: 1 });
        expect((await bank.state(Account, "a")).version).toBe(1);
      });

      it("brings back data that isn't JSON as it was", async () => {
        type Note = { type: "Note"; data: { at: Date; big: bigint; bytes: Uint8Array } };
        type Noted = { type: "Noted"; data: Note["data"] };
        const Notes = aggregate<object, Note, Noted>({
          name: "notes",
          initialState: () => ({}),
          decide: { Note: (_state, data) => ({ type: "Noted", data }) },
          evolve: { Noted: (state) => state },
        });
        await open("notes", { aggregates: [Notes] });
        const shop = await open("shop", {});
        const data = { at: new Date(5), big: 2n ** 63n, bytes: Uint8Array.of(1, 2) };
        const answer = await shop.remote(Notes).ask("n", { type: "Note", data });
        expect(answer).toMatchObject({ status: "accepted", events: [{ type: "Noted", data }] });
      });

      it("that can't be taken is refused with the reason, and nothing is written", async () => {
        const Failing = accountWith({
          name: "failing",
          decide: { ...failingDecide() },
        });
        const bank = await openBank({ aggregates: [Account, Failing] });
        const shop = await open("shop", {});
        const untyped = shop.remote(remote("account"));
        await expect(untyped.ask("a", { type: "Explode" })).rejects.toMatchObject({
          code: "remote-failed",
          remoteCode: "bad-message",
          retryable: false,
        });
        await expect(shop.remote(Failing).ask("a", deposit(1))).rejects.toMatchObject({
          remoteCode: "decide-failed",
          retryable: false,
        });
        await expect(
          shop.remote(Account).ask("a", deposit(1), { expectedVersion: 4 }),
        ).rejects.toMatchObject({ remoteCode: "version-conflict", retryable: true });
        await expect(shop.remote(Account).ask("", deposit(1))).rejects.toMatchObject({
          code: "invalid-argument",
        });
        await expect(
          shop.remote(Account).ask("a", { type: "Open", data: { owner: "x".repeat(300_000) } }),
        ).rejects.toMatchObject({ code: "invalid-argument" });
        expect(bank.head).toBe(0);
      });

      it("finds nobody where nobody has the aggregate, and is told at once", async () => {
        const shop = await open("shop", {});
        await expect(shop.remote(Account).ask("a", deposit(1))).rejects.toMatchObject({
          code: "no-responders",
          retryable: true,
        });
      });

      it("to a service that exposes nothing finds nobody", async () => {
        await openBank({ expose: { commands: [], events: [] } });
        const shop = await open("shop", {});
        await expect(shop.remote(Account).ask("a", deposit(1))).rejects.toMatchObject({
          code: "no-responders",
        });
      });

      it("is refused at once while there is no connection, and local ones go on", async () => {
        const bank = await openBank();
        const shop = await open("shop", {});
        await place.interrupt();
        await until(() => !shop.status().messaging!.connection.connected);
        await expect(shop.remote(Account).ask("a", deposit(1))).rejects.toMatchObject({
          code: "disconnected",
          retryable: true,
        });
        expect(await bank.ask(Account, "a", deposit(1))).toMatchObject({ status: "accepted" });
        await place.restore();
        await until(() =>
          [bank, shop].every((each) => each.status().messaging!.connection.connected),
        );
        // Who asks may be back before who answers is heard of.
        const again = { commandId: "again" };
        const asked = () => shop.remote(Account).ask("a", deposit(1), again);
        let answer = await asked().catch(() => undefined);
        while (answer === undefined) answer = await asked().catch(() => undefined);
        expect(answer).toMatchObject({ version: 2 });
      });

      it("of an overloaded service fails retryably, and the id makes the retry safe", async () => {
        const bank = await openBank({ mailboxCapacity: 1 });
        const shop = await open("shop", {});
        const account = shop.remote(Account);
        const ids = Array.from({ length: 30 }, (_, n) => `c${n}`);
        const refused: { code: string; remoteCode: string; retryable: boolean }[] = [];
        await Promise.all(
          ids.map(async (commandId) => {
            for (;;)
              try {
                return await account.ask("a", deposit(1), { commandId });
              } catch (error) {
                refused.push(error as (typeof refused)[number]);
              }
          }),
        );
        expect(refused.length).toBeGreaterThan(0);
        for (const each of refused)
          expect(each).toMatchObject({
            code: "remote-failed",
            remoteCode: "mailbox-full",
            retryable: true,
          });
        expect((await bank.state(Account, "a")).state.cents).toBe(30);
      });
    });

    describe("endpoints", () => {
      const balances = projection({
        name: "balances",
        version: 1,
        from: [Account],
        collections: { rows: collection<{ cents: number }>() },
        on: {
          Deposited: ({ entityId, data }, { rows }) => rows.put(entityId, { cents: data.cents }),
        },
      });
      const Balance = endpoint<{ id: string }, { cents: number } | undefined>({
        name: "balance",
        description: "Balance of an account",
        request: z.object({ id: z.string() }),
        answer: ({ id }, { view }) => view(balances).get(id, { fresh: true }),
      });
      const bank = { projections: [balances], endpoints: [Balance] };

      it("answer from the views of whoever serves them", async () => {
        const served = await openBank(bank);
        await served.ask(Account, "a", deposit(3));
        const shop = await open("shop", {});
        expect(await shop.call(Balance, { id: "a" })).toEqual({ cents: 3 });
        expect(await shop.call(Balance, { id: "b" })).toBe(null);
      });

      it("tell the caller what is wrong with a request", async () => {
        await openBank(bank);
        const shop = await open("shop", {});
        await expect(shop.call(Balance, { id: 1 } as never)).rejects.toMatchObject({
          remoteCode: "bad-message",
          message: expect.stringContaining("id") as string,
        });
      });

      it("include the status of a runtime, without payloads", async () => {
        const served = await openBank({ ...bank, remotes: [remote("other", { events: ["X"] })] });
        await served.ask(Account, "a", { type: "Open", data: { owner: "secret" } });
        const status = endpoint<undefined, { journal: { head: number } }>({
          name: "status",
          answer: () => ({ journal: { head: 0 } }),
        });
        const told = await served.call(status, undefined);
        expect(told.journal.head).toBe(1);
        expect(JSON.stringify(told)).not.toContain("secret");
      });
    });

    describe("events of another service", () => {
      it("become local ones, with correlation, causation, trace and origin", async () => {
        const bank = await openBank();
        const shop = await openShop();
        await shop.remote(Account).ask("a", deposit(5), {
          commandId: "c1",
          correlationId: "order-1",
          headers: { traceparent: TRACEPARENT, tracestate: "v=1", tenant: "ü" },
        });
        await until(() => shop.head > 0);
        const [source] = bank.events();
        const [event] = shop.events();
        expect(event).toMatchObject({
          streamId: "account/a",
          type: "Deposited",
          data: { cents: 5 },
          version: 1,
          correlationId: "order-1",
          causationId: source!.eventId,
          headers: {
            traceparent: TRACEPARENT,
            tracestate: "v=1",
            tenant: "ü",
            "tidemark.origin": {
              eventId: source!.eventId,
              version: 1,
              recordedAtMs: source!.recordedAtMs,
            },
          },
        });
      });

      it("feed projections of the service that takes them", async () => {
        const bank = await openBank();
        const Deposits = remote(Account, { events: ["Deposited"] });
        const totals = projection({
          name: "totals",
          version: 1,
          from: [Deposits],
          collections: { rows: collection<{ cents: number }>() },
          on: {
            Deposited: ({ entityId, data }, { rows }) => rows.put(entityId, { cents: data.cents }),
          },
        });
        const shop = await openShop({ remotes: [Deposits], projections: [totals] });
        await bank.ask(Account, "a", { type: "Open", data: { owner: "x" } });
        await bank.ask(Account, "a", deposit(5));
        await until(() => importOf(shop).imported === 1);
        expect(await shop.view(totals).get("a", { fresh: true })).toEqual({ cents: 5 });
        expect(importOf(shop).passed).toBe(1);
      });

      it("come once and in order of their entity, whoever is closed and opened again in between", async () => {
        let bank = await openBank();
        let shop = await openShop();
        let next = 0;
        const more = async (count: number) => {
          for (let n = 0; n < count; n++, next++)
            await bank.ask(Account, `e${next % 3}`, deposit(next));
        };
        for (let round = 0; round < 3; round++) {
          await more(20);
          await shop.close();
          await more(20);
          shop = await openShop();
          await bank.close();
          bank = await openBank();
          await more(20);
        }
        await until(() => Object.values(cents(shop)).flat().length >= next);
        expect(cents(shop)).toEqual(cents(bank));
        expect(importOf(shop)).toMatchObject({ state: "live", waiting: [], parked: 0 });
        expect(relayOf(bank)).toMatchObject({ losses: 0 });
      });

      it("of a service whose relay's cursor was lost come once", async () => {
        let bank = await openBank();
        const shop = await openShop();
        for (let n = 0; n < 10; n++) await bank.ask(Account, "a", deposit(n));
        await until(() => importOf(shop).imported === 10);
        await bank.close();
        await directories
          .get("bank")!
          .views.write([{ table: "rows", key: ["relay"], value: undefined }]);
        bank = await openBank();
        await bank.ask(Account, "a", deposit(10));
        await until(() => importOf(shop).imported === 11);
        expect(cents(shop)).toEqual(cents(bank));
      });

      it("recorded while there was no connection come when it is back", async () => {
        const bank = await openBank();
        const shop = await openShop();
        await bank.ask(Account, "a", deposit(1));
        // What comes there may be acknowledged here later.
        await until(() => importOf(shop).imported === 1 && relayOf(bank).lagEvents === 0);
        await place.interrupt();
        await until(() => relayOf(bank).state === "disconnected");
        for (let n = 0; n < 20; n++) await bank.ask(Account, "a", deposit(n));
        expect(relayOf(bank).lagEvents).toBe(20);
        expect(bank.health().state).toBe("degraded");
        await place.restore();
        await until(() => importOf(shop).imported === 21);
        expect(cents(shop)).toEqual(cents(bank));
        await until(() => bank.health().state === "healthy");
      });

      it("that the log has lost are published again, and come once", async ({ skip }) => {
        if (place.wipe === undefined) return skip();
        const bank = await openBank();
        const shop = await openShop();
        for (let n = 0; n < 10; n++) await bank.ask(Account, "a", deposit(n));
        await until(() => importOf(shop).imported === 10);
        await place.interrupt();
        await place.wipe();
        await bank.ask(Account, "a", deposit(10));
        await place.restore();
        await until(() => importOf(shop).imported === 11);
        expect(cents(shop)).toEqual(cents(bank));
        expect(relayOf(bank).losses).toBe(1);
        const late = await open("late", { remotes: [Accounts] });
        await until(() => importOf(late).imported === 11);
        expect(cents(late)).toEqual(cents(bank));
      });

      it("that can't be read are parked with all later ones of their entity; others go on", async () => {
        const bank = await openBank();
        const small = { events: { Deposited: z.object({ cents: z.number().max(100) }) } };
        const Strict = remote(Account, { schemas: small });
        let shop = await openShop({ remotes: [Strict] });
        for (const amount of [1, 500, 2]) await bank.ask(Account, "a", deposit(amount));
        await bank.ask(Account, "b", deposit(3));
        await until(() => importOf(shop).imported === 2);
        expect(cents(shop)).toEqual({ a: [1], b: [3] });
        const expected = [
          {
            entityId: "a",
            position: 2,
            queued: false,
            error: expect.stringContaining("cents") as string,
          },
          { entityId: "a", position: 3, queued: true, error: undefined },
        ];
        expect(shop.imports.parked(Strict)).toMatchObject(expected);
        expect(shop.health().state).toBe("degraded");
        expect(await shop.imports.replay(Strict)).toMatchObject({
          replayed: 0,
          failed: { position: 2 },
        });

        await shop.close();
        shop = await openShop({ remotes: [Strict] });
        expect(shop.imports.parked(Strict)).toMatchObject(expected);
        await bank.ask(Account, "a", deposit(4));
        await until(() => importOf(shop).parked === 3);

        await shop.close();
        shop = await openShop();
        expect(await shop.imports.replay(Accounts, { entityId: "a" })).toEqual({
          replayed: 3,
          failed: undefined,
        });
        await bank.ask(Account, "a", deposit(5));
        await until(() => importOf(shop).imported === 4);
        expect(cents(shop)["a"]).toEqual([1, 500, 2, 4, 5]);
        expect(shop.imports.parked(Accounts)).toEqual([]);
        expect(shop.health().state).toBe("healthy");
      });

      it("that were parked can be given up, one or all", async () => {
        const bank = await openBank();
        const None = remote(Account, { schemas: { events: { Deposited: z.never() } } });
        let shop = await openShop({ remotes: [None] });
        for (const amount of [1, 2, 3]) await bank.ask(Account, "a", deposit(amount));
        await until(() => importOf(shop).parked === 3);
        const [first] = shop.imports.parked(None);
        expect(await shop.imports.discard(None, { at: first!.at })).toBe(1);
        expect(await shop.imports.discard(None, { entityId: "a" })).toBe(2);
        await shop.close();
        shop = await openShop();
        expect(importOf(shop).parked).toBe(0);
        await bank.ask(Account, "a", deposit(4));
        await until(() => importOf(shop).imported === 1);
        expect(cents(shop)).toEqual({ a: [4] });
      });
    });

    it("money sent between two services is conserved whatever order commands come in", async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
          async (amounts) => {
            const name = `bank${++names}`;
            const Own = accountWith({ name });
            const bank = await open(name, { aggregates: [Own] });
            const shop = await open("asking", {});
            const asked = amounts.map((amount, n) =>
              shop.remote(Own).ask("a", deposit(amount), { commandId: `${name}-${n >> 1}` }),
            );
            await Promise.allSettled(asked);
            const wanted = amounts.filter((_, n) => n % 2 === 0 || amounts[n - 1] === undefined);
            const { state, version } = await bank.state(Own, "a");
            expect(version).toBe(wanted.length);
            expect(state.cents).toBeGreaterThan(0);
            await bank.close();
            await shop.close();
          },
        ),
        { numRuns: 5 },
      );
    });
  });
}

function failingDecide() {
  const fail = () => {
    throw new Error("a bug");
  };
  return {
    Open: fail,
    Deposit: fail,
    Withdraw: () => reject("never"),
    DepositTwice: fail,
    Touch: fail,
  };
}
