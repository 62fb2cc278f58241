/** Who may do what, and that nobody hears a secret. */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { connect, nkeys, type NatsConnection } from "nats";
import { afterEach, expect, test } from "vitest";
import { DisconnectedError } from "../../../src/messaging/errors.js";
import { nats, type NatsAuth, type NatsOptions } from "../../../src/messaging/nats/index.js";
import type { TransportConnection } from "../../../src/messaging/transport.js";
import { NatsServer } from "tidemark/testing";
import { until } from "../../support/until.js";
import { Connections, LinesLogger, publicationOf, textMessage, textOf } from "./hosts.js";

const CANARY = "canary5ecret";
const connections = new Connections();
const servers: NatsServer[] = [];

afterEach(async () => {
  await connections.close();
  for (const server of servers.splice(0)) await server.remove();
});

async function serverWith(config: string): Promise<NatsServer> {
  const server = await NatsServer.start({ config });
  servers.push(server);
  return server;
}

interface KeyPair {
  getSeed(): Uint8Array;
  getPublicKey(): string;
}
const newUser = () => (nkeys as { createUser(): KeyPair }).createUser();

/** Everything a runtime shows: its log lines, the connection, its status, and the errors it throws. */
async function shownBy(connection: TransportConnection, logger: LinesLogger): Promise<string> {
  const failure: unknown = await connection.standing().catch((error: unknown) => error);
  const all = [logger.lines, connection, connection.status(), failure];
  const shown = all.map((each) => inspect(each, { depth: 20, showHidden: true }));
  return [...shown, JSON.stringify(connection.status()), String(failure)].join("\n");
}

const user = newUser();
const seed = Buffer.from(user.getSeed()).toString();
const WAYS: [string, NatsAuth, NatsAuth, string, string][] = [
  [
    "a token",
    { token: CANARY },
    { token: `${CANARY}x` },
    `authorization { token: ${CANARY} }`,
    CANARY,
  ],
  [
    "user and password",
    { user: "svc", password: CANARY },
    { user: "svc", password: `${CANARY}x` },
    `authorization { user: svc, password: ${CANARY} }`,
    CANARY,
  ],
  [
    "an nkey",
    { nkeySeed: seed },
    { nkeySeed: Buffer.from(newUser().getSeed()).toString() },
    `authorization { users: [{ nkey: ${user.getPublicKey()} }] }`,
    seed,
  ],
];

test.each(WAYS)(
  "%s opens the server, a wrong one doesn't, and neither is shown anywhere",
  async (_, right, wrong, config, secret) => {
    const server = await serverWith(config);
    const logger = new LinesLogger();
    const connection = await connections.connect(server.url, "a", { auth: right }, logger);
    expect(connection.status().connected).toBe(true);
    expect(await shownBy(connection, logger)).not.toContain(secret);

    const refused = await connections.connect(server.url, "b", { auth: wrong }, logger);
    expect(refused.status().connected).toBe(false);
    expect(String(refused.status().lastError)).toMatch(/authorization/i);
    const shown = await shownBy(refused, logger);
    expect(logger.lines.join()).toMatch(/can't be reached/);
    for (const hidden of [secret, ...Object.values(wrong as Record<string, string>)])
      expect(shown).not.toContain(hidden);
    await expect(refused.publish(publicationOf("b", 1))).rejects.toThrow(DisconnectedError);
  },
);

test("a login that was refused is tried again, and works once the server knows the user", async () => {
  const server = await serverWith("authorization { token: other }");
  const connection = await connections.connect(server.url, "a", { auth: { token: CANARY } });
  expect(connection.status().connected).toBe(false);
  const other = await NatsServer.start({ config: `authorization { token: ${CANARY} }` });
  servers.push(other);
  const second = await connections.connect(server.url, "b", {
    servers: [server.url, other.url],
    auth: { token: CANARY },
  });
  await until(() => second.status().connected);
  expect(second.status().server).toBe(`127.0.0.1:${other.port}`);
});

test("options with secrets in the wrong place are refused without showing them", () => {
  const base = { servers: "127.0.0.1:4222", prefix: "shop" };
  const bad: unknown[] = [
    { ...base, servers: `nats://svc:${CANARY}@127.0.0.1:4222` },
    { ...base, servers: [`nats://${CANARY}@127.0.0.1`] },
    { ...base, servers: `127.0.0.1:4222/?token=${CANARY}` },
    { ...base, auth: { nkeySeed: CANARY } },
    { ...base, auth: { creds: CANARY } },
    { ...base, auth: { token: CANARY, user: "x" } },
    { ...base, auth: { password: CANARY } },
    { ...base, auth: CANARY },
    { ...base, auth: { token: [CANARY] } },
    { ...base, tls: { key: { pem: CANARY } } },
  ];
  for (const options of bad) {
    let failure: unknown;
    try {
      nats(options as NatsOptions);
    } catch (error) {
      failure = error;
    }
    expect(failure).toMatchObject({ code: "invalid-argument" });
    expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain(CANARY);
  }
  expect(inspect(nats({ ...base, auth: { token: CANARY } }), { depth: 20 })).not.toContain(CANARY);
});

test("servers off this machine need TLS, or a word that it is meant so; misspelt options are refused", () => {
  for (const server of [
    "10.0.0.1:4222",
    "nats.example",
    "[2001:db8::1]:4222",
    "127.0.0.1.evil:1",
  ]) {
    expect(() => nats({ servers: server, prefix: "shop" })).toThrow(/insecure: true/);
    nats({ servers: server, prefix: "shop", insecure: true });
    nats({ servers: server, prefix: "shop", tls: true });
  }
  for (const server of ["localhost", "127.0.0.1:4222", "nats://[::1]:4222", "127.8.9.1"])
    nats({ servers: server, prefix: "shop" });
  const misspelt = { servers: "localhost", prefix: "shop", TLS: true };
  expect(() => nats(misspelt)).toThrow(/options of nats/);
});

test("with TLS, a server that one's authority has signed is talked to, and no other", async () => {
  const server = await serverWith("");
  await server.stop();
  const { directory } = server;
  const openssl = (...args: string[]) =>
    execFileSync("openssl", args, { cwd: directory, stdio: "pipe" });
  writeFileSync(join(directory, "san"), "subjectAltName=IP:127.0.0.1,DNS:localhost\n");
  const newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  for (const name of ["ca", "other"])
    openssl(
      "req",
      "-x509",
      ...newKey,
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
      "-days",
      "2",
      "-subj",
      `/CN=${name}`,
    );
  openssl(
    "req",
    ...newKey,
    "-keyout",
    "server.key",
    "-out",
    "server.csr",
    "-subj",
    "/CN=localhost",
  );
  openssl(
    "x509",
    "-req",
    "-in",
    "server.csr",
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    "-CAcreateserial",
    "-out",
    "server.pem",
    "-days",
    "2",
    "-extfile",
    "san",
  );
  const at = (file: string) => join(directory, file);
  const tlsServer = await serverWith(
    `tls { cert_file: "${at("server.pem")}", key_file: "${at("server.key")}" }`,
  );
  const address = `localhost:${tlsServer.port}`;
  for (const tls of [{ caFile: at("ca.pem") }, { ca: readFileSync(at("ca.pem"), "utf8") }]) {
    const connection = await connections.connect(address, "a", { tls });
    expect(connection.status().lastError).toBeUndefined();
    expect(connection.status().connected).toBe(true);
    await connection.publish(publicationOf("a", 1));
  }
  const distrusting = await connections.connect(address, "b", { tls: { caFile: at("other.pem") } });
  expect(distrusting.status().connected).toBe(false);
  expect(String(distrusting.status().lastError)).toMatch(/certificate|signature|verify/i);
  // One that asks for TLS isn't content with a server that has none.
  const plain = await serverWith("");
  const stripped = await connections.connect(plain.url, "c", { tls: { caFile: at("ca.pem") } });
  expect(stripped.status().connected).toBe(false);
});

/** The configuration in the guide, with passwords. */
function guideConfig(): string {
  const guide = readFileSync(new URL("../../../docs/guides/nats.md", import.meta.url), "utf8");
  const config = /```text\n(authorization \{[\s\S]+?)```/.exec(guide)?.[1];
  if (config === undefined) throw new Error("the guide has no configuration");
  return config.replaceAll(/\$([A-Z]+)_PASSWORD/g, (_, name: string) => name.toLowerCase());
}

const auth = (name: string) => ({ user: name, password: name });

test("with the permissions of the guide, each service can do its own", async () => {
  const server = await serverWith(guideConfig());
  const early = await connections.connect(server.url, "e", {
    auth: auth("accounts"),
    inbox: "accounts",
  });
  // The stream isn't there yet, and this user may not make it.
  await until(() => early.status().connected);
  expect(early.status().limitations.join("\n")).toMatch(/shop-events can't be used/);
  await expect(early.publish(publicationOf("e", 1))).rejects.toMatchObject({
    code: "log-unavailable",
  });

  await connections.connect(server.url, "d", { auth: auth("deploy"), inbox: "deploy" });
  const as = (name: string, storeId: string) =>
    connections.connect(server.url, storeId, {
      auth: auth(name),
      inbox: name,
      log: { create: false },
    });
  const [accounts, orders] = [await as("accounts", "a"), await as("orders", "o")];
  expect(accounts.status().limitations.join("\n")).not.toMatch(/shop-events/);
  await accounts.serve({ kind: "command", aggregate: "account" }, async (message) => message);
  const totals = { kind: "endpoint", name: "totals" } as const;
  await accounts.serve({ ...totals, description: "" }, async (message) => message);
  const got: string[] = [];
  const consumer = await orders.consume({
    aggregate: "account",
    durable: "orders-account",
    pageMax: 10,
    handle: async (page) => {
      got.push(...page.map(({ message }) => textOf(message)));
      return { done: page.length, redeliverAfterMs: 0 };
    },
  });
  await accounts.publish(publicationOf("a", 1));
  await until(() => got.length === 1);
  await consumer.close();
  expect((await accounts.lastPublished("account"))?.sequence).toBe(1);
  expect((await accounts.messageAt(1))?.headers).toEqual({ "tidemark-position": "a:1" });
  const toAccount = { kind: "command", aggregate: "account", entityId: "acc-1" } as const;
  expect(textOf(await orders.request(toAccount, textMessage("open"), 2_000))).toBe("open");
  expect(textOf(await orders.request(totals, textMessage("?"), 2_000))).toBe("?");

  await expect(orders.publish(publicationOf("o", 1))).rejects.toMatchObject({
    code: "not-permitted",
    retryable: false,
  });
  await expect(accounts.request(toAccount, textMessage("x"), 2_000)).rejects.toMatchObject({
    code: "not-permitted",
  });
  expect(accounts.status().connected).toBe(true);
});

test("with the permissions of the guide, nobody can do what is another's", async () => {
  const server = await serverWith(guideConfig());
  await connections.connect(server.url, "d", { auth: auth("deploy"), inbox: "deploy" });
  const raw: NatsConnection[] = [];
  try {
    for (const [name, forbidden] of [
      [
        "accounts",
        [
          "elsewhere.evt.account.1",
          "shop.evt.order.1",
          "shop.cmd.order.1",
          "$JS.API.STREAM.DELETE.shop-events",
          "$JS.API.STREAM.PURGE.shop-events",
          "$JS.API.STREAM.UPDATE.shop-events",
          "$JS.API.STREAM.CREATE.mine",
          "$JS.API.STREAM.MSG.DELETE.shop-events",
          "$JS.API.CONSUMER.DELETE.shop-events.orders-account",
          "$JS.API.CONSUMER.CREATE.shop-events.mine.shop.evt.order.*",
          "_INBOX_shop_orders.forged",
        ],
      ],
      [
        "orders",
        [
          "shop.evt.account.1",
          "$JS.API.STREAM.DELETE.shop-events",
          "$JS.API.STREAM.MSG.GET.shop-events",
          "$JS.API.CONSUMER.CREATE.shop-events.orders-account.shop.evt.order.*",
          "$JS.API.CONSUMER.MSG.NEXT.shop-events.other",
          "_INBOX_shop_accounts.forged",
        ],
      ],
      ["deploy", ["$JS.API.STREAM.DELETE.shop-events", "shop.evt.account.1"]],
    ] as const) {
      const connection = await connect({
        servers: server.url,
        user: name,
        pass: name,
        inboxPrefix: `_INBOX_shop_${name}`,
      });
      raw.push(connection);
      for (const subject of forbidden)
        await expect(
          connection.request(subject, "{}", { timeout: 2_000 }),
          `${name} to ${subject}`,
        ).rejects.toMatchObject({ code: "PERMISSIONS_VIOLATION" });
      for (const subject of ["_INBOX_shop_other.>", ">", "shop.evt.>", "_INBOX.>"]) {
        const denied = new Promise((resolve) =>
          connection.subscribe(subject, { callback: (error) => resolve(error) }),
        );
        await connection.flush();
        expect(await denied, `${name} from ${subject}`).toMatchObject({
          code: "PERMISSIONS_VIOLATION",
        });
      }
    }
  } finally {
    for (const connection of raw) await connection.close();
  }
});
