/** What the port of transports promises, on a real server. */
import { connect, headers as natsHeaders, type NatsConnection } from "nats";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import {
  DisconnectedError,
  NoRespondersError,
  RemoteFailedError,
  RequestTimeoutError,
} from "../../../src/messaging/errors.js";
import { LogUnavailableError, MessageTooLargeError } from "../../../src/messaging/nats/errors.js";
import { partitionOf } from "../../../src/messaging/nats/subjects.js";
import { NatsServer } from "tidemark/testing";
import { until } from "../../support/until.js";
import { collecting, Connections, publicationOf, textMessage, textOf } from "./hosts.js";

const ECHO = { kind: "command", aggregate: "account" } as const;
const ACK_WAIT_MS = 15_000;
const TO_ECHO = { kind: "command", aggregate: "account", entityId: "acc-1" } as const;

let server: NatsServer;
const connections = new Connections();
let raw: NatsConnection;
let prefixes = 0;
let prefix: string;

beforeAll(async () => {
  server = await NatsServer.start();
  raw = await connect({ servers: server.url });
});
afterAll(async () => {
  await raw.close();
  await server.remove();
});
afterEach(() => connections.close());

/** Each test has a prefix, and so a log, of its own. */
function fresh() {
  prefix = `shop.${(prefixes += 1)}`;
}
const open = (storeId: string, options = {}) =>
  connections.connect(server.url, storeId, { prefix, ...options });

test("a request reaches one of those who serve it, and its answer comes back with its headers", async () => {
  fresh();
  const [one, two, client] = [await open("a"), await open("b"), await open("c")];
  for (const [name, each] of Object.entries({ one, two }))
    await each.serve(ECHO, async ({ headers, payload }) => ({
      headers: { ...headers, "x-by": name },
      payload,
    }));
  const answers = await Promise.all(
    Array.from({ length: 100 }, (_, n) =>
      client.request(TO_ECHO, textMessage(`hello ${n}`, { "ce-id": "a%20b" }), 5_000),
    ),
  );
  expect(answers.map(textOf)).toEqual(Array.from({ length: 100 }, (_, n) => `hello ${n}`));
  expect(answers[0]?.headers).toMatchObject({ "ce-id": "a%20b" });
  expect(Object.keys(answers[0]!.headers).sort()).toEqual(["ce-id", "x-by"]);
  expect(new Set(answers.map(({ headers }) => headers["x-by"]))).toEqual(new Set(["one", "two"]));
});

test("any valid name and id reaches its service, and an empty message with no headers, too", async () => {
  fresh();
  const [service, client] = [await open("a"), await open("b")];
  const name = "Zürich > * . $JS.API 😀";
  await service.serve({ kind: "endpoint", name, description: "" }, async (message) => message);
  await service.serve({ kind: "command", aggregate: name }, async (message) => message);
  const nothing = { headers: {}, payload: new Uint8Array() };
  for (const address of [
    { kind: "endpoint", name },
    { kind: "command", aggregate: name, entityId: "\u202e../ % é" },
  ] as const) {
    const answer = await client.request(address, nothing, 5_000);
    expect(answer.headers).toEqual({});
    expect(answer.payload).toHaveLength(0);
  }
});

test("a request to nobody, to a silent service and to a closed one fails, each with its own error", async () => {
  fresh();
  const [service, client] = [await open("a"), await open("b")];
  await expect(client.request(TO_ECHO, textMessage("?"), 5_000)).rejects.toThrow(NoRespondersError);
  let finish: () => void = () => undefined;
  const finished = new Promise<void>((resolve) => (finish = resolve));
  let arrived = 0;
  const served = await service.serve(ECHO, async (message) => {
    arrived += 1;
    await finished;
    return message;
  });
  await expect(client.request(TO_ECHO, textMessage("?"), 50)).rejects.toThrow(RequestTimeoutError);
  // Whoever asked has given up: it may come after that.
  await until(() => arrived === 1);
  const inHand = client.request(TO_ECHO, textMessage("in hand"), 5_000);
  await until(() => arrived === 2);
  const closing = served.close();
  finish();
  expect(textOf(await inHand)).toBe("in hand");
  await closing;
  await expect(client.request(TO_ECHO, textMessage("?"), 5_000)).rejects.toThrow(NoRespondersError);
});

test("a command whose entity isn't of the subject's partition is refused and never answered by the service", async () => {
  fresh();
  const service = await open("a");
  let answered = 0;
  await service.serve(ECHO, async (message) => {
    answered += 1;
    return message;
  });
  const wrong = (partitionOf("acc-1") + 1) % 64;
  const reply = await raw.request(`${prefix}.cmd.account.${wrong}`, "x", {
    timeout: 5_000,
    headers: headersOf({ "tidemark-entity": "acc-1" }),
  });
  expect(reply.headers?.get("Nats-Service-Error-Code")).toBe("400");
  const without = await raw.request(`${prefix}.cmd.account.${wrong}`, "x", { timeout: 5_000 });
  expect(without.headers?.get("Nats-Service-Error-Code")).toBe("400");
  expect(answered).toBe(0);
});

test("an answer larger than the server takes is a typed failure of the other side", async () => {
  fresh();
  const [service, client] = [await open("a"), await open("b")];
  await service.serve(ECHO, async () => ({ headers: {}, payload: Buffer.alloc(2 ** 20 + 1) }));
  await expect(client.request(TO_ECHO, textMessage("?"), 5_000)).rejects.toThrow(RemoteFailedError);
});

test("1 MiB goes through, and more is refused before anything is sent", async () => {
  fresh();
  const [service, client] = [await open("a"), await open("b")];
  await service.serve(ECHO, async ({ payload }) => textMessage(String(payload.length)));
  const sized = (length: number) => ({ headers: {}, payload: Buffer.alloc(length) });
  expect(textOf(await client.request(TO_ECHO, sized(2 ** 20 - 100), 5_000))).toBe("1048476");
  await expect(client.request(TO_ECHO, sized(2 ** 20), 5_000)).rejects.toThrow(
    MessageTooLargeError,
  );
  const large = { ...publicationOf("a", 1), message: sized(2 ** 20 + 1) };
  await expect(client.publish(large)).rejects.toThrow(MessageTooLargeError);
  const headers = Object.fromEntries(
    Array.from({ length: 70 }, (_, n) => [`x-${n}`, "v".repeat(1_000)]),
  );
  const manyHeaders = { ...publicationOf("a", 1), message: { headers, payload: Buffer.of(1) } };
  await expect(client.publish(manyHeaders)).rejects.toThrow(MessageTooLargeError);
});

test("headers of the server's own and values no wire can carry are refused before anything is sent", async () => {
  fresh();
  const client = await open("a");
  for (const headers of [
    { "nats-rollup": "all" },
    { "Nats-Msg-Id": "x" },
    { "x-y": "a\r\nb" },
    { "x-y": "é" },
    { "x-y": " a" },
    { "x y": "a" },
    { "tidemark-entity": "acc-2" },
  ] as Record<string, string>[]) {
    await expect(client.request(TO_ECHO, textMessage("?", headers), 1_000)).rejects.toMatchObject({
      code: "invalid-argument",
    });
    const publication = { ...publicationOf("a", 1), message: textMessage("?", headers) };
    await expect(client.publish(publication)).rejects.toMatchObject({ code: "invalid-argument" });
  }
  expect((await client.standing()).lastSequence).toBe(0);
});

test("1,000 publications at once are kept in the order of the calls, each once", async () => {
  fresh();
  const publisher = await open("a");
  const positions = Array.from({ length: 1_000 }, (_, n) => n + 1);
  const publish = () =>
    Promise.all(positions.map((position) => publisher.publish(publicationOf("a", position))));
  const first = await publish();
  expect(first.map(({ sequence }) => sequence)).toEqual(positions);
  expect(first.some(({ duplicate }) => duplicate)).toBe(false);
  const again = await publish();
  expect(again.every(({ duplicate }) => duplicate)).toBe(true);
  expect((await publisher.standing()).lastSequence).toBe(1_000);
  expect(textOf((await publisher.messageAt(500))!)).toBe("event 500");
  expect((await publisher.messageAt(500))!.headers).toEqual({ "tidemark-position": "a:500" });
  expect(await publisher.messageAt(1_001)).toBeUndefined();
});

test("the last message of a store is found behind those of others, of other aggregates and partitions", async () => {
  fresh();
  const [a, b] = [await open("a"), await open("b")];
  expect(await a.lastPublished("account")).toBeUndefined();
  for (let position = 1; position <= 20; position += 1) {
    await a.publish(publicationOf("a", position));
    expect((await a.lastPublished("account"))?.sequence).toBe(position);
  }
  await a.publish(publicationOf("a", 21, { aggregate: "order" }));
  await Promise.all(
    Array.from({ length: 500 }, (_, n) =>
      b.publish(publicationOf("b", n + 1, { entityId: `b-${n}` })),
    ),
  );
  expect(textOf((await a.lastPublished("account"))!.message)).toBe("event 20");
  expect((await a.lastPublished("account"))!.sequence).toBe(20);
  expect((await b.lastPublished("account"))!.sequence).toBe(521);
  expect(await b.lastPublished("order")).toBeUndefined();
  // The start of another store's id isn't one's own.
  const ab = await open("ab");
  expect(await ab.lastPublished("account")).toBeUndefined();
});

test("a consumer gets the messages of its aggregate in pages and in order, and after a close goes on behind what is done", async () => {
  fresh();
  const [publisher, consumer] = [await open("a"), await open("b")];
  const publishAll = (from: number, to: number) =>
    Promise.all(
      Array.from({ length: to - from + 1 }, (_, n) =>
        publisher.publish(
          publicationOf("a", from + n, { aggregate: (from + n) % 3 === 0 ? "order" : "account" }),
        ),
      ),
    );
  await publishAll(1, 300);
  const got: number[] = [];
  const consume = () =>
    consumer.consume({
      aggregate: "account",
      durable: "b/account: Zürich",
      pageMax: 16,
      handle: async (page) => {
        expect(page.length).toBeLessThanOrEqual(16);
        got.push(...page.map(({ sequence }) => sequence));
        return { done: page.length, redeliverAfterMs: 0 };
      },
    });
  const wanted = (to: number) =>
    Array.from({ length: to }, (_, n) => n + 1).filter((n) => n % 3 !== 0);
  const first = await consume();
  await until(() => got.length >= 200);
  await first.close();
  expect(got).toEqual(wanted(300));
  await publishAll(301, 600);
  await consume();
  await until(() => got.length >= 400);
  expect(got).toEqual(wanted(600));
});

test("what isn't done comes again after its time with its count, and later ones meanwhile", async () => {
  fresh();
  const [publisher, consumer] = [await open("a"), await open("b")];
  const done: number[] = [];
  const seen: string[] = [];
  await consumer.consume({
    aggregate: "account",
    durable: "b",
    pageMax: 10,
    handle: async (page) => {
      const sequences = page.map(({ sequence }) => sequence);
      expect(sequences).toEqual([...sequences].sort((a, b) => a - b));
      seen.push(...page.map(({ sequence, deliveries }) => `${sequence}x${deliveries}`));
      // 25 can't be done before 600 was seen, and then at its third attempt at the earliest.
      const failing = page.findIndex(
        ({ sequence, deliveries }) =>
          sequence === 25 && (deliveries < 3 || !seen.includes("600x1")),
      );
      const count = failing < 0 ? page.length : failing;
      done.push(...sequences.slice(0, count));
      return { done: count, redeliverAfterMs: 10 };
    },
  });
  await Promise.all(
    Array.from({ length: 600 }, (_, n) => publisher.publish(publicationOf("a", n + 1))),
  );
  await until(() => done.length >= 600);
  expect([...done].sort((a, b) => a - b)).toEqual(Array.from({ length: 600 }, (_, n) => n + 1));
  expect(seen.filter((each) => each.startsWith("25x")).slice(0, 3)).toEqual([
    "25x1",
    "25x2",
    "25x3",
  ]);
});

test("a page that was rejected comes again as a whole, and nothing passes it", async () => {
  fresh();
  const [publisher, consumer] = [await open("a"), await open("b")];
  const done: number[] = [];
  let rejections = 0;
  await consumer.consume({
    aggregate: "account",
    durable: "b",
    pageMax: 10,
    handle: async (page) => {
      if (page.some(({ sequence }) => sequence === 25) && (rejections += 1) <= 2)
        throw new Error("unlucky");
      done.push(...page.map(({ sequence }) => sequence));
      return { done: page.length, redeliverAfterMs: 0 };
    },
  });
  for (let position = 1; position <= 60; position += 1)
    await publisher.publish(publicationOf("a", position));
  await until(() => done.length >= 60);
  expect(done).toEqual(Array.from({ length: 60 }, (_, n) => n + 1));
});

test("a consumer that crashed with a page in hand gets it again at once and in order", async () => {
  fresh();
  const publisher = await open("a");
  const got: number[] = [];
  const consume = async () =>
    (await open("b")).consume(collecting(got, ({ sequence }) => sequence));
  await publisher.publish(publicationOf("a", 1));
  const first = await consume();
  await until(() => got.length > 0);
  await first.close();
  for (let position = 2; position <= 50; position += 1)
    await publisher.publish(publicationOf("a", position));
  // What a process had in hand when it was killed: taken from the server, and acknowledged in part.
  const crashed = await connect({ servers: server.url });
  const puller = await crashed.jetstream().consumers.get(`${prefix.replace(".", "=")}-events`, "b");
  let taken = 0;
  for await (const message of await puller.fetch({ max_messages: 15, expires: 1_000 }))
    if ((taken += 1) <= 5) await message.ackAck();
  await crashed.close();
  const startedMs = performance.now();
  await consume();
  await until(() => got.length >= 45);
  expect(taken).toBe(15);
  expect(got).toEqual([1, ...Array.from({ length: 44 }, (_, n) => n + 7)]);
  // Nobody asked for it: the server would give it out again after that.
  expect(performance.now() - startedMs).toBeLessThan(ACK_WAIT_MS);
});

test("a slow consumer holds nobody up, and holds no more than two pages itself", async () => {
  fresh();
  const [publisher, consumer] = [await open("a"), await open("b")];
  let release: () => void = () => undefined;
  let pages = 0;
  await consumer.consume({
    aggregate: "account",
    durable: "slow",
    pageMax: 50,
    handle: async (page) => {
      pages += 1;
      await new Promise<void>((resolve) => (release = resolve));
      return { done: page.length, redeliverAfterMs: 0 };
    },
  });
  for (let start = 1; start <= 20_000; start += 500)
    await Promise.all(
      Array.from({ length: 500 }, (_, n) => publisher.publish(publicationOf("a", start + n))),
    );
  expect((await publisher.standing()).lastSequence).toBe(20_000);
  const manager = await raw.jetstreamManager();
  const stream = `${prefix.replace(".", "=")}-events`;
  const info = await manager.consumers.info(stream, "slow");
  expect(pages).toBe(1);
  expect(info.num_ack_pending).toBeLessThanOrEqual(100);
  expect(info.num_pending).toBeGreaterThanOrEqual(19_900);
  const releasing = setInterval(() => release(), 1);
  await connections.close();
  clearInterval(releasing);
});

test("messages of the log on a subject nobody makes are passed over", async () => {
  fresh();
  const [publisher, consumer] = [await open("a"), await open("b")];
  const js = raw.jetstream();
  await js.publish(`${prefix}.evt.account.64`, "x");
  await js.publish(`${prefix}.evt.account.07`, "x");
  await publisher.publish(publicationOf("a", 1));
  const got: number[] = [];
  await consumer.consume(collecting(got, ({ sequence }) => sequence));
  await until(() => got.length > 0);
  expect(got).toEqual([3]);
});

test("a stream that was deleted is made again by whoever publishes, consumes, or asks how it stands", async () => {
  fresh();
  const [publisher, consumer] = [await open("a"), await open("b")];
  const stream = `${prefix.replace(".", "=")}-events`;
  const manager = await raw.jetstreamManager();
  const got: string[] = [];
  await consumer.consume(collecting(got, ({ message }) => textOf(message)));
  await publisher.publish(publicationOf("a", 1));
  await until(() => got.length === 1);
  const before = await publisher.standing();
  await manager.streams.delete(stream);
  await expect(publisher.publish(publicationOf("a", 2))).rejects.toThrow(LogUnavailableError);
  await publisher.publish(publicationOf("a", 3));
  expect((await publisher.standing()).incarnation).not.toBe(before.incarnation);
  await until(() => got.length === 2);
  await manager.consumers.delete(stream, "b");
  await publisher.publish(publicationOf("a", 4));
  await until(() => got.at(-1) === "event 4");
  expect(got).toEqual(["event 1", "event 3", "event 3", "event 4"]);
});

test("a full log refuses with a typed error", async () => {
  fresh();
  const publisher = await open("a", { log: { maxBytes: 10_000 } });
  let failure: unknown;
  for (let position = 1; position <= 100 && failure === undefined; position += 1)
    await publisher
      .publish(publicationOf("a", position, { text: "x".repeat(500) }))
      .catch((error: unknown) => (failure = error));
  expect(failure).toBeInstanceOf(LogUnavailableError);
  expect(String(failure)).toContain("maximum bytes exceeded");
});

test("a stream that is there with another configuration is left as it is, and the status says so", async () => {
  fresh();
  const manager = await raw.jetstreamManager();
  const stream = `${prefix.replace(".", "=")}-events`;
  await manager.streams.add({ name: stream, subjects: [`${prefix}.evt.>`] });
  const connection = await open("a");
  await connection.publish(publicationOf("a", 1));
  const { limitations } = connection.status();
  expect(limitations.filter((each) => each.includes(stream))).toEqual([
    `the stream ${stream} has discard "old", not "new"; it is left as it is`,
    `the stream ${stream} has max_bytes -1, not 1073741824; it is left as it is`,
    `the stream ${stream} has deny_delete false, not true; it is left as it is`,
  ]);
});

test("what is served is seen by the tools of NATS, with counts and times, until it is closed", async () => {
  fresh();
  const [service, client] = [await open("a"), await open("b")];
  const description = "How many there are";
  const count = await service.serve(
    { kind: "endpoint", name: "count", description },
    async (message) => message,
  );
  await service.serve(ECHO, async (message) => message);
  await client.request({ kind: "endpoint", name: "count" }, textMessage("?"), 1_000);
  const discovery = raw.services.client();
  const name = prefix.replaceAll(".", "-");
  /** Those who answer; who asks waits for more only for a moment, which may be too short for some. */
  const listed = async <T>(ask: () => Promise<AsyncIterable<T>>, count: number): Promise<T[]> => {
    for (;;) {
      const all: T[] = [];
      for await (const each of await ask()) all.push(each);
      if (all.length >= count) return all;
    }
  };
  expect(await listed(() => discovery.ping(name), 2)).toHaveLength(2);
  const infos = await listed(() => discovery.info(name), 2);
  const info = infos.find(({ metadata }) => metadata?.["store"] === "a")!;
  expect(info.endpoints).toMatchObject([
    { name: "count", subject: `${prefix}.svc.count`, metadata: { description } },
    { name: "command-account", subject: `${prefix}.cmd.account.*` },
  ]);
  const stats = (await listed(() => discovery.stats(name, info.id), 1))[0]!;
  expect(stats.endpoints).toMatchObject([{ num_requests: 1, num_errors: 0 }, { num_requests: 0 }]);
  await count.close();
  expect((await listed(() => discovery.info(name, info.id), 1))[0]?.endpoints).toHaveLength(1);
});

test("a closed connection refuses at once", async () => {
  fresh();
  const client = await open("a");
  await client.close();
  await expect(client.request(TO_ECHO, textMessage("?"), 1_000)).rejects.toThrow(DisconnectedError);
  await expect(client.publish(publicationOf("a", 1))).rejects.toThrow(DisconnectedError);
  expect(client.status().connected).toBe(false);
});

function headersOf(record: Record<string, string>) {
  const headers = natsHeaders();
  for (const [name, value] of Object.entries(record)) headers.set(name, value);
  return headers;
}
