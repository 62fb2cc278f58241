import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { aggregate, hasCode, projection, upcaster } from "tidemark";
import { openMemoryRuntime } from "tidemark/testing";
import type { AppendRequest, Journal } from "../../journal/index.js";
import { decode, seal, unseal } from "../../journal/codec.js";
import { decodeRecord } from "../../journal/record.js";
import { checkId, streamIdOf, entityIdOf, streamTypeOf } from "../../src/kernel/ids.js";
import { checkPlainData } from "../../src/kernel/plain-data.js";
import { Account } from "../support/account.js";
import { lmdbHarness, memoryHarness } from "../support/journals.js";

/** In all at least 100,000 generated inputs; more with INPUT_RUNS=…, as a factor. */
const FACTOR = Number(process.env["INPUT_RUNS"] ?? 1);
const runs = (count: number) => ({ numRuns: count * FACTOR });

const weirdText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 300 }),
  fc.string({ unit: "grapheme", maxLength: 300 }),
  fc.constantFrom(
    "",
    "\u0000",
    "a\u0000b",
    "\ud800",
    "e\u0301",
    "..",
    "../../etc/passwd",
    "a/b",
    "/",
    "\r\n",
    "\u202e",
    "CON",
    "__proto__",
    "constructor",
    "x".repeat(256),
    "x".repeat(257),
    "😀".repeat(64),
    "😀".repeat(65),
  ),
);
const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withTypedArray: true,
  withSparseArray: true,
  withNullPrototype: true,
  withObjectString: true,
});
const weird = fc.oneof(
  anything,
  weirdText,
  fc.constantFrom<unknown>(
    undefined,
    null,
    Number.NaN,
    Infinity,
    -0,
    2n ** 64n,
    () => 1,
    Symbol("s"),
    new (class A {
      x = 1;
    })(),
    new Error("e"),
    /x/,
    Promise.resolve(1),
    new Proxy({}, {}),
    JSON.parse('{"__proto__":{"polluted":true}}'),
    Object.defineProperty({}, "x", { get: () => 1, enumerable: true }),
    nested(33),
    nested(200),
    cyclic(),
    new Date(Number.NaN),
    [1, , 2],
  ),
);

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let n = 0; n < depth; n++) value = n % 2 === 0 ? [value] : { value };
  return value;
}

function cyclic(): unknown {
  const value: Record<string, unknown> = {};
  value["self"] = value;
  return value;
}

/** Runs what may throw; anything but one of our typed errors is a failure. */
function typedErrorOf(run: () => unknown): Error | undefined {
  try {
    run();
    return undefined;
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expect(typeof (error as { code?: unknown }).code).toBe("string");
    expect((error as Error).message.length).toBeLessThan(2_000);
    return error as Error;
  }
}

const pristine = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
function expectNoPollution(): void {
  expect(JSON.stringify(Object.getOwnPropertyNames(Object.prototype))).toBe(pristine);
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
}

describe("ids from outside", () => {
  it("are refused with a typed error, or taken apart again as they were put together", () => {
    fc.assert(
      fc.property(weirdText, weirdText, (name, id) => {
        const error = typedErrorOf(() => streamIdOf(name, id));
        if (error !== undefined) return;
        const streamId = streamIdOf(name, id);
        expect([streamTypeOf(streamId), entityIdOf(streamId)]).toEqual([name, id]);
        expect(Buffer.byteLength(id)).toBeLessThanOrEqual(256);
        expect(id.isWellFormed() && id.normalize("NFC") === id).toBe(true);
      }),
      runs(30_000),
    );
  });

  it("that aren't even text are refused", () => {
    fc.assert(
      fc.property(
        weird.filter((id) => typeof id !== "string"),
        (id) => {
          expect(typedErrorOf(() => checkId("id", id))).toBeDefined();
        },
      ),
      runs(10_000),
    );
  });
});

describe("data from outside", () => {
  it("is refused with a typed error, or comes back equal from the codec", () => {
    fc.assert(
      fc.property(weird, (value) => {
        if (typedErrorOf(() => checkPlainData("data", value, 32)) !== undefined) return;
        const fields = unseal(seal([value]), 1);
        expect(typeof fields).not.toBe("string");
        expect(comparable((fields as unknown[])[0])).toEqual(comparable(value));
        expectNoPollution();
      }),
      runs(30_000),
    );
  });
});

describe("bytes from outside", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .array(
        fc.constantFrom(
          0x80,
          0x9f,
          0xc0,
          0xc1,
          0xc7,
          0xd9,
          0xdd,
          0xdf,
          0xff,
          0x72,
          0x74,
          0x73,
          0xdc,
        ),
        { maxLength: 60 },
      )
      .map((list) => Uint8Array.from(list)),
  );

  it("are decoded to a record or refused with a typed error, whole or not", () => {
    fc.assert(
      fc.property(bytes, (given) => {
        expect(typedErrorOf(() => decodeRecord(1, given))).toMatchObject({
          code: "journal-corrupted",
        });
        expect(typeof unseal(given, 7)).toBe("string");
      }),
      runs(15_000),
    );
  });

  it("behind a right checksum, too, never crash, hang or pollute", () => {
    fc.assert(
      fc.property(bytes, (given) => {
        try {
          decode(given);
        } catch (error) {
          expect(error).toBeInstanceOf(Error);
        }
        expectNoPollution();
      }),
      runs(15_000),
    );
  });

  it("of a record with any single bit flipped are refused", () => {
    const record = seal([
      1,
      2,
      ["s/a", 1, 0, ["Type", 1, { amount: 5, text: "some text" }]],
      null,
      null,
      null,
      null,
    ]);
    for (let bit = 0; bit < record.length * 8; bit++) {
      const damaged = Uint8Array.from(record);
      damaged[bit >> 3]! ^= 1 << (bit & 7);
      expect(typedErrorOf(() => decodeRecord(1, damaged))).toMatchObject({
        code: "journal-corrupted",
      });
    }
  });
});

describe.each(["memory", "lmdb"])("a journal given anything, on %s", (kind) => {
  it("refuses with a typed error before writing, or reads back what it took", async () => {
    const harness = kind === "lmdb" ? lmdbHarness() : memoryHarness();
    const journal: Journal = await harness.open();
    const maybe = (arbitrary: fc.Arbitrary<unknown>) =>
      fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
    const request = fc.oneof(
      weird,
      fc.record(
        {
          streams: fc.oneof(
            weird,
            fc.array(
              fc.record(
                {
                  streamId: fc.oneof(fc.constantFrom("s/a", "s/b"), weird),
                  events: fc.oneof(
                    weird,
                    fc.array(
                      fc.record(
                        {
                          type: fc.oneof(fc.constant("T"), weird),
                          data: weird,
                          shape: maybe(weird),
                        },
                        { requiredKeys: ["type"] },
                      ),
                      { maxLength: 2 },
                    ),
                  ),
                  expected: maybe(weird),
                  truncateBefore: maybe(weird),
                },
                { requiredKeys: ["streamId", "events"] },
              ),
              { maxLength: 3 },
            ),
          ),
          commandId: maybe(weird),
          reply: maybe(weird),
          metadata: maybe(
            fc.oneof(
              weird,
              fc.record({
                correlationId: maybe(weird),
                causationId: maybe(weird),
                headers: maybe(weird),
              }),
            ),
          ),
          claims: maybe(
            fc.oneof(
              weird,
              fc.array(
                fc.record({
                  op: fc.oneof(fc.constantFrom("take", "release", "move"), weird),
                  name: weird,
                  key: weird,
                  to: maybe(weird),
                  owner: maybe(weird),
                  expiresAtMs: maybe(weird),
                }),
              ),
            ),
          ),
        },
        { requiredKeys: ["streams"] },
      ),
    );
    await fc.assert(
      fc.asyncProperty(request, async (given) => {
        const head = journal.head();
        let accepted = false;
        try {
          await journal.append(given as AppendRequest);
          accepted = true;
        } catch (error) {
          expect(hasTypedCode(error), String((error as Error).stack)).toBe(true);
        }
        if (!accepted) expect(journal.head()).toBe(head);
        else
          expect(journal.readPage({ after: head, limit: 1_000 }).events).toHaveLength(
            journal.head() - head,
          );
        expectNoPollution();
      }),
      runs(kind === "memory" ? 8_000 : 3_000),
    );
    const before = [
      ...(function* () {
        for (let at = 0; at < journal.head(); at += 100)
          yield* journal.readPage({ after: at, limit: 100, upTo: at + 100 }).events;
      })(),
    ];
    const again = await harness.open();
    expect(again.head()).toBe(before.length);
    expect(again.readPage({ after: 0, limit: before.length + 1 }).events).toEqual(before);
  });
});

function hasTypedCode(error: unknown): boolean {
  return error instanceof Error && typeof (error as { code?: unknown }).code === "string";
}

describe("the doors of a runtime", () => {
  it("answer any id, command and option with a typed error or an answer", async () => {
    const runtime = await openMemoryRuntime({ aggregates: [Account] });
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(weird, fc.constant("a")),
        fc.oneof(
          weird,
          fc.record({
            type: fc.oneof(fc.constantFrom("Open", "Deposit", "Touch"), weird),
            data: weird,
          }),
        ),
        fc.oneof(
          fc.constant(undefined),
          fc.record(
            { commandId: weird, timeoutMs: weird, headers: weird, expectedVersion: weird },
            { requiredKeys: [] },
          ),
        ),
        async (id, command, options) => {
          try {
            const answer = await runtime.ask(
              Account,
              id as string,
              command as never,
              options as never,
            );
            expect(["accepted", "rejected"]).toContain(answer.status);
          } catch (error) {
            expect(hasTypedCode(error), String((error as Error).stack)).toBe(true);
          }
          expectNoPollution();
        },
      ),
      runs(10_000),
    );
    expect(await runtime.ask(Account, "still-there", { type: "Touch" })).toMatchObject({
      status: "accepted",
    });
    expect(runtime.status().actors).toMatchObject({ busy: 0, waiting: 0 });
    await runtime.close();
  });

  it("answer any option of opening with a typed error or a runtime", async () => {
    const names = [
      "limits",
      "askTimeoutMs",
      "mailboxCapacity",
      "activationsMax",
      "stateBytesMax",
      "waitingMax",
      "hydrationsMax",
      "passivateAfterMs",
    ];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), weird, async (name, value) => {
        try {
          await (await openMemoryRuntime({ aggregates: [], [name]: value })).close();
        } catch (error) {
          expect(hasCode(error, "invalid-argument"), String((error as Error).stack)).toBe(true);
        }
      }),
      runs(3_000),
    );
  });

  it("refuse definitions of nonsense with a typed error", () => {
    fc.assert(
      fc.property(weird, weird, (value, other) => {
        typedErrorOf(() =>
          aggregate({ name: value, initialState: other, decide: value, evolve: other } as never),
        );
        typedErrorOf(() =>
          aggregate({
            name: "x",
            initialState: () => ({}),
            decide: {},
            evolve: {},
            upcasters: { a: value },
            snapshots: other,
            claims: value,
          } as never),
        );
        typedErrorOf(() =>
          projection({ name: value, version: other, from: value, on: other } as never),
        );
        typedErrorOf(() =>
          projection({ name: "x", version: 1, from: [Account], on: value } as never),
        );
        typedErrorOf(() => upcaster().renameTo(value as string));
      }),
      runs(3_000),
    );
  });
});

/** Equal where a reader would call it equal: bytes by content, -0 as 0, objects by their fields. */
function comparable(value: unknown): unknown {
  if (typeof value === "number") return value + 0;
  if (ArrayBuffer.isView(value))
    return { bytes: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex") };
  if (value instanceof Date) return { date: value.getTime() };
  if (Array.isArray(value)) return value.map(comparable);
  if (typeof value !== "object" || value === null) return value;
  return new Map(
    Object.entries(value)
      .map(([key, item]) => [key, comparable(item)] as const)
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
}
