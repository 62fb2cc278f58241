/** What travels comes back equal; whatever else arrives is refused with one kind of error. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encode } from "../../journal/index.js";
import { InvalidArgumentError } from "../../src/kernel/errors.js";
import { defaultLimits } from "../../src/kernel/limits.js";
import { checkParsedJson, checkPlainData } from "../../src/kernel/plain-data.js";
import { commandMessage, commandOf, type SentCommand } from "../../src/messaging/command-wire.js";
import { commandAnswerOf } from "../../src/messaging/answer-wire.js";
import { foreignEventOf, placeOf } from "../../src/messaging/event-wire.js";
import { BadMessageError } from "../../src/messaging/errors.js";
import { HeaderReader, headerValue } from "../../src/messaging/headers.js";
import { checkMsgpack } from "../../src/messaging/msgpack-form.js";
import { dataOf, payloadOf } from "../../src/messaging/payload.js";

const RUNS = Number(process.env["WIRE_RUNS"] ?? 300);
const bounds = { bytesMax: 100_000, depthMax: 16 };
const text = fc.string({ unit: "grapheme" }).filter((value) => value.isWellFormed());
const plain = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.integer(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
    text,
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
    fc.date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) }),
    fc.uint8Array(),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(
      text.filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 5, noNullPrototype: true },
    ),
  ),
})).value;

const command = (changes: Partial<SentCommand> = {}): SentCommand => ({
  ...{ aggregate: "account", entityId: "a", type: "Deposit", data: { cents: 1 } },
  ...{ commandId: "c1", timeoutMs: 1_000, metadata: {} },
  ...changes,
});
const messageOf = (changes: Partial<SentCommand> = {}) =>
  commandMessage(command(changes), "store", defaultLimits);

describe("payloads", () => {
  it("of plain data come back equal", () => {
    fc.assert(
      fc.property(plain, (value) => {
        const { contentType, bytes } = payloadOf("data", value, bounds);
        const back = dataOf("data", contentType, bytes, bounds);
        expect(encode(back)).toEqual(encode(typeof value === "bigint" ? back : value));
      }),
      { numRuns: RUNS },
    );
  });

  it("of any bytes are read as plain data or refused, and cost no more memory than they are long", () => {
    const nasty = [
      [0xdd, 0xff, 0xff, 0xff, 0xff],
      [0xdf, 0xff, 0xff, 0xff, 0xff],
      [0xc6, 0xff, 0xff, 0xff, 0xff],
      [0xd4, 0x72, 0x40],
      [0xd4, 0x00, 0x00],
      Array.from({ length: 1_000 }, () => 0x91),
      [0xc0, 0xc0],
      [],
    ].map((bytes) => Uint8Array.from(bytes));
    const given = fc.oneof(fc.constantFrom(...nasty), fc.uint8Array({ maxLength: 64 }));
    const type = fc.constantFrom("application/json", "application/msgpack", "text/html", undefined);
    fc.assert(
      fc.property(given, type, (bytes, contentType) => {
        try {
          const data = dataOf("data", contentType, bytes, bounds);
          if (data !== undefined) payloadOf("data", data, { ...bounds, bytesMax: Infinity });
        } catch (error) {
          expect(error).toBeInstanceOf(BadMessageError);
        }
      }),
      { numRuns: RUNS },
    );
    for (const bytes of nasty.slice(0, 7))
      expect(() => checkMsgpack(bytes, 16)).toThrow(BadMessageError);
  });

  it("of JSON are refused for what any plain data is refused for", () => {
    const nasty = [
      '{"__proto__":1}',
      '{"a":{"\\ud800":1}}',
      '["\\ud800"]',
      "1e999",
      '{"a":[-1e999]}',
    ];
    const deep = [15, 16, 17].map((levels) => "[".repeat(levels) + "]".repeat(levels));
    const given = fc.oneof(fc.json(), fc.constantFrom(...nasty, ...deep));
    const refuses = (check: typeof checkPlainData, value: unknown) => {
      try {
        check("data", value, bounds.depthMax);
        return false;
      } catch (error) {
        expect(error).toBeInstanceOf(InvalidArgumentError);
        return true;
      }
    };
    fc.assert(
      fc.property(given, (json) => {
        const value: unknown = JSON.parse(json);
        expect(refuses(checkParsedJson, value)).toBe(refuses(checkPlainData, value));
      }),
      { numRuns: RUNS },
    );
    for (const json of [...nasty, deep[2]!])
      expect(refuses(checkParsedJson, JSON.parse(json)), json).toBe(true);
  });

  it("that are too long are refused on both sides", () => {
    const long = "x".repeat(bounds.bytesMax);
    expect(() => payloadOf("data", long, bounds)).toThrow("at most 100000 bytes");
    expect(() => dataOf("data", undefined, Buffer.from(long + "xx"), bounds)).toThrow(
      BadMessageError,
    );
  });
});

describe("header values", () => {
  it("hold any text in printable ASCII, and give it back", () => {
    fc.assert(
      fc.property(
        fc.oneof(text, fc.constantFrom("a\r\nb: c", " a ", '"', "%41", "ü", "\0")),
        (value) => {
          const header = headerValue(value);
          expect(header).toMatch(/^[!-~]*$/);
          expect(new HeaderReader({ a: header }, 1e6).optional("a")).toBe(value);
        },
      ),
      { numRuns: RUNS },
    );
  });
});

describe("a command", () => {
  it("comes back as it was sent, with CloudEvents attributes and trace context in headers of their own", () => {
    const sent = command({
      ...{ entityId: "a/ü b", expectedVersion: 3, commandId: "c 1" },
      metadata: {
        ...{ correlationId: "k", causationId: "ü" },
        headers: {
          ...{ traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`, tracestate: "x=1,y=2" },
          ...{ tenant: "t", at: new Date(5) },
        },
      },
    });
    const message = commandMessage(sent, "s1", defaultLimits);
    expect(commandOf(message, "account", defaultLimits)).toEqual(sent);
    expect(message.headers).toMatchObject({
      "ce-specversion": "1.0",
      "ce-id": "c%201",
      "ce-source": "tidemark:s1",
      "ce-type": "Deposit",
      "ce-subject": "account/a/%C3%BC%20b",
      "content-type": "application/json",
      traceparent: `00-${"a".repeat(32)}-${"b".repeat(16)}-01`,
      tracestate: "x=1,y=2",
      "tidemark-timeout-ms": "1000",
    });
  });

  it("with a malformed trace context is taken without it", () => {
    const message = messageOf();
    const headers = { ...message.headers, traceparent: "zz", tracestate: "x=1" };
    expect(commandOf({ ...message, headers }, "account", defaultLimits).metadata).toEqual({});
  });

  it("that anything is wrong with is refused, and so is any other message", () => {
    const good = messageOf();
    const wrong: Record<string, string | undefined>[] = [
      { "ce-id": undefined },
      { "ce-id": "%00" },
      { "ce-id": "%" },
      { "ce-subject": "account" },
      { "ce-subject": "other/a" },
      { "ce-subject": "account/%0A" },
      { "ce-type": "" },
      { "tidemark-timeout-ms": "soon" },
      { "tidemark-timeout-ms": undefined },
      { "tidemark-expected-version": "1e9999" },
      { "tidemark-headers": "[]" },
      { "tidemark-headers": "{" },
      { "tidemark-headers": "msgpack,3f____8" },
      { "tidemark-correlation": "" },
      { "x-many": "x".repeat(200_000) },
    ];
    for (const changes of wrong) {
      const entries = Object.entries({ ...good.headers, ...changes });
      const headers = Object.fromEntries(
        entries.filter(([, value]) => value !== undefined),
      ) as Record<string, string>;
      expect(
        () => commandOf({ ...good, headers }, "account", defaultLimits),
        JSON.stringify(changes),
      ).toThrow(BadMessageError);
    }
    const headers = fc.dictionary(fc.constantFrom(...Object.keys(good.headers)), text);
    fc.assert(
      fc.property(headers, fc.uint8Array(), (given, payload) => {
        const message = { headers: given, payload };
        for (const read of [
          () => commandOf(message, "account", defaultLimits),
          () => foreignEventOf(message, "account", defaultLimits),
          () => commandAnswerOf(message, "account", "a", defaultLimits),
        ])
          try {
            read();
          } catch (error) {
            expect(error).toBeInstanceOf(BadMessageError);
          }
        expect(() => placeOf(message, defaultLimits)).not.toThrow();
      }),
      { numRuns: RUNS },
    );
  });
});
