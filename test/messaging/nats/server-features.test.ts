/** What is said of a server by its version. */
import { createServer, type AddressInfo } from "node:net";
import { connect } from "nats";
import { afterEach, expect, test } from "vitest";
import { UnsupportedServerError } from "../../../src/messaging/nats/errors.js";
import {
  checkServer,
  limitationsOf,
  productionConcern,
} from "../../../src/messaging/nats/server-features.js";
import { NatsServer } from "tidemark/testing";
import { Connections, LinesLogger, publicationOf } from "./hosts.js";

const connections = new Connections();
afterEach(() => connections.close());

const server = (version: string) => ({ version, headers: true, jetstream: true });

test.each([
  ["2.8.4", true],
  ["1.4.1", true],
  ["2.9.0", false],
  ["2.9.10", false],
  ["2.12.7", false],
  ["3.0.0-beta.1", false],
])("%s is refused: %s", (version, isRefused) => {
  const check = () => checkServer(server(version));
  if (isRefused) expect(check).toThrow(UnsupportedServerError);
  else check();
});

test("a server without headers is refused", () => {
  expect(() => checkServer({ version: "2.12.7", headers: false })).toThrow(/headers/);
});

test.each([
  ["2.9.10", 5],
  ["2.10.29", 3],
  ["2.11.16", 1],
  ["2.12.7", 0],
  ["2.14.5", 0],
])("%s has %i limitations", (version, count) => {
  expect(limitationsOf(server(version))).toHaveLength(count);
});

test.each([
  ["2.9.10", 4],
  ["2.9.23", 3],
  ["2.10.27", 2],
  ["2.11.0", 3],
  ["2.11.15", 1],
  ["2.11.16", 0],
  ["2.12.5", 2],
  ["2.12.6", 1],
  ["2.12.7", 0],
  ["2.13.0", 0],
])("%s has %i known holes", (version, holes) => {
  const concern = productionConcern(server(version));
  if (holes === 0) expect(concern).toBeUndefined();
  else expect(concern?.split("; ")).toHaveLength(holes);
});

test("a server below the floor is refused when the connection is made", async () => {
  const old = createServer((socket) => {
    const info = { version: "2.8.4", headers: true, max_payload: 1_048_576, proto: 1, go: "x" };
    socket.write(`INFO ${JSON.stringify(info)}\r\n`);
    socket.on("data", (chunk) => {
      if (chunk.includes("PING")) socket.write("PONG\r\n");
    });
    socket.on("error", () => undefined);
  });
  await new Promise<void>((resolve) => old.listen(0, "127.0.0.1", resolve));
  const { port } = old.address() as AddressInfo;
  try {
    await expect(connections.connect(`127.0.0.1:${port}`, "a")).rejects.toThrow(
      UnsupportedServerError,
    );
  } finally {
    await new Promise((resolve) => old.close(resolve));
  }
});

test("the version is warned of once, and its limitations are in the status", async () => {
  const real = await NatsServer.start();
  try {
    const logger = new LinesLogger();
    const connection = await connections.connect(real.url, "a", {}, logger);
    const raw = await connect({ servers: real.url });
    const { version } = raw.info!;
    await raw.close();
    expect(connection.status().serverVersion).toBe(version);
    expect(connection.status().limitations).toEqual(limitationsOf(server(version)));
    const warnings = () => logger.lines.filter((line) => line.includes("advised for production"));
    const expected = productionConcern(server(version)) === undefined ? 0 : 1;
    expect(warnings()).toHaveLength(expected);
    await real.stop();
    await real.restart();
    await new Promise<void>((resolve) => {
      if (connection.status().connected) resolve();
      else connection.onChange((connected) => connected && resolve());
    });
    expect(warnings()).toHaveLength(expected);
    await connections.close();
  } finally {
    await real.remove();
  }
});

test("without JetStream requests work, and the log says why it doesn't", async () => {
  const real = await NatsServer.start({ jetStream: false });
  try {
    const connection = await connections.connect(real.url, "a", { logTimeoutMs: 1_000 });
    const endpoint = { kind: "endpoint", name: "x" } as const;
    await connection.serve({ ...endpoint, description: "" }, async (message) => message);
    await connection.request(endpoint, { headers: {}, payload: Buffer.of(1) }, 1_000);
    expect(connection.status().limitations.join("\n")).toMatch(/no JetStream/);
    const refusal = { code: "log-unavailable", retryable: true };
    await expect(connection.publish(publicationOf("a", 1))).rejects.toMatchObject(refusal);
    await expect(connection.standing()).rejects.toMatchObject(refusal);
    await connections.close();
  } finally {
    await real.remove();
  }
});
