/** What every transport must keep, as tests: the contract of the port `Transport`. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../../src/kernel/log.js";
import { eventIdOf } from "../../journal/index.js";
import { systemClock, systemIds } from "../../src/kernel/system-clock.js";
import {
  POSITION_HEADER,
  WAITING_MAX,
  type ConsumeOptions,
  type Delivery,
  type Publication,
  type Transport,
  type TransportConnection,
  type WireMessage,
} from "../../src/messaging/transport.js";
import { until } from "../support/until.js";

/** Where transports meet, and what can be done to it. */
export interface TransportPlace {
  /** A transport for one more service; all of a place are connected. */
  transport(): Transport;
  /** Loses every connection until `restore`; undefined where that can't be done. */
  readonly interrupt: (() => Promise<void>) | undefined;
  restore(): Promise<void>;
  close(): Promise<void>;
}

const STORES = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"];
/** Names as users give them. */
const ODD_NAMES = ["a", "a.b", "a b", "ü😀", "*", ">", "$SYS", "..", "A", 'x"%41', "x".repeat(200)];

const text = (payload: Uint8Array) => Buffer.from(payload).toString();
const message = (payload: string, headers: Record<string, string> = {}): WireMessage => ({
  headers,
  payload: Buffer.from(payload),
});
const echo = async ({ headers, payload }: WireMessage) => ({ headers, payload });

/** @param openPlace - Opens a place in which nothing was sent yet. */
export function transportContract(subject: string, openPlace: () => Promise<TransportPlace>): void {
  describe(`${subject}, as a transport`, () => {
    let place: TransportPlace;
    let [one, two]: TransportConnection[] = [];
    const connect = (storeId: string) =>
      place
        .transport()
        .connect({ storeId, clock: systemClock, ids: systemIds, logger: silentLogger });
    beforeEach(async () => {
      place = await openPlace();
      one = await connect(STORES[0]!);
      two = await connect(STORES[1]!);
      await until(() => one!.status().connected && two!.status().connected);
    });
    afterEach(async () => {
      await place.restore();
      await Promise.all([one!.close(), two!.close()]);
      await place.close();
    });

    const publication = (position: number, aggregate = "account", store = 0): Publication => {
      const messageId = eventIdOf(STORES[store]!, position);
      const headers = { [POSITION_HEADER]: messageId };
      return {
        ...{ aggregate, entityId: `e${position % 3}`, messageId },
        message: message(String(position), headers),
      };
    };

    describe("requests", () => {
      it("get the answer of whoever serves, with headers and bytes as they were given", async () => {
        const payload = Uint8Array.from({ length: 256 }, (_, n) => n);
        const headers = {
          "ce-subject": "account/a%20b",
          "x-empty": "",
          "x-long": "v".repeat(4_000),
        };
        await two!.serve({ kind: "command", aggregate: "account" }, echo);
        const address = { kind: "command", aggregate: "account", entityId: "a b" } as const;
        const answer = await one!.request(address, { headers, payload }, 5_000);
        expect(answer.headers).toMatchObject(headers);
        expect(Buffer.from(answer.payload).equals(payload)).toBe(true);
      });

      it("keep apart whatever names users give", async () => {
        for (const name of ODD_NAMES) {
          const answer = async () => message(`command ${name}`);
          await two!.serve({ kind: "command", aggregate: name }, answer);
          const told = async () => message(`endpoint ${name}`);
          await two!.serve({ kind: "endpoint", name, description: "told" }, told);
        }
        for (const name of ODD_NAMES) {
          for (const entityId of ODD_NAMES) {
            const address = { kind: "command", aggregate: name, entityId } as const;
            const answer = await one!.request(address, message(""), 5_000);
            expect(text(answer.payload)).toBe(`command ${name}`);
          }
          const answer = await one!.request({ kind: "endpoint", name }, message(""), 5_000);
          expect(text(answer.payload)).toBe(`endpoint ${name}`);
        }
      });

      it("that nobody serves fail at once, before and after somebody did", async () => {
        const address = { kind: "command", aggregate: "account", entityId: "a" } as const;
        const refusal = { code: "no-responders", retryable: true };
        await expect(one!.request(address, message(""), 60_000)).rejects.toMatchObject(refusal);
        const serving = await two!.serve({ kind: "command", aggregate: "account" }, echo);
        expect(text((await one!.request(address, message("1"), 5_000)).payload)).toBe("1");
        await serving.close();
        await expect(one!.request(address, message(""), 60_000)).rejects.toMatchObject(refusal);
      });

      it("without an answer in time fail, and whoever serves may still carry them out", async () => {
        let arrived = 0;
        let answer: (message: WireMessage) => void = () => undefined;
        await two!.serve({ kind: "command", aggregate: "slow" }, () => {
          arrived += 1;
          return new Promise((resolve) => (answer = resolve));
        });
        const address = { kind: "command", aggregate: "slow", entityId: "a" } as const;
        await expect(one!.request(address, message(""), 200)).rejects.toMatchObject({
          code: "request-timeout",
          retryable: true,
        });
        await until(() => arrived === 1);
        answer(message("late"));
      });

      it("are answered many at a time, each its own", async () => {
        await two!.serve({ kind: "command", aggregate: "account" }, echo);
        const asked = Array.from({ length: 300 }, (_, n) => String(n));
        const answers = await Promise.all(
          asked.map((n) =>
            one!.request(
              { kind: "command", aggregate: "account", entityId: `e${n}` },
              message(n),
              10_000,
            ),
          ),
        );
        expect(answers.map(({ payload }) => text(payload))).toEqual(asked);
      });

      it("in hand are answered when whoever serves closes", async () => {
        let answer: (message: WireMessage) => void = () => undefined;
        let arrived = false;
        const serving = await two!.serve({ kind: "command", aggregate: "account" }, () => {
          arrived = true;
          return new Promise((resolve) => (answer = resolve));
        });
        const address = { kind: "command", aggregate: "account", entityId: "a" } as const;
        const asked = one!.request(address, message(""), 5_000);
        await until(() => arrived);
        let closed = false;
        const closing = serving.close().then(() => (closed = true));
        expect(closed).toBe(false);
        answer(message("at last"));
        expect(text((await asked).payload)).toBe("at last");
        await closing;
      });
    });

    describe("the log", () => {
      it("begins empty, and knows each publication once by its id", async () => {
        const before = await one!.standing();
        expect(await one!.lastPublished("account")).toBeUndefined();
        const first = await one!.publish(publication(1));
        const second = await one!.publish(publication(2));
        const again = await one!.publish(publication(1));
        expect(second.sequence).toBeGreaterThan(first.sequence);
        expect([first.duplicate, second.duplicate, again.duplicate]).toEqual([false, false, true]);
        const standing = await two!.standing();
        expect(standing.incarnation).toBe(before.incarnation);
        expect(standing.lastSequence).toBe(second.sequence);
      });

      it("gives back the message at a place, and none where there is none", async () => {
        const { sequence } = await one!.publish(publication(7));
        const found = await two!.messageAt(sequence);
        expect(found?.headers).toMatchObject(publication(7).message.headers);
        expect(text(found!.payload)).toBe("7");
        expect(await two!.messageAt(sequence + 10)).toBeUndefined();
      });

      it("knows the last message of an aggregate, of each store its own", async () => {
        for (const position of [1, 2, 3]) await one!.publish(publication(position));
        await one!.publish(publication(4, "other"));
        await two!.publish(publication(9, "account", 1));
        const mine = await one!.lastPublished("account");
        expect(text(mine!.message.payload)).toBe("3");
        expect(text((await two!.lastPublished("account"))!.message.payload)).toBe("9");
        expect(await two!.lastPublished("other")).toBeUndefined();
      });

      it("keeps the order of publications that are on their way together", async () => {
        const positions = Array.from({ length: 300 }, (_, n) => n + 1);
        const places = await Promise.all(positions.map((n) => one!.publish(publication(n))));
        const sequences = places.map(({ sequence }) => sequence);
        expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
      });
    });

    describe("a consumer", () => {
      /** Everything it was given, by page; each page is all done unless `handle` says otherwise. */
      async function consumer(options: Partial<ConsumeOptions> = {}, connection = two!) {
        const pages: (readonly Delivery[])[] = [];
        const { handle } = options;
        const closable = await connection.consume({
          ...{ aggregate: "account", durable: "shop.account", pageMax: 10 },
          ...options,
          handle: (page) => {
            pages.push(page);
            return handle?.(page) ?? Promise.resolve({ done: page.length, redeliverAfterMs: 0 });
          },
        });
        const all = () => pages.flat().map(({ message: { payload } }) => Number(text(payload)));
        return { pages, all, closable };
      }
      const publishAll = async (from: number, to: number, aggregate?: string) => {
        for (let n = from; n <= to; n++) await one!.publish(publication(n, aggregate));
      };
      const range = (from: number, to: number) =>
        Array.from({ length: to - from + 1 }, (_, n) => from + n);

      it("gets its aggregate's messages in order, published before and after it came, in pages", async () => {
        await publishAll(1, 25);
        await publishAll(100, 105, "other");
        const { pages, all } = await consumer();
        await until(() => all().length === 25);
        await publishAll(26, 30);
        await until(() => all().length === 30);
        expect(all()).toEqual(range(1, 30));
        expect(Math.max(...pages.map((page) => page.length))).toBeLessThanOrEqual(10);
        const sequences = pages.flat().map(({ sequence }) => sequence);
        expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
      });

      it("gets one page at a time", async () => {
        await publishAll(1, 30);
        let inHand = 0;
        let most = 0;
        const { all } = await consumer({
          handle: async (page) => {
            most = Math.max(most, ++inHand);
            await new Promise((resolve) => setImmediate(resolve));
            inHand -= 1;
            return { done: page.length, redeliverAfterMs: 0 };
          },
        });
        await until(() => all().length === 30);
        expect(most).toBe(1);
      });

      it("goes on where it was, by its name, and misses nothing while it is away", async () => {
        await publishAll(1, 5);
        const first = await consumer();
        await until(() => first.all().length === 5);
        await first.closable.close();
        await publishAll(6, 9);
        const second = await consumer();
        await until(() => second.all().length === 4);
        expect(second.all()).toEqual(range(6, 9));
        const other = await consumer({ durable: "another.account" }, one);
        await until(() => other.all().length === 9);
      });

      it("gets again what wasn't done, counted, and later ones meanwhile", async () => {
        await publishAll(1, 4);
        let refuse = true;
        const { pages, all } = await consumer({
          handle: async (page) => {
            const at = page.findIndex(({ message: { payload } }) => text(payload) === "3");
            const done = refuse && at >= 0 ? at : page.length;
            return { done, redeliverAfterMs: 50 };
          },
        });
        await until(() => all().filter((n) => n === 3).length >= 2);
        await publishAll(5, 8);
        await until(() => all().includes(8));
        refuse = false;
        const before = all().length;
        await until(() => all().slice(before).includes(3));
        const times = pages.flat().filter(({ message: { payload } }) => text(payload) === "3");
        expect(times[0]!.deliveries).toBe(1);
        expect(times.at(-1)!.deliveries).toBeGreaterThan(1);
        expect(all().filter((n) => n === 1)).toEqual([1]);
      });

      it("gets what stands behind as many as a publisher may have on its way", async () => {
        const count = Math.min(WAITING_MAX, 600);
        await Promise.all(range(1, count).map((n) => one!.publish(publication(n))));
        let seen = false;
        const { all } = await consumer({
          pageMax: 100,
          handle: async (page) => {
            seen ||= page.some(({ message: { payload } }) => text(payload) === String(count));
            return { done: seen ? page.length : 0, redeliverAfterMs: 20 };
          },
        });
        await until(() => seen);
        await until(() => all().filter((n) => n === 1).length > 1);
        expect(seen).toBe(true);
      });

      it("gets a page again that was rejected", async () => {
        await publishAll(1, 3);
        let failures = 2;
        const { all } = await consumer({
          handle: async (page) => {
            if (failures-- > 0) throw new Error("unlucky");
            return { done: page.length, redeliverAfterMs: 0 };
          },
        });
        await until(() => all().length >= 9);
        expect(all().slice(-3)).toEqual([1, 2, 3]);
      });

      it("takes no more once it is closed, and waits for the page in hand", async () => {
        await publishAll(1, 3);
        let finish: () => void = () => undefined;
        const { pages, closable } = await consumer({
          pageMax: 1,
          handle: async () => {
            await new Promise<void>((resolve) => (finish = resolve));
            return { done: 1, redeliverAfterMs: 0 };
          },
        });
        await until(() => pages.length === 1);
        const closing = closable.close();
        finish();
        await closing;
        expect(pages.length).toBe(1);
      });

      it("goes on after the connection was lost, with what was published before and after", async ({
        skip,
      }) => {
        if (place.interrupt === undefined) return skip();
        const { all } = await consumer();
        await publishAll(1, 3);
        await until(() => all().length === 3);
        const changes: boolean[] = [];
        two!.onChange((connected) => changes.push(connected));
        await place.interrupt();
        await until(() => !one!.status().connected && !two!.status().connected);
        await expect(
          one!.request({ kind: "endpoint", name: "x" }, message(""), 1_000),
        ).rejects.toMatchObject({ code: "disconnected", retryable: true });
        await expect(one!.publish(publication(4))).rejects.toMatchObject({ retryable: true });
        await place.restore();
        await until(() => one!.status().connected && two!.status().connected);
        await publishAll(4, 6);
        await until(() => new Set(all()).size === 6);
        expect(changes).toEqual([false, true]);
        expect(two!.status().reconnects).toBe(1);
      });
    });
  });
}
