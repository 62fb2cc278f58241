import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAll, type AppendRequest, type Journal } from "../../journal/index.js";
import type { JournalHarness } from "../conformance/journal.js";
import { lmdbHarness, memoryHarness } from "../support/journals.js";

/** Sequences of operations; more with MODEL_RUNS=…. The seed is printed by fast-check when one fails. */
const RUNS = Number(process.env["MODEL_RUNS"] ?? 300);
const STREAMS = ["s/a", "s/b", "t/c"];
const KEYS = ["x", "y"];

type Operation =
  | { kind: "append"; requests: AppendRequest[] }
  | { kind: "snapshot"; streamId: string; version: number }
  | { kind: "forget"; streamId: string; upToVersion: number }
  | { kind: "clock"; ms: number }
  | { kind: "reopen" };

const streamId = fc.constantFrom(...STREAMS);
const claim = fc.record({
  op: fc.constantFrom("take", "release", "move"),
  key: fc.constantFrom(...KEYS),
  to: streamId,
  expiresAtMs: fc.option(fc.integer({ min: 1, max: 60 }), { nil: undefined }),
});

const request: fc.Arbitrary<AppendRequest> = fc
  .record({
    streams: fc.uniqueArray(streamId, { minLength: 1, maxLength: 3 }),
    counts: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 3, maxLength: 3 }),
    types: fc.array(fc.constantFrom("A", "B", "C"), { minLength: 3, maxLength: 3 }),
    expected: fc.constantFrom<AppendRequest["streams"][number]["expected"]>(
      "any",
      "any",
      "any",
      "none",
      "exists",
      0,
      1,
      2,
      3,
    ),
    truncate: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined, freq: 5 }),
    commandId: fc.option(fc.constantFrom("c1", "c2", "c3", "c4"), { nil: undefined }),
    claims: fc.option(fc.array(claim, { maxLength: 3 }), { nil: undefined, freq: 2 }),
  })
  .map(({ streams, counts, types, expected, truncate, commandId, claims }) => ({
    streams: streams.map((id, at) => ({
      streamId: id,
      events: Array.from({ length: counts[at]! }, (_, n) => ({ type: types[at]!, data: { n } })),
      ...(at === 0 && expected !== undefined ? { expected } : {}),
      ...(at === 0 && truncate !== undefined ? { truncateBefore: truncate } : {}),
    })),
    ...(commandId === undefined ? {} : { commandId }),
    ...(claims === undefined
      ? {}
      : {
          claims: claims.map(({ op, key, to, expiresAtMs }) => {
            const base = { name: "key", key };
            if (op === "move") return { ...base, op: "move" as const, to };
            if (op === "release") return { ...base, op: "release" as const };
            return {
              ...base,
              op: "take" as const,
              ...(expiresAtMs === undefined
                ? {}
                : { expiresAtMs: Date.UTC(2026, 0, 1) + expiresAtMs * 1_000 }),
            };
          }),
        }),
  }));

const operation: fc.Arbitrary<Operation> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc
      .array(request, { minLength: 1, maxLength: 4 })
      .map((requests) => ({ kind: "append" as const, requests })),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("snapshot" as const),
      streamId,
      version: fc.integer({ min: 1, max: 9 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("forget" as const),
      streamId,
      upToVersion: fc.integer({ min: 1, max: 9 }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("clock" as const),
      ms: fc.integer({ min: -5_000, max: 30_000 }),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: "reopen" as const }) },
);

/** What an operation answers, without what differs between two stores: their ids. */
async function carryOut(
  harness: JournalHarness,
  journal: Journal,
  op: Operation,
): Promise<unknown> {
  switch (op.kind) {
    case "append": {
      const results = await Promise.allSettled(op.requests.map((each) => journal.append(each)));
      return results.map((result) =>
        result.status === "fulfilled"
          ? withoutStore(journal, result.value)
          : {
              code: (result.reason as { code: string }).code,
              message: (result.reason as Error).message,
            },
      );
    }
    case "snapshot":
      await journal.saveSnapshot({
        streamId: op.streamId,
        version: op.version,
        position: op.version,
        takenAtMs: 1,
        fingerprint: "f",
        state: { v: op.version },
      });
      return undefined;
    case "forget":
      await journal.deleteSnapshots(op.streamId, { upToVersion: op.upToVersion });
      return undefined;
    case "clock":
      harness.clock.setWall(harness.clock.nowMs() + op.ms);
      return undefined;
    case "reopen":
      return undefined;
  }
}

function withoutStore(journal: Journal, value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll(journal.storeId, "store"));
}

function reading(journal: Journal): unknown {
  const filters = [
    { eventTypes: ["A"] },
    { eventTypes: ["B", "C"], streamTypes: ["s"] },
    { streamTypes: ["t"] },
  ];
  return withoutStore(journal, {
    head: journal.head(),
    all: [...readAll(journal)],
    streams: STREAMS.map((id) => ({
      version: journal.streamVersion(id),
      forward: [...journal.readStream(id)],
      part: [...journal.readStream(id, { from: 2, upTo: 4, direction: "backward", limit: 2 })],
      snapshot: journal.findSnapshot(id) ?? null,
    })),
    filtered: filters.map((filter) =>
      [...readAll(journal, { filter })].map(({ position }) => position),
    ),
    pages: [1, 3].map((limit) =>
      journal.readPage({ after: 2, limit, filter: { eventTypes: ["A", "B"] } }),
    ),
    types: ["s", "t"].map((type) => journal.eventTypes(type)),
    commands: ["c1", "c2", "c3", "c4"].map((id) => journal.findCommand(id) ?? null),
    claims: KEYS.map((key) => journal.findClaim("key", key) ?? null),
  });
}

describe("the LMDB journal beside the memory journal", () => {
  it(
    `answers and reads the same after every operation of ${RUNS} random sequences`,
    { timeout: 30 * 60_000 },
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(operation, { minLength: 1, maxLength: 25 }),
          async (operations) => {
            const harnesses = [memoryHarness(), lmdbHarness()] as const;
            let journals = await Promise.all(harnesses.map((harness) => harness.open()));
            for (const op of operations) {
              if (op.kind === "reopen")
                journals = await Promise.all(harnesses.map((harness) => harness.open()));
              const [inMemory, onDisk] = await Promise.all(
                journals.map((journal, at) => carryOut(harnesses[at]!, journal, op)),
              );
              expect(onDisk).toEqual(inMemory);
              expect(reading(journals[1]!)).toEqual(reading(journals[0]!));
            }
            await Promise.all(journals.map((journal) => journal.close()));
          },
        ),
        { numRuns: RUNS },
      );
    },
  );
});
