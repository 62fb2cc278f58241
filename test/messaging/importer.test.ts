/** Whatever a transport does to messages, each event is recorded once and in order of its entity. */
import fc from "fast-check";
import { remote } from "tidemark";
import { ManualClock, type Fault } from "tidemark/testing";
import { faultyJournal } from "../../src/testing/faulty-journal.js";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import {
  MemoryJournal,
  MemoryStore,
  type Journal,
  type StreamReadOptions,
} from "../../journal/index.js";
import { defaultLimits } from "../../src/kernel/limits.js";
import { silentLogger } from "../../src/kernel/log.js";
import { publicationOf } from "../../src/messaging/event-wire.js";
import { Importer } from "../../src/messaging/importer.js";
import { recordsStreamOf } from "../../src/messaging/import-records.js";
import type { RemoteAggregate } from "../../src/messaging/remote.js";
import type { Delivery, WireMessage } from "../../src/messaging/transport.js";
import { Account } from "../support/account.js";

const clock = new ManualClock();
const ports = { clock, limits: defaultLimits };
const Deposits = remote(Account, { events: ["Deposited"] });
const Strict = remote(Account, {
  events: ["Deposited"],
  schemas: { events: { Deposited: z.object({ cents: z.number().max(999) }) } },
});

const STORES = ["00000000-0000-4000-8000-00000000000a", "00000000-0000-4000-8000-00000000000b"];
const OWN = "00000000-0000-4000-8000-00000000000c";

interface Source {
  /** As a relay would publish them, in order. */
  readonly messages: readonly WireMessage[];
  /** What is to be recorded, by entity. */
  readonly expected: Readonly<Record<string, readonly number[]>>;
}

/** A journal of another service: of every four events one is of another aggregate, one of a type that isn't taken. */
async function sourceOf(
  storeId: string,
  count: number,
  bad: ReadonlySet<number> = new Set(),
  inFlight = 100,
): Promise<Source> {
  const journal = new MemoryJournal(new MemoryStore(storeId), ports);
  const expected: Record<string, number[]> = {};
  for (let n = 1; n <= count; n++) {
    const entity = `${storeId.at(-1)}${n % 3}`;
    const streamId = n % 4 === 1 ? `other/${entity}` : `account/${entity}`;
    const type = n % 4 === 2 ? "Opened" : "Deposited";
    const cents = bad.has(n) ? 1_000 + n : n;
    await journal.append({ streams: [{ streamId, events: [{ type, data: { cents } }] }] });
    if (n % 4 !== 1 && n % 4 !== 2) (expected[entity] ??= []).push(cents);
  }
  let previous = 0;
  const messages: WireMessage[] = [];
  const filter = { streamTypes: ["account"] };
  for (const event of journal.readPage({ after: 0, limit: 10_000, filter }).events) {
    // As of a relay that has few on their way.
    const neighbours = { previous, acknowledged: Math.max(0, event.position - inFlight) };
    messages.push(publicationOf(event, storeId, neighbours, defaultLimits).message);
    previous = event.position;
  }
  return { messages, expected };
}

function importerOver(
  store: MemoryStore,
  of: RemoteAggregate = Deposits,
  faults: readonly Fault[] = [],
) {
  const memory = new MemoryJournal(store, ports);
  const journal: Journal = faults.length === 0 ? memory : faultyJournal(memory, faults);
  const importer = new Importer({
    service: "shop",
    remote: of,
    journal,
    limits: defaultLimits,
    logger: silentLogger,
  });
  return { journal: memory, importer };
}

function recorded(store: MemoryStore): Record<string, number[]> {
  const found: Record<string, number[]> = {};
  const journal = new MemoryJournal(store, ports);
  const page = journal.readPage({ after: 0, limit: 100_000, filter: { streamTypes: ["account"] } });
  for (const { entityId, data } of page.events)
    (found[entityId] ??= []).push((data as { cents: number }).cents);
  return found;
}

/** A log that delivers as its contract says: each message first in order, and again what isn't done, whenever it likes. */
class Log {
  readonly #fresh: Delivery[];
  #waiting: Delivery[] = [];

  constructor(messages: readonly WireMessage[]) {
    this.#fresh = messages.map((message, n) => ({ sequence: n + 1, message, deliveries: 1 }));
  }

  get isDone(): boolean {
    return this.#fresh.length + this.#waiting.length === 0;
  }

  /** One page of up to `size` new ones, with some of those that wait. Returns how many of it are done. */
  async deliver(importer: Importer, size: number, again: () => boolean = () => true) {
    const due = this.#waiting.filter(again);
    const page = [...due, ...this.#fresh.splice(0, size)];
    const left = this.#waiting.filter((each) => !due.includes(each));
    this.#waiting = [...left, ...page];
    const { done } = await importer.handle(page);
    this.#waiting = [...left, ...page.slice(done)];
    return done;
  }
}

/** In the order in which several relays may publish, each with some on their way, and some of them twice. */
function shuffled(sources: readonly Source[], random: () => number, reach: number): WireMessage[] {
  const all = sources.flatMap(({ messages }) =>
    messages.flatMap((message, n) => {
      const copies = random() < 0.2 ? 2 : 1;
      return Array.from({ length: copies }, () => ({ message, at: n + random() * reach }));
    }),
  );
  return all.sort((a, b) => a.at - b.at).map(({ message }) => message);
}

const mulberry = (seed: number) => () => {
  seed = (seed + 0x6d2b79f5) | 0;
  let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};

const RUNS = Number(process.env["IMPORT_RUNS"] ?? 60);

describe("an importer", () => {
  it("records each event once and in order, however messages are repeated, reordered and late, and however it is closed", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 0, max: 40 }), async (seed, reach) => {
        const random = mulberry(seed);
        const sources = await Promise.all(STORES.map((id) => sourceOf(id, 60)));
        const log = new Log(shuffled(sources, random, reach));
        const store = new MemoryStore(OWN);
        let { importer, journal } = importerOver(store);
        while (!log.isDone) {
          await log.deliver(importer, Math.floor(random() * 10), () => random() < 0.5);
          if (random() > 0.1) continue;
          await importer.close();
          await journal.close();
          ({ importer, journal } = importerOver(store));
        }
        expect(recorded(store)).toEqual({ ...sources[0]!.expected, ...sources[1]!.expected });
        expect(importer.status().waiting).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });

  it("takes everything that is in a log that doesn't go back to the first event, and gives up only gaps", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.integer({ min: 0, max: 6 }),
        fc.integer({ min: 0, max: 40 }),
        async (seed, reach, trimmed) => {
          const random = mulberry(seed);
          const source = await sourceOf(STORES[0]!, 80, new Set(), 12);
          const left = shuffled([source], random, reach).slice(trimmed);
          const log = new Log(left);
          const store = new MemoryStore(OWN);
          let { importer } = importerOver(store);
          for (let idle = 0; !log.isDone; idle++) {
            const done = await log.deliver(
              importer,
              Math.floor(random() * 5),
              () => random() < 0.3,
            );
            if (done > 0) idle = 0;
            if (random() < 0.05) {
              ({ importer } = importerOver(store));
              idle = 0;
            }
            // By then everything that waits was seen again: what is missing isn't there.
            if (idle <= 50) continue;
            await importer.acceptGaps();
            idle = 0;
          }
          const positions = new Set(left.map(({ headers }) => headers["ce-id"]));
          const expected = source.messages.filter(
            ({ headers }) => positions.has(headers["ce-id"]) && headers["ce-type"] === "Deposited",
          );
          const amounts = expected.map(({ payload }) => JSON.parse(String(payload)) as unknown);
          const found = Object.values(recorded(store)).flat();
          expect(found.sort((a, b) => a - b)).toEqual(
            amounts.map((data) => (data as { cents: number }).cents),
          );
        },
      ),
      { numRuns: RUNS },
    );
  });

  it("killed at any commit of any page records each event once, and parks what it parked", async () => {
    const source = await sourceOf(STORES[0]!, 40, new Set([8, 19]));
    let kills = 0;
    for (const when of ["before", "after"] as const) {
      for (let nth = 1; ; nth++) {
        const store = new MemoryStore(OWN);
        const log = new Log(source.messages);
        const dying = importerOver(store, Strict, [{ operation: "append", nth, when }]);
        const outcome = { died: false };
        while (!log.isDone && !outcome.died)
          await log.deliver(dying.importer, 7).catch(() => (outcome.died = true));
        await dying.journal.close();
        const { importer } = importerOver(store, Strict);
        while (!log.isDone) await log.deliver(importer, 7);
        const parked = importer.parked().map(({ position }) => position);
        expect(parked, `${when} commit ${nth}`).toEqual([8, 11, 19, 20, 23, 28, 31, 32, 35, 40]);
        const mended = importerOver(store, Deposits).importer;
        expect(await mended.replay()).toMatchObject({ replayed: parked.length, failed: undefined });
        expect(recorded(store)).toEqual(source.expected);
        if (!outcome.died) break;
        kills += 1;
      }
    }
    expect(kills).toBeGreaterThan(30);
  });

  it("waits for what is missing, says so, and goes on when it comes", async () => {
    const { messages, expected } = await sourceOf(STORES[0]!, 20);
    const store = new MemoryStore(OWN);
    const { importer } = importerOver(store);
    const deliver = (some: readonly WireMessage[]) =>
      importer.handle(some.map((message, n) => ({ message, sequence: n + 1, deliveries: 1 })));
    expect(await deliver(messages.slice(0, 3))).toMatchObject({ done: 3 });
    expect(await deliver([messages[4]!, messages[2]!, messages[5]!])).toMatchObject({ done: 0 });
    const waiting = [{ storeId: STORES[0], reached: 4, missing: 6 }];
    expect(importer.status()).toMatchObject({ state: "waiting", waiting, duplicates: 1 });
    expect(await deliver(messages.slice(3))).toMatchObject({ done: messages.length - 3 });
    expect(importer.status()).toMatchObject({ state: "live", waiting: [] });
    expect(recorded(store)).toEqual(expected);
  });

  it("goes on without what is missing once somebody says so, and remembers it", async () => {
    const { messages } = await sourceOf(STORES[0]!, 12);
    const store = new MemoryStore(OWN);
    let { importer } = importerOver(store);
    const deliver = (some: readonly WireMessage[]) =>
      importer.handle(some.map((message, n) => ({ message, sequence: n + 1, deliveries: 1 })));
    await deliver([messages[0]!, messages[4]!]);
    expect(await importer.acceptGaps()).toHaveLength(1);
    ({ importer } = importerOver(store));
    expect(await deliver(messages.slice(4))).toMatchObject({ done: messages.length - 4 });
    expect(Object.values(recorded(store)).flat()).toHaveLength(4);
  });

  it("begins where the log begins, and says from where", async () => {
    const { messages } = await sourceOf(STORES[0]!, 12, new Set(), 1);
    const { importer } = importerOver(new MemoryStore(OWN));
    await importer.handle(
      messages.slice(3).map((message, n) => ({ message, sequence: n + 1, deliveries: 1 })),
    );
    expect(importer.status().stores).toEqual({
      [String(STORES[0])]: { position: 12, startedAt: 6 },
    });
  });

  it("parks what isn't an event at all once, and goes on", async () => {
    const { messages, expected } = await sourceOf(STORES[0]!, 8);
    const [first] = messages as [WireMessage];
    const without = (name: string) => ({
      ...first,
      headers: Object.fromEntries(Object.entries(first.headers).filter(([key]) => key !== name)),
    });
    const garbage: WireMessage[] = [
      { headers: {}, payload: new Uint8Array() },
      { headers: { "tidemark-position": "no" }, payload: Buffer.from("{") },
      without("tidemark-position"),
      without("tidemark-previous"),
    ];
    const store = new MemoryStore(OWN);
    const { importer } = importerOver(store);
    for (let times = 0; times < 2; times++)
      await importer.handle(
        [...garbage, ...messages].map((message, n) => ({
          message,
          sequence: n + 1,
          deliveries: 1,
        })),
      );
    expect(importer.parked()).toHaveLength(4);
    expect(importer.parked()[0]).toMatchObject({ position: undefined, queued: false });
    expect(await importer.replay()).toMatchObject({ replayed: 0 });
    expect(recorded(store)).toEqual(expected);
    expect(await importer.discard({})).toBe(4);
  });

  it("keeps a queued message of the largest size whole", async () => {
    const source = new MemoryJournal(new MemoryStore(STORES[0]!), ports);
    const note = "x".repeat(defaultLimits.eventDataBytesMax - 40);
    const events = [
      { type: "Deposited", data: { cents: 5_000 } },
      { type: "Deposited", data: { cents: 1, note } },
    ];
    await source.append({ streams: [{ streamId: "account/a", events }] });
    const { events: read } = source.readPage({ after: 0, limit: 10 });
    const messages = read.map(
      (event) =>
        publicationOf(
          event,
          STORES[0]!,
          { previous: event.position - 1, acknowledged: 0 },
          defaultLimits,
        ).message,
    );
    const store = new MemoryStore(OWN);
    await importerOver(store, Strict).importer.handle(
      messages.map((message, n) => ({ message, sequence: n + 1, deliveries: 1 })),
    );
    const { importer, journal } = importerOver(store);
    expect(importer.parked()).toHaveLength(2);
    expect(await importer.replay()).toMatchObject({ replayed: 2 });
    expect([...journal.readStream("account/a")][1]?.data).toEqual({ cents: 1, note });
  });

  it("reads little when it is opened, however long it has run", async () => {
    const { messages } = await sourceOf(STORES[0]!, 400);
    const store = new MemoryStore(OWN);
    const { importer, journal } = importerOver(store);
    for (const [n, message] of messages.entries())
      await importer.handle([{ message, sequence: n + 1, deliveries: 1 }]);
    let read = 0;
    const counting = new Proxy(journal, {
      get(target, name) {
        const member: unknown = Reflect.get(target, name);
        if (name !== "readStream")
          return typeof member === "function" ? (member.bind(target) as unknown) : member;
        return function* (streamId: string, given?: StreamReadOptions) {
          for (const event of target.readStream(streamId, given)) {
            read += 1;
            yield event;
          }
        };
      },
    });
    const again = new Importer({
      service: "shop",
      remote: Deposits,
      journal: counting,
      limits: defaultLimits,
      logger: silentLogger,
    });
    expect(again.status().stores).toEqual(importer.status().stores);
    expect(journal.streamVersion(recordsStreamOf("account"))).toBe(messages.length);
    expect(read).toBeLessThan(5);
  });
});
