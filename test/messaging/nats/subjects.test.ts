/** Nothing a user names leaves the prefix, and every name comes back as it was (R27). */
import fc from "fast-check";
import { expect, test } from "vitest";
import { checkId } from "../../../src/kernel/ids.js";
import {
  fromWire,
  ReceivedHeaders,
  decodeEntity,
  encodeEntity,
  toWire,
} from "../../../src/messaging/nats/message-headers.js";
import {
  consumerName,
  decodeToken,
  encodeToken,
  partitionOf,
  PARTITIONS,
  Subjects,
} from "../../../src/messaging/nats/subjects.js";

const RUNS = Number(process.env["SUBJECT_RUNS"] ?? 20_000);
const TOKEN = /^[A-Za-z0-9_=-]{1,350}$/;
const CORPUS = [
  "a\r\nPUB evil 0\r\n\r\n",
  "a b",
  " ",
  "\t",
  "*",
  ">",
  "a.*",
  "shop.>",
  ".",
  "..",
  "a..b",
  ".a",
  "a.",
  "$JS.API.STREAM.DELETE.shop-events",
  "$SYS",
  "_INBOX.x",
  "a\u0000b",
  "\u202egnp.exe",
  "é",
  "e\u0301",
  "../../etc/passwd",
  "..\\..\\x",
  "CON",
  "nul.txt",
  "/dev/null",
  "=",
  "==",
  "=YQ",
  "=a",
  "%41",
  "__proto__",
  "😀",
  "x".repeat(64),
  "x".repeat(65),
  "x".repeat(256),
  "ü".repeat(128),
];
const subjects = new Subjects("shop.eu");

function isValidId(text: string): boolean {
  try {
    checkId("id", text);
    return true;
  } catch {
    return false;
  }
}

const anyId = fc
  .oneof(
    fc.string({ minLength: 1, maxLength: 256, unit: "binary" }),
    fc.string({ minLength: 1, maxLength: 70 }),
    fc.constantFrom(...CORPUS),
    fc.stringMatching(/^[A-Za-z0-9_=.-]{1,66}$/),
  )
  .map((text) => text.normalize("NFC"))
  .filter(isValidId);

test("every valid id becomes one token of harmless characters, and comes back", () => {
  fc.assert(
    fc.property(anyId, (id) => {
      const token = encodeToken(id);
      expect(token).toMatch(TOKEN);
      expect(decodeToken(token)).toBe(id);
      expect(decodeEntity(encodeEntity(id))).toBe(id);
      expect(encodeEntity(id)).toMatch(/^[\x21-\x7e]*$/);
      expect(consumerName(id)).toMatch(/^[A-Za-z0-9_=-]{1,200}$/);
    }),
    { numRuns: RUNS },
  );
});

test("two ids never share a token or the name of a consumer", () => {
  fc.assert(
    fc.property(anyId, anyId, (a, b) => {
      fc.pre(a !== b);
      expect(encodeToken(a)).not.toBe(encodeToken(b));
      expect(consumerName(a)).not.toBe(consumerName(b));
    }),
    { numRuns: RUNS },
  );
});

test("whatever a token is, it stands for at most one name, and that name makes this token", () => {
  const anyToken = fc.oneof(
    fc.string({ maxLength: 80 }),
    fc.base64String({ maxLength: 80 }).map((text) => `=${text}`),
    fc.stringMatching(/^=[A-Za-z0-9_-]{1,80}$/),
  );
  fc.assert(
    fc.property(anyToken, (token) => {
      const name = decodeToken(token);
      if (name !== undefined) expect(encodeToken(name)).toBe(token);
    }),
    { numRuns: RUNS },
  );
});

test.each(CORPUS)(
  "%j as an aggregate, an entity and an endpoint stays within the prefix",
  (name) => {
    const within = /^shop\.eu\.(cmd|evt|svc)\.[A-Za-z0-9_=-]+(\.(\d{1,2}|\*))?$/;
    for (const subject of [
      subjects.request({ kind: "command", aggregate: name, entityId: name }),
      subjects.request({ kind: "endpoint", name }),
      subjects.commandsOf(name),
      subjects.event(name, partitionOf(name)),
      subjects.eventsOf(name),
      subjects.endpoint(name),
    ])
      expect(subject).toMatch(within);
    const partition = partitionOf(name);
    expect(subjects.parseEvent(subjects.event(name, partition))).toEqual({
      aggregate: name,
      partition,
    });
  },
);

test("text that isn't well formed is refused", () => {
  for (const text of ["\ud800", "a\udc00b", ""]) {
    expect(() => encodeToken(text)).toThrow(/lone surrogates/);
    expect(() => consumerName(text)).toThrow(/lone surrogates/);
  }
  expect(() => encodeEntity("\ud800")).toThrow(/lone surrogates/);
});

test.each([
  "shop.evt.account.1",
  "shop.eu.evt.account",
  "shop.eu.evt.account.64",
  "shop.eu.evt.account.01",
  "shop.eu.evt.account.-1",
  "shop.eu.evt.account.1.2",
  "shop.eu.evt.=YQ.1",
  "shop.eu.evt.=.1",
  "shop.eu.evt.a b.1",
  "shop.eu.cmd.account.1",
  "other.shop.eu.evt.account.1",
  "shop.eu.evt..1",
])("%s is no subject of the log", (subject) => {
  expect(subjects.parseEvent(subject)).toBeUndefined();
});

test("a partition is fixed for ever, and ids spread over all of them", () => {
  // Written down once: another hash would send commands to where nobody listens.
  expect(["acc-1", "acc-2", "Zürich", "😀", "a"].map(partitionOf)).toEqual([9, 0, 32, 42, 32]);
  const counts = new Array<number>(PARTITIONS).fill(0);
  for (let n = 0; n < 64_000; n += 1) counts[partitionOf(`acc-${n}`)]! += 1;
  expect(Math.min(...counts)).toBeGreaterThan(700);
  expect(Math.max(...counts)).toBeLessThan(1_300);
});

test.each(["", "$JS", "a..b", ".a", "a.", "a b", "a.*", ">", "_INBOX", "é", "a".repeat(101), 7])(
  "%j is no prefix",
  (prefix) => {
    expect(() => new Subjects(prefix as string)).toThrow(/prefix must be/);
  },
);

test("prefixes that differ have streams and inboxes that differ", () => {
  const [a, b, c] = ["a.b", "a-b", "a_b"].map((prefix) => new Subjects(prefix));
  expect(new Set([a!.stream, b!.stream, c!.stream]).size).toBe(3);
  expect(new Set([a, b, c].map((each) => each!.inboxPrefix("x"))).size).toBe(3);
  expect(a!.inboxPrefix("a.b*>")).toMatch(/^_INBOX_a=b_[A-Za-z0-9_=-]+$/);
});

test("headers arrive as they were given, also those with names that mean something to JavaScript", () => {
  const name = fc.stringMatching(/^[a-z0-9][a-z0-9_-]{0,20}$/).filter(isUsersName);
  const value = fc.stringMatching(/^[\x21-\x7e]([\x20-\x7e]{0,40}[\x21-\x7e])?$/);
  fc.assert(
    fc.property(fc.dictionary(name, fc.oneof(value, fc.constant(""))), (given) => {
      const text = Buffer.from(toWire(given).encode()).toString();
      const lines = text.split("\r\n").filter((line) => line !== "");
      const wire = lines.slice(1).map((line): [string, string[]] => {
        const at = line.indexOf(":");
        return [line.slice(0, at), [line.slice(at + 1).trim()]];
      });
      expect(fromWire(wire as never)).toEqual({ ...given });
      const received = receivedHeaders(text);
      expect(received.all()).toEqual({ ...given });
      for (const each in given) expect(received.get(each)).toBe(given[each]);
      const ofAnotherClient = { headers: { toString: () => text } };
      expect(new ReceivedHeaders(ofAnotherClient as never).all()).toEqual({ ...given });
    }),
    { numRuns: 1_000 },
  );
  const odd = [
    ["__PROTO__", ["x"]],
    ["Constructor", ["y"]],
    ["Nats-Msg-Id", ["z"]],
  ];
  const taken = fromWire(odd as never);
  expect(Object.keys(taken)).toEqual(["__proto__", "constructor"]);
  expect(Object.getPrototypeOf(taken)).toBe(Object.prototype);
});

test("headers that aren't any are left out, with all that come behind them, and take no longer for it", () => {
  const start = "NATS/1.0\r\n";
  expect(
    receivedHeaders(`${start}a: 1\r\nA: 2\r\n__Proto__: 3\r\nb\r\nc: 4\r\n\r\n`).all(),
  ).toEqual(
    Object.fromEntries([
      ["a", "1"],
      ["__proto__", "3"],
    ]),
  );
  expect(receivedHeaders(start + "a\r\n".repeat(300_000)).all()).toEqual({});
  expect(receivedHeaders("").get("a")).toBeUndefined();
  fc.assert(
    fc.property(fc.string(), (given) => {
      expect(() => receivedHeaders(given).all()).not.toThrow();
    }),
    { numRuns: 1_000 },
  );
});

/** As the client has them: in front of the payload. */
function receivedHeaders(text: string): ReceivedHeaders {
  const bytes = Buffer.from(`${text}payload: none\r\n`);
  const hdr = bytes.length - "payload: none\r\n".length;
  return new ReceivedHeaders({ _msg: { hdr }, _rdata: bytes } as never);
}

function isUsersName(name: string): boolean {
  return !name.startsWith("nats-") && name !== "tidemark-entity" && name !== "__proto__";
}
