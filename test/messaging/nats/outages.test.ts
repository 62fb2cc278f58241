/** NATS killed, away, cut off, wiped and rolled back, under load. */
import { cpSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { DisconnectedError } from "../../../src/messaging/errors.js";
import { nats } from "../../../src/messaging/nats/index.js";
import type { TransportConnection } from "../../../src/messaging/transport.js";
import { ManualClock, NatsServer } from "tidemark/testing";
import { TcpProxy } from "../../support/tcp-proxy.js";
import { until } from "../../support/until.js";
import { collecting, Connections, hostOf, publicationOf, textMessage } from "./hosts.js";
import { Load } from "./load.js";

/** `NATS_AWAY_S=1,5,30` is what the facts file asks for. */
const AWAY_S = (process.env["NATS_AWAY_S"] ?? "1,3").split(",").map(Number);
const KILLS = Number(process.env["NATS_KILLS"] ?? 10);
const ECHO = { kind: "endpoint", name: "echo" } as const;
const NO_FAULTS = { missing: 0, disordered: 0, wrongAnswers: 0 };
const KNOWN_FAILURES = new Set([
  "disconnected",
  "request-timeout",
  "no-responders",
  "log-unavailable",
]);

let server: NatsServer;
const connections = new Connections();

beforeAll(async () => void (server = await NatsServer.start()));
afterAll(() => server.remove());
afterEach(() => connections.close());

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const report = (line: string) => process.stdout.write(`    ${line}\n`);

function expectTyped(load: Load): void {
  for (const code of load.failures.keys()) expect(KNOWN_FAILURES).toContain(code);
}

test("killed and restarted ten times under load: nothing is lost, the order is kept, and it resumes by itself", async () => {
  const prefix = "kills";
  const publisher = await connections.connect(server.url, "a", { prefix });
  const consumer = await connections.connect(server.url, "b", { prefix });
  const load = await Load.start(publisher, "a", consumer);
  const resumedMs: number[] = [];
  for (let kill = 0; kill < KILLS; kill += 1) {
    const { length } = load.first;
    await until(() => load.first.length > length + 500);
    await server.stop("SIGKILL");
    await server.restart();
    resumedMs.push(Math.round(await load.resumedAfterMs()));
  }
  await load.finish();
  expect(load.faults()).toEqual(NO_FAULTS);
  expectTyped(load);
  expect(publisher.status().reconnects).toBeGreaterThanOrEqual(KILLS);
  report(
    `${KILLS} kills: ${load.published} events, ${load.repeated} repeated, ${load.answered} answers, resumed after ${resumedMs.join(", ")} ms; failures ${JSON.stringify([...load.failures])}`,
  );
});

test.each(AWAY_S)(
  "away for %d s: requests fail in the same turn, memory stays bounded, and it resumes by itself",
  async (seconds) => {
    const prefix = `away-${seconds}`;
    const publisher = await connections.connect(server.url, "a", { prefix });
    const consumer = await connections.connect(server.url, "b", { prefix });
    const load = await Load.start(publisher, "a", consumer);
    await until(() => load.first.length > 500);
    await server.stop("SIGINT");
    await until(() => !publisher.status().connected);
    let failure: unknown;
    const asked = publisher.request(ECHO, textMessage("?"), 60_000);
    asked.catch((error: unknown) => (failure = error));
    await new Promise((resolve) => setImmediate(resolve));
    expect(failure).toBeInstanceOf(DisconnectedError);
    const before = process.memoryUsage().rss;
    await sleep(seconds * 1_000);
    const grownMiB = (process.memoryUsage().rss - before) / 2 ** 20;
    await server.restart();
    const resumedMs = await load.resumedAfterMs();
    await load.finish();
    expect(load.faults()).toEqual(NO_FAULTS);
    expectTyped(load);
    expect(grownMiB).toBeLessThan(50);
    report(
      `away ${seconds} s: resumed after ${Math.round(resumedMs)} ms, +${grownMiB.toFixed(1)} MiB`,
    );
  },
);

test("a server that isn't there at first is waited for, and what was asked for meanwhile works then", async () => {
  const late = await NatsServer.start();
  await late.stop();
  try {
    const connection = await connections.connect(late.url, "a", { prefix: "late" });
    expect(connection.status()).toMatchObject({ connected: false, server: undefined });
    expect(connection.status().lastError).toBeInstanceOf(Error);
    const changes: boolean[] = [];
    connection.onChange((connected) => changes.push(connected));
    const load = await Load.start(connection, "a", connection);
    await until(() => (load.failures.get("disconnected") ?? 0) > 5);
    await late.restart();
    await load.resumedAfterMs();
    await load.finish();
    expect(load.faults()).toEqual(NO_FAULTS);
    expect(changes).toEqual([true]);
    expect(connection.status()).toMatchObject({
      connected: true,
      server: `127.0.0.1:${late.port}`,
    });
    await connections.close();
  } finally {
    await late.remove();
  }
});

test("a connection that can't be made is given up at once when it is closed", async () => {
  const late = await NatsServer.start();
  const proxy = await TcpProxy.start(late.port);
  proxy.set("black-hole");
  const clock = new ManualClock();
  const transport = nats({ servers: `127.0.0.1:${proxy.port}`, prefix: "shop" });
  try {
    let connection: TransportConnection | undefined;
    void transport.connect({ ...hostOf("a"), clock }).then((made) => (connection = made));
    while (connection === undefined) await clock.advance(100);
    while (proxy.connections === 0) await clock.advance(100);
    // No time passes any more: if this waited for an attempt to end, it would wait for ever.
    await connection.close();
    expect(connection.status().connected).toBe(false);
    await until(() => proxy.connections === 0);
  } finally {
    await proxy.stop();
    await late.remove();
  }
});

test("a consumer that is closed in the moment in which the server dies closes", async () => {
  const own = await NatsServer.start();
  try {
    const connection = await connections.connect(own.url, "a", { prefix: "moment" });
    let came = false;
    const consumer = await connection.consume({
      aggregate: "account",
      durable: "b",
      pageMax: 10,
      handle: async (page) => {
        came = true;
        return { done: page.length, redeliverAfterMs: 0 };
      },
    });
    await connection.publish(publicationOf("a", 1));
    await until(() => came);
    await own.stop("SIGKILL");
    await expect(consumer.close()).resolves.toBeUndefined();
    await connections.close();
  } finally {
    await own.remove();
  }
});

test.each([
  ["dropped connections", (proxy: TcpProxy) => proxy.drop()],
  ["refused connections", (proxy: TcpProxy) => proxy.set("refuse")],
  ["a black hole", (proxy: TcpProxy) => proxy.set("black-hole")],
  ["a byte a millisecond", (proxy: TcpProxy) => proxy.set("throttle", 1)],
  ["a half-open connection", (proxy: TcpProxy) => proxy.set("half-open")],
] as const)(
  "%s between a service and NATS: nothing is lost, the order is kept",
  async (name, cut) => {
    const proxy = await TcpProxy.start(server.port);
    try {
      const prefix = name.replaceAll(" ", "-");
      const address = `127.0.0.1:${proxy.port}`;
      // Silence is noticed by what isn't answered.
      const quick = { connectTimeoutMs: 500, pingIntervalMs: 300, logTimeoutMs: 1_000 };
      const options = { prefix, ...quick };
      const publisher = await connections.connect(address, "a", options);
      const consumer = await connections.connect(address, "b", options);
      const load = await Load.start(publisher, "a", consumer);
      const resumedMs: number[] = [];
      for (let cuts = 0; cuts < 2; cuts += 1) {
        const { length } = load.first;
        await until(() => load.first.length > length + 300);
        const { reconnects } = publisher.status();
        cut(proxy);
        await until(() => {
          const now = publisher.status();
          return !now.connected || now.reconnects > reconnects;
        });
        await sleep(700);
        proxy.set("pass");
        resumedMs.push(Math.round(await load.resumedAfterMs()));
      }
      await load.finish();
      expect(load.faults()).toEqual(NO_FAULTS);
      expectTyped(load);
      report(`${name}: resumed after ${resumedMs.join(", ")} ms, ${load.repeated} repeated`);
      await connections.close();
      await until(() => proxy.connections === 0);
    } finally {
      await proxy.stop();
    }
  },
);

test("200 ms of delay in each direction: everything works, in order", async () => {
  const proxy = await TcpProxy.start(server.port);
  try {
    const address = `127.0.0.1:${proxy.port}`;
    const options = { prefix: "delay" };
    const publisher = await connections.connect(address, "a", options);
    const consumer = await connections.connect(address, "b", options);
    proxy.set("pass", 200);
    const load = await Load.start(publisher, "a", consumer);
    await until(() => load.first.length > 64 && load.answered > 1);
    await load.finish();
    expect(load.faults()).toEqual(NO_FAULTS);
    expect(publisher.status().reconnects).toBe(0);
    await connections.close();
  } finally {
    await proxy.stop();
  }
});

test("a store that was wiped while the server was down is a new log, and consumers go on in it", async () => {
  const own = await NatsServer.start();
  try {
    const connection = await connections.connect(own.url, "a", { prefix: "wiped" });
    const got: number[] = [];
    await connection.consume(collecting(got, ({ sequence }) => sequence));
    for (let position = 1; position <= 5; position += 1)
      await connection.publish(publicationOf("a", position));
    await until(() => got.length === 5);
    const before = await connection.standing();
    await own.stop("SIGKILL");
    own.wipe();
    await own.restart();
    await until(() => connection.status().connected);
    const after = await connection.standing();
    expect(after.incarnation).not.toBe(before.incarnation);
    expect(after.lastSequence).toBe(0);
    expect(await connection.lastPublished("account")).toBeUndefined();
    for (let position = 1; position <= 5; position += 1)
      await connection.publish(publicationOf("a", position));
    await until(() => got.length === 10);
    expect(got).toEqual([1, 2, 3, 4, 5, 1, 2, 3, 4, 5]);
    await connections.close();
  } finally {
    await own.remove();
  }
});

test("a store that was rolled back shows by its last sequence, and consumers get what comes at the same places", async () => {
  const own = await NatsServer.start();
  try {
    const connection = await connections.connect(own.url, "a", { prefix: "back" });
    const got: string[] = [];
    let inHand = 0;
    const gate: { closed?: Promise<void> } = {};
    await connection.consume({
      aggregate: "account",
      durable: "b",
      pageMax: 1,
      handle: async (page) => {
        inHand = page[0]!.sequence;
        await gate.closed;
        got.push(...page.map(({ message }) => message.headers["tidemark-position"]!));
        return { done: page.length, redeliverAfterMs: 0 };
      },
    });
    const publish = async (from: number, to: number) => {
      for (let position = from; position <= to; position += 1)
        await connection.publish(publicationOf("a", position));
    };
    await publish(1, 5);
    await until(() => got.length === 5);
    await own.stop("SIGINT");
    const store = join(own.directory, "store");
    cpSync(store, `${store}.copy`, { recursive: true });
    await own.restart();
    await until(() => connection.status().connected);
    // In hand when the server goes back, and acknowledged afterwards: other messages have these places then.
    let release: () => void = () => undefined;
    gate.closed = new Promise((resolve) => (release = resolve));
    await publish(6, 9);
    await until(() => inHand === 6);
    const before = await connection.standing();
    await own.stop("SIGKILL");
    own.wipe();
    cpSync(`${store}.copy`, store, { recursive: true });
    await own.restart();
    await until(() => connection.status().connected);
    const after = await connection.standing();
    expect(after).toEqual({ incarnation: before.incarnation, lastSequence: 5 });
    const last = await connection.lastPublished("account");
    expect(last?.message.headers["tidemark-position"]).toBe("a:5");
    await publish(101, 104);
    release();
    await until(() => got.at(-1) === "a:104");
    // The one in hand was done; the one that waited belongs to the log that was lost.
    expect(got.slice(5)).toEqual(["a:6", "a:101", "a:102", "a:103", "a:104"]);
    await connections.close();
  } finally {
    await own.remove();
  }
});
