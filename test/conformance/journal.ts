/**
 * The contract of a journal as a function: whoever implements `Journal` must pass it. At least as wide as the journal
 * and snapshot kits of Pekko Persistence (apache/pekko, persistence-tck); their cases of deleted ranges are ours of
 * truncated streams.
 */
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import {
  readAll,
  type Commit,
  type Journal,
  type PageOptions,
  type StreamReadOptions,
} from "../../journal/index.js";
import type { RecordedEvent } from "../../src/kernel/event.js";
import type { ManualClock } from "../../src/testing/manual-clock.js";

export interface JournalHarness {
  readonly clock: ManualClock;
  /** Opens the place; what was open there is closed before. */
  open(): Promise<Journal>;
}

export interface JournalConformanceOptions {
  readonly name: string;
  readonly newHarness: () => JournalHarness;
}

const event = (type: string, data?: unknown) => (data === undefined ? { type } : { type, data });
const one = (streamId: string, n: unknown = 0) => ({
  streams: [{ streamId, events: [event("Happened", { n })] }],
});
const versions = (journal: Journal, streamId: string, options?: StreamReadOptions) =>
  [...journal.readStream(streamId, options)].map(({ version }) => version);
type Filter = NonNullable<Parameters<Journal["readPage"]>[0]["filter"]>;
const range = (from: number, upTo: number) =>
  Array.from({ length: Math.max(0, upTo - from + 1) }, (_, n) => from + n);

/** Everything a journal can be asked about these streams, to be compared before and after. */
export function dump(
  journal: Journal,
  streamIds: readonly string[],
  commandIds: readonly string[] = [],
) {
  return {
    head: journal.head(),
    all: [...readAll(journal)],
    streams: streamIds.map((id) => [
      id,
      journal.streamVersion(id),
      [...journal.readStream(id)],
      versions(journal, id, { direction: "backward" }),
    ]),
    byType: journal
      .eventTypes("s")
      .map((type) => [
        type,
        [...readAll(journal, { filter: { eventTypes: [type] } })].map(({ position }) => position),
      ]),
    commands: commandIds.map((id) => journal.findCommand(id)),
  };
}

export function journalConformance({ name, newHarness }: JournalConformanceOptions): void {
  let harness: JournalHarness;
  let journal: Journal;
  beforeEach(async () => {
    harness = newHarness();
    journal = await harness.open();
  });
  const fill = async (streamId: string, count: number, perCommit = 1) => {
    const pending: Promise<unknown>[] = [];
    for (let n = 0; n < count; n += perCommit) {
      const events = range(n + 1, Math.min(n + perCommit, count)).map((v) =>
        event(v % 2 === 0 ? "Even" : "Odd", { v }),
      );
      pending.push(journal.append({ streams: [{ streamId, events }] }));
    }
    await Promise.all(pending);
  };

  describe(`${name}: append`, () => {
    it("gives positions and versions from 1 on, without gaps, in order", async () => {
      const commits: Commit[] = [];
      for (const streamId of ["s/a", "s/b", "s/a"])
        commits.push(
          await journal.append({ streams: [{ streamId, events: [event("X"), event("Y")] }] }),
        );
      const events = commits.flatMap((commit) => commit.events);
      expect(events.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5, 6]);
      expect(events.map(({ streamId, version }) => `${streamId} ${version}`)).toEqual([
        "s/a 1",
        "s/a 2",
        "s/b 1",
        "s/b 2",
        "s/a 3",
        "s/a 4",
      ]);
      expect(commits.map(({ position, lastPosition }) => [position, lastPosition])).toEqual([
        [1, 2],
        [3, 4],
        [5, 6],
      ]);
      expect(journal.head()).toBe(6);
    });

    it("isn't readable before it is durable, and is when the promise resolves", async () => {
      const appended = journal.append(one("s/a"));
      expect(journal.head()).toBe(0);
      expect(journal.streamVersion("s/a")).toBe(0);
      expect(versions(journal, "s/a")).toEqual([]);
      expect([...readAll(journal)]).toEqual([]);
      await appended;
      expect(journal.head()).toBe(1);
      expect(versions(journal, "s/a")).toEqual([1]);
    });

    it.each([
      ["any", 0, true],
      ["none", 0, true],
      ["exists", 0, false],
      [0, 0, true],
      [1, 0, false],
      ["any", 2, true],
      ["none", 2, false],
      ["exists", 2, true],
      [0, 2, false],
      [1, 2, false],
      [2, 2, true],
      [3, 2, false],
    ] as const)(
      "expecting %s of a stream at version %i: met is %s",
      async (expected, version, met) => {
        if (version > 0) await fill("s/a", version);
        const appended = journal.append({
          streams: [{ streamId: "s/a", events: [event("X")], expected }],
        });
        if (met) await expect(appended).resolves.toMatchObject({ position: version + 1 });
        else
          await expect(appended).rejects.toMatchObject({
            code: "version-conflict",
            streamId: "s/a",
            expected,
            actual: version,
          });
        expect(journal.head()).toBe(met ? version + 1 : version);
      },
    );

    it("checks expected versions against what is admitted, durable or not", async () => {
      const first = journal.append({
        streams: [{ streamId: "s/a", events: [event("X")], expected: 0 }],
      });
      const second = journal.append({
        streams: [{ streamId: "s/a", events: [event("X")], expected: 1 }],
      });
      const third = journal.append({
        streams: [{ streamId: "s/a", events: [event("X")], expected: 1 }],
      });
      await expect(third).rejects.toMatchObject({ code: "version-conflict", actual: 2 });
      expect((await first).position).toBe(1);
      expect((await second).position).toBe(2);
    });

    it("lets exactly one of 200 concurrent creations win", async () => {
      const results = await Promise.allSettled(
        range(1, 200).map(() =>
          journal.append({
            streams: [{ streamId: "s/a", events: [event("X")], expected: "none" }],
          }),
        ),
      );
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      expect(journal.head()).toBe(1);
    });

    it("makes commits durable in the order in which they were admitted", async () => {
      const order: number[] = [];
      await Promise.all(
        range(1, 300).map((n) =>
          journal.append(one(`s/${n % 7}`, n)).then(({ position }) => order.push(position)),
        ),
      );
      expect(order).toEqual(range(1, 300));
      expect([...readAll(journal)].map(({ data }) => (data as { n: number }).n)).toEqual(
        range(1, 300),
      );
    });

    it("writes several streams in one commit, all or nothing", async () => {
      await fill("s/b", 1);
      const refused = journal.append({
        streams: [
          { streamId: "s/a", events: [event("X")] },
          { streamId: "s/b", events: [event("X")], expected: 0 },
        ],
      });
      await expect(refused).rejects.toMatchObject({ code: "version-conflict", streamId: "s/b" });
      expect(journal.streamVersion("s/a")).toBe(0);
      const commit = await journal.append({
        streams: [
          { streamId: "s/a", events: [event("X"), event("Y")], expected: "none" },
          { streamId: "s/b", events: [event("Z")], expected: 1 },
        ],
      });
      expect(
        commit.events.map(({ streamId, version, position }) => [streamId, version, position]),
      ).toEqual([
        ["s/a", 1, 2],
        ["s/a", 2, 3],
        ["s/b", 2, 4],
      ]);
      journal = await harness.open();
      expect(versions(journal, "s/a")).toEqual([1, 2]);
      expect(versions(journal, "s/b")).toEqual([1, 2]);
    });

    it("tells the sink exactly once, after admission", async () => {
      const told: string[] = [];
      const done = new Promise<void>((resolve) => {
        journal.enqueue(one("s/a"), {
          committed: (commit) => {
            told.push(`committed ${commit.position}`);
            resolve();
          },
          failed: () => told.push("failed"),
        });
      });
      expect(told).toEqual([]);
      await done;
      await journal.append(one("s/a"));
      expect(told).toEqual(["committed 1"]);
    });

    it("goes on from where it was after a reopening", async () => {
      await fill("s/a", 5);
      journal = await harness.open();
      const commit = await journal.append({
        streams: [{ streamId: "s/a", events: [event("X")], expected: 5 }],
      });
      expect(commit.events[0]).toMatchObject({ position: 6, version: 6 });
    });

    it("gives events unique ids made of store and position", async () => {
      await fill("s/a", 3);
      expect([...readAll(journal)].map(({ eventId }) => eventId)).toEqual(
        range(1, 3).map((n) => `${journal.storeId}:${n}`),
      );
      const { storeId } = journal;
      journal = await harness.open();
      expect(journal.storeId).toBe(storeId);
    });

    it("never lets recorded times descend, however the clock jumps", async () => {
      const times: number[] = [];
      for (const wallMs of [5_000, 3_000, 9_000, 1]) {
        harness.clock.setWall(wallMs);
        times.push((await journal.append(one("s/a"))).recordedAtMs);
      }
      journal = await harness.open();
      times.push((await journal.append(one("s/a"))).recordedAtMs);
      expect(times).toEqual([5_000, 5_000, 9_000, 9_000, 9_000]);
    });
  });

  describe(`${name}: reading a stream`, () => {
    it.each([
      ["all", {}, range(1, 10)],
      ["a lower bound", { from: 4 }, range(4, 10)],
      ["an upper bound", { upTo: 3 }, range(1, 3)],
      ["a count", { limit: 4 }, range(1, 4)],
      ["both bounds", { from: 3, upTo: 6 }, range(3, 6)],
      ["both bounds and a count", { from: 3, upTo: 9, limit: 2 }, [3, 4]],
      ["a single event, bounds equal", { from: 5, upTo: 5 }, [5]],
      ["a single event, count 1", { from: 5, limit: 1 }, [5]],
      ["nothing, count 0", { limit: 0 }, []],
      ["nothing, lower above upper", { from: 6, upTo: 5 }, []],
      ["nothing beyond the end", { from: 11 }, []],
      ["up to the end where the bound is beyond", { from: 9, upTo: 99 }, [9, 10]],
      ["backward", { direction: "backward" }, range(1, 10).reverse()],
      ["backward with bounds", { direction: "backward", from: 3, upTo: 6 }, [6, 5, 4, 3]],
      ["backward with a count", { direction: "backward", limit: 3 }, [10, 9, 8]],
      ["backward, nothing", { direction: "backward", from: 6, upTo: 5 }, []],
    ] as const)("reads %s", async (_name, options, expected) => {
      await fill("s/a", 10, 3);
      await fill("s/b", 10);
      expect(versions(journal, "s/a", options)).toEqual(expected);
      journal = await harness.open();
      expect(versions(journal, "s/a", options)).toEqual(expected);
    });

    it("reads nothing of a stream nobody wrote", () => {
      expect(versions(journal, "s/nobody")).toEqual([]);
      expect(journal.streamVersion("s/nobody")).toBe(0);
    });

    it.each([1, 3])(
      "reads long streams across every boundary, %i events a commit",
      async (perCommit) => {
        const count = 420;
        for (const reopen of [false, true]) {
          if (reopen) journal = await harness.open();
          else await fill("s/a", count, perCommit);
          for (const from of [1, 2, 63, 64, 65, 127, 128, 129, 192, 193, 194, 386, 419, 420]) {
            expect(versions(journal, "s/a", { from, limit: 5 })).toEqual(
              range(from, Math.min(from + 4, count)),
            );
            expect(
              versions(journal, "s/a", { upTo: from, limit: 5, direction: "backward" }),
            ).toEqual(range(Math.max(1, from - 4), from).reverse());
          }
          expect(versions(journal, "s/a")).toEqual(range(1, count));
          expect(versions(journal, "s/a", { direction: "backward" })).toEqual(
            range(1, count).reverse(),
          );
        }
      },
    );

    it("reads across a part that is indexed and a part that isn't", async () => {
      for (let round = 0; round < 4; round++) {
        await fill("s/a", 50);
        if (round === 1) journal = await harness.open();
        const head = 50 * (round + 1);
        expect(versions(journal, "s/a")).toEqual(range(1, head));
        expect(versions(journal, "s/a", { direction: "backward", limit: 70 })).toEqual(
          range(Math.max(1, head - 69), head).reverse(),
        );
      }
    });
  });

  describe(`${name}: truncation`, () => {
    const truncate = (before: number) =>
      journal.append({
        streams: [{ streamId: "s/a", events: [event("Summary")], truncateBefore: before }],
      });

    it("hides what is before the bound from readers of the stream, and nothing else", async () => {
      await fill("s/a", 5);
      await truncate(4);
      for (const reopen of [false, true]) {
        if (reopen) journal = await harness.open();
        expect(versions(journal, "s/a")).toEqual([4, 5, 6]);
        expect(versions(journal, "s/a", { direction: "backward" })).toEqual([6, 5, 4]);
        expect(versions(journal, "s/a", { from: 3, upTo: 4 })).toEqual([4]);
        expect(versions(journal, "s/a", { from: 4 })).toEqual([4, 5, 6]);
        expect(versions(journal, "s/a", { upTo: 3 })).toEqual([]);
        expect([...readAll(journal)]).toHaveLength(6);
      }
    });

    it("doesn't lower the version, also when everything but the newest event is hidden", async () => {
      await fill("s/a", 5);
      await truncate(6);
      journal = await harness.open();
      expect(versions(journal, "s/a")).toEqual([6]);
      expect(journal.streamVersion("s/a")).toBe(6);
      expect(
        (
          await journal.append({
            streams: [{ streamId: "s/a", events: [event("X")], expected: 6 }],
          })
        ).events[0]?.version,
      ).toBe(7);
    });

    it("keeps the last bound given", async () => {
      await fill("s/a", 5);
      await truncate(3);
      await truncate(5);
      expect(versions(journal, "s/a")).toEqual([5, 6, 7]);
    });

    it("refuses a bound beyond the newest event", async () => {
      await fill("s/a", 2);
      await expect(truncate(4)).rejects.toMatchObject({ code: "invalid-argument" });
      expect(journal.head()).toBe(2);
    });
  });

  describe(`${name}: reading the whole journal`, () => {
    beforeEach(async () => {
      for (let n = 1; n <= 40; n++) {
        await journal.append({
          streams: [
            { streamId: `s/${n % 3}`, events: [event("A", { n }), event("B", { n })] },
            { streamId: `t/${n % 2}`, events: [event(n % 10 === 0 ? "Rare" : "A", { n })] },
          ],
        });
      }
    });

    it.each([
      ["everything", undefined],
      ["one event type", { eventTypes: ["A"] }],
      ["two event types", { eventTypes: ["Rare", "B"] }],
      ["one stream type", { streamTypes: ["t"] }],
      ["event type and stream type", { eventTypes: ["A"], streamTypes: ["t"] }],
      ["a type that nobody recorded", { eventTypes: ["Nothing"] }],
      ["no types at all", { eventTypes: [] }],
    ])(
      "pages through %s: every page size and start gives what a scan gives",
      async (_name, filter: Filter | undefined) => {
        for (const reopen of [false, true]) {
          if (reopen) journal = await harness.open();
          const scan = [...readAll(journal)].filter(
            ({ type, streamType }) =>
              (filter?.eventTypes?.includes(type) ?? true) &&
              (filter?.streamTypes?.includes(streamType) ?? true),
          );
          for (const limit of [1, 2, 7, 1_000]) {
            for (const after of [0, 1, 2, 3, 59, 60, 118, 119, 120]) {
              const found: unknown[] = [];
              let at = after;
              for (let pages = 0; at < journal.head() && pages < 1_000; pages++) {
                const page = journal.readPage({
                  after: at,
                  limit,
                  ...(filter === undefined ? {} : { filter }),
                });
                expect(page.events.length).toBeLessThanOrEqual(limit);
                expect(page.scannedTo).toBeGreaterThan(at);
                found.push(...page.events);
                at = page.scannedTo;
              }
              expect(found).toEqual(scan.filter(({ position }) => position > after));
            }
          }
        }
      },
    );

    it("stops at an upper bound, in the middle of a commit, too", () => {
      expect(journal.readPage({ after: 0, upTo: 4, limit: 100 })).toMatchObject({
        scannedTo: 4,
        events: [{ position: 1 }, { position: 2 }, { position: 3 }, { position: 4 }],
      });
      expect(
        journal.readPage({ after: 0, upTo: 4, limit: 100, filter: { eventTypes: ["B"] } }),
      ).toMatchObject({ scannedTo: 4, events: [{ position: 2 }] });
      expect(
        [...readAll(journal, { after: 2, upTo: 9, limit: 3 })].map(({ position }) => position),
      ).toEqual([3, 4, 5]);
    });

    it("says how far it looked where nothing matched", () => {
      expect(
        journal.readPage({ after: 0, limit: 10, filter: { eventTypes: ["Nothing"] } }),
      ).toEqual({ events: [], scannedTo: 120 });
      expect(journal.readPage({ after: 120, limit: 10 })).toEqual({ events: [], scannedTo: 120 });
    });

    it("knows the event types of a stream type", async () => {
      for (const reopen of [false, true]) {
        if (reopen) journal = await harness.open();
        expect(journal.eventTypes("s")).toEqual(["A", "B"]);
        expect(journal.eventTypes("t")).toEqual(["A", "Rare"]);
        expect(journal.eventTypes("nobody")).toEqual([]);
      }
    });
  });

  describe(`${name}: paging with a filter`, () => {
    // Commits that are on their way together share rows of a store that has such: about twenty a row.
    const text = "x".repeat(150);
    const record = (commits: readonly (readonly [streamId: string, types: readonly string[]])[]) =>
      Promise.all(
        commits.map(([streamId, types], n) =>
          journal.append({
            streams: [{ streamId, events: types.map((t) => event(t, { n, text })) }],
          }),
        ),
      );
    const singly = (types: readonly string[]) =>
      record(types.map((type, n) => [`s/${n % 5}`, [type]] as const));
    /** Every page must be as full as it can be: what isn't is the last. */
    const paged = (options: PageOptions) => {
      const { limit } = options;
      const upTo = Math.min(options.upTo ?? Infinity, journal.head());
      const found: RecordedEvent[] = [];
      for (let { after } = options; after < upTo;) {
        const page = journal.readPage({ ...options, after });
        expect(page.events.length).toBeLessThanOrEqual(limit);
        const full = page.events.length === limit;
        expect(page.scannedTo).toBe(full ? page.events.at(-1)!.position : upTo);
        found.push(...page.events);
        after = page.scannedTo;
      }
      return found;
    };
    const wanted = ({ after, upTo = Infinity, filter = {} }: PageOptions) =>
      [...readAll(journal)].filter(
        ({ position, type, streamType }) =>
          position > after &&
          position <= upTo &&
          (filter.eventTypes?.includes(type) ?? true) &&
          (filter.streamTypes?.includes(streamType) ?? true),
      );
    const check = (options: PageOptions) => expect(paged(options)).toEqual(wanted(options));
    const often = { eventTypes: ["Often"] };

    it("gives exactly what matches, in order, where nearly everything does, from any start", async () => {
      await singly(range(1, 900).map((n) => (n % 7 === 0 ? "Seldom" : "Often")));
      for (const reopen of [false, true]) {
        if (reopen) journal = await harness.open();
        for (const limit of [1, 3, 10, 64, 65, 500])
          for (const after of [0, 1, 2, 63, 64, 65, 66, 67, 500, 898, 899, 900])
            check({ after, limit, filter: often });
      }
    });

    it("gives exactly what matches where dense and sparse parts alternate", async () => {
      const parts = [400, 600, 90, 1_000, 500].flatMap((count, part) =>
        range(1, count).map((n) => (part % 2 === 0 || n % 100 === 50 ? "Often" : "Seldom")),
      );
      await singly(parts);
      for (const reopen of [false, true]) {
        if (reopen) journal = await harness.open();
        for (const limit of [7, 64, 250, 5_000])
          for (const after of [0, 33, 399, 400, 700, 1_000, 2_089, 2_590])
            for (const eventTypes of [["Often"], ["Seldom"], ["Seldom", "Often"]])
              check({ after, limit, filter: { eventTypes } });
      }
    });

    it("looks no further than an upper bound in the middle of a dense part", async () => {
      await singly(range(1, 700).map((n) => (n % 9 === 0 ? "Seldom" : "Often")));
      for (const upTo of [1, 62, 63, 64, 128, 129, 333, 699, 700, 5_000])
        for (const limit of [5, 100, 1_000]) check({ after: 17, upTo, limit, filter: often });
    });

    it("gives exactly what matches of commits with many events, all, some or one of them matching", async () => {
      await record(
        range(1, 200).map((n) => [
          `${n % 3 === 0 ? "t" : "s"}/${n % 4}`,
          range(1, 1 + (n % 11)).map((at) => (n < 80 || at === 1 ? "Often" : "Seldom")),
        ]),
      );
      for (const filter of [often, { ...often, streamTypes: ["s"] }, { streamTypes: ["t", "s"] }])
        for (const limit of [1, 13, 100, 2_000])
          for (const after of [0, 5, 444, 445]) check({ after, limit, filter });
    });

    it("gives with any filter, page size and bounds what a scan of any history gives (property)", async () => {
      const types = ["A", "B", "C", "D"];
      const stretch = fc.record({
        count: fc.integer({ min: 1, max: 400 }),
        perCommit: fc.integer({ min: 1, max: 4 }),
        streams: fc.subarray(["s/1", "s/2", "t/1", "u/1"], { minLength: 1 }),
        types: fc.array(fc.constantFrom(...types), { minLength: 1, maxLength: 12 }),
        reopen: fc.boolean(),
      });
      const read = fc.record({
        filter: fc.record(
          {
            eventTypes: fc.subarray([...types, "Nothing"]),
            streamTypes: fc.subarray(["s", "t", "u", "nobody"]),
          },
          { requiredKeys: [] },
        ),
        limit: fc.oneof(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 21, max: 2_000 })),
        after: fc.double({ min: 0, max: 1, noNaN: true }),
        upTo: fc.option(fc.double({ min: 0, max: 1.1, noNaN: true }), { nil: undefined }),
      });
      await fc.assert(
        fc.asyncProperty(
          fc.array(stretch, { minLength: 1, maxLength: 4 }),
          fc.array(read, { minLength: 5, maxLength: 10 }),
          async (stretches, reads) => {
            harness = newHarness();
            journal = await harness.open();
            for (const { count, perCommit, streams, types: of, reopen } of stretches) {
              await record(
                range(1, count).map((n) => [
                  streams[n % streams.length]!,
                  range(1, perCommit).map((at) => of[(n * perCommit + at) % of.length]!),
                ]),
              );
              if (reopen) journal = await harness.open();
            }
            const head = journal.head();
            for (const { filter, limit, ...bounds } of reads) {
              const after = Math.floor(bounds.after * head);
              const upTo =
                bounds.upTo === undefined ? {} : { upTo: Math.floor(bounds.upTo * head) };
              check({ after, limit, filter, ...upTo });
            }
          },
        ),
        { numRuns: 40 },
      );
    });
  });

  describe(`${name}: command ids`, () => {
    const command = (commandId: string, streamId = "s/a", reply?: unknown) =>
      journal.append({
        ...one(streamId, commandId),
        commandId,
        ...(reply === undefined ? {} : { reply }),
      });

    it("give the recorded commit and reply when they come again, and write nothing", async () => {
      const first = await command("c-1", "s/a", { total: 5 });
      await command("c-2");
      for (const reopen of [false, true]) {
        if (reopen) journal = await harness.open();
        expect(await command("c-1")).toEqual({ ...first, duplicate: true });
        expect(journal.findCommand("c-1")).toEqual({ ...first, duplicate: true });
        expect(journal.head()).toBe(2);
      }
      expect(journal.findCommand("c-3")).toBeUndefined();
    });

    it("tell a reply of null from none", async () => {
      expect((await command("c-1", "s/a", null)).reply).toBeNull();
      expect((await command("c-2")).reply).toBeUndefined();
      journal = await harness.open();
      expect(journal.findCommand("c-1")?.reply).toBeNull();
      expect(journal.findCommand("c-2")?.reply).toBeUndefined();
    });

    it("join the pending commit when they come while it is on its way", async () => {
      const commits = await Promise.all(range(1, 10).map(() => command("c-1")));
      expect(commits.map(({ duplicate }) => duplicate)).toEqual([
        false,
        ...range(1, 9).map(() => true),
      ]);
      expect(new Set(commits.map(({ position }) => position))).toEqual(new Set([1]));
      expect(journal.head()).toBe(1);
    });

    it("are not checked against versions and claims when they come again", async () => {
      const request = {
        streams: [{ streamId: "s/a", events: [event("X")], expected: 0 as const }],
        commandId: "c-1",
        claims: [{ op: "take", name: "email", key: "a" } as const],
      };
      await journal.append(request);
      expect(await journal.append(request)).toMatchObject({ duplicate: true });
    });

    it("are refused for another stream", async () => {
      await command("c-1");
      await expect(command("c-1", "s/b")).rejects.toMatchObject({
        code: "command-id-reused",
        recordedStreamId: "s/a",
      });
      journal = await harness.open();
      await expect(command("c-1", "s/b")).rejects.toMatchObject({ code: "command-id-reused" });
      expect(journal.head()).toBe(1);
    });

    it("can be joined without an append", async () => {
      expect(
        journal.joinCommand("c-1", "s/a", { committed: () => undefined, failed: () => undefined }),
      ).toBeUndefined();
      const pending = command("c-1");
      const told = new Promise<Commit>((committed, failed) => {
        expect(journal.joinCommand("c-1", "s/a", { committed, failed })).toMatchObject({
          duplicate: true,
          position: 1,
        });
      });
      expect(await told).toEqual({ ...(await pending), duplicate: true });
    });
  });

  describe(`${name}: claims`, () => {
    const change = (
      streamId: string,
      ...claims: NonNullable<Parameters<Journal["append"]>[0]["claims"]>
    ) => journal.append({ ...one(streamId), claims });
    const take = (key: string, expiresAtMs?: number) =>
      ({
        op: "take",
        name: "email",
        key,
        ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      }) as const;
    const release = (key: string) => ({ op: "release", name: "email", key }) as const;
    const taken = { code: "claim-taken", claimName: "email", claimKey: "x", owner: "s/a" };

    it("are taken once, whoever else wants them, and stay after a reopening", async () => {
      await change("s/a", take("x"));
      await expect(change("s/b", take("x"))).rejects.toMatchObject(taken);
      journal = await harness.open();
      await expect(change("s/b", take("x"))).rejects.toMatchObject(taken);
      expect(journal.findClaim("email", "x")).toEqual({
        owner: "s/a",
        expiresAtMs: undefined,
        position: 1,
      });
      expect(journal.findClaim("email", "y")).toBeUndefined();
      expect(journal.findClaim("name", "x")).toBeUndefined();
      expect(journal.head()).toBe(1);
    });

    it("can be taken again by their owner, and by others once released", async () => {
      await change("s/a", take("x"));
      await change("s/a", take("x"));
      await change("s/b", release("x"));
      await expect(change("s/b", take("x"))).rejects.toMatchObject(taken);
      await change("s/a", release("x"));
      await change("s/b", take("x"));
      journal = await harness.open();
      expect(journal.findClaim("email", "x")?.owner).toBe("s/b");
    });

    it("are moved by their owner only", async () => {
      await change("s/a", take("x", 10_000_000_000_000));
      const move = { op: "move", name: "email", key: "x", to: "s/b" } as const;
      await expect(change("s/c", move)).rejects.toMatchObject({
        code: "claim-not-held",
        owner: "s/a",
      });
      await change("s/a", move);
      journal = await harness.open();
      expect(journal.findClaim("email", "x")).toMatchObject({
        owner: "s/b",
        expiresAtMs: 10_000_000_000_000,
      });
      await expect(change("s/a", move)).rejects.toMatchObject({
        code: "claim-not-held",
        owner: "s/b",
      });
    });

    it("expire by the clock", async () => {
      harness.clock.setWall(1_000);
      await change("s/a", take("x", 2_000));
      await expect(change("s/b", take("x"))).rejects.toMatchObject(taken);
      harness.clock.setWall(2_000);
      expect(journal.findClaim("email", "x")).toBeUndefined();
      await change("s/b", take("x"));
      await change("s/a", release("x"));
      expect(journal.findClaim("email", "x")?.owner).toBe("s/b");
    });

    it("change in the order given, the whole commit or nothing", async () => {
      await change("s/a", take("x"), take("y"));
      await expect(change("s/b", take("z"), take("y"))).rejects.toMatchObject({ claimKey: "y" });
      expect(journal.findClaim("email", "z")).toBeUndefined();
      await change("s/a", release("x"), take("z"), release("z"), take("z"));
      expect(journal.findClaim("email", "x")).toBeUndefined();
      expect(journal.findClaim("email", "z")?.owner).toBe("s/a");
    });

    it("can't be won twice by commits that are on their way together", async () => {
      const results = await Promise.allSettled(
        range(1, 100).map((n) => change(`s/${n}`, take(`k${n % 10}`))),
      );
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(10);
      const handedOn = await Promise.allSettled([
        change("s/1", release("k1")),
        change("s/99", take("k1")),
        change("s/98", take("k1")),
      ]);
      expect(handedOn.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled", "rejected"]);
      journal = await harness.open();
      expect(journal.findClaim("email", "k1")?.owner).toBe("s/99");
    });
  });

  describe(`${name}: lists`, () => {
    const ids = ["a/1", "a/10", "a/2", "a/\uffff", "a/\u{1f600}", "b/1"];
    const streamIds = (options: Parameters<Journal["listStreams"]>[0]) =>
      journal.listStreams(options).map(({ streamId }) => streamId);
    /** Of one reading each: what is indexed, and what a reopening or a later commit puts before it. */
    const moments = async function* () {
      yield "before a reopening";
      journal = await harness.open();
      yield "after a reopening";
      await fill("a/10", 1);
      yield "after another commit";
    };

    it("of streams go by the bytes of their ids, and tell their versions", async () => {
      for (const id of ids.toReversed()) await fill(id, 2);
      for await (const moment of moments()) {
        expect(streamIds({ limit: 100 }), moment).toEqual(ids);
        expect(streamIds({ prefix: "a/1", limit: 100 }), moment).toEqual(["a/1", "a/10"]);
        expect(streamIds({ prefix: "a/", after: "a/10", limit: 2 }), moment).toEqual(
          ids.slice(2, 4),
        );
        expect(streamIds({ after: "a/\u{1f600}", limit: 9 }), moment).toEqual(["b/1"]);
        expect(streamIds({ prefix: "a/", after: "b/1", limit: 9 }), moment).toEqual([]);
      }
      expect(journal.listStreams({ prefix: "a/10", limit: 1 })).toEqual([
        { streamId: "a/10", version: 3 },
      ]);
    });

    it("of streams are walked page by page without a gap or a repetition", async () => {
      for (const n of range(1, 25)) await fill(`s/${n}`, 1);
      journal = await harness.open();
      for (const n of range(20, 40)) await fill(`s/${n}`, 1);
      const walked: string[] = [];
      for (;;) {
        const page = streamIds({
          limit: 7,
          ...(walked.length > 0 ? { after: walked.at(-1) ?? "" } : {}),
        });
        walked.push(...page);
        if (page.length < 7) break;
      }
      expect(walked).toEqual(
        range(1, 40)
          .map((n) => `s/${n}`)
          .sort(),
      );
    });

    it("of claims leave out what was released or has expired", async () => {
      harness.clock.setWall(1_000);
      const take = (key: string, expiresAtMs?: number, of = "email") =>
        journal.append({
          ...one(`s/${key}`),
          claims: [
            { op: "take", name: of, key, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) },
          ],
        });
      await take("x");
      await take("y", 2_000);
      await take("z");
      await take("x", undefined, "name");
      journal = await harness.open();
      await journal.append({ ...one("s/z"), claims: [{ op: "release", name: "email", key: "z" }] });
      const keys = (prefix?: string) =>
        journal
          .listClaims({ limit: 10, ...(prefix === undefined ? {} : { prefix }) })
          .map((claim) => `${claim.name}/${claim.key}`);
      expect(keys()).toEqual(["email/x", "email/y", "name/x"]);
      expect(keys("email/")).toEqual(["email/x", "email/y"]);
      harness.clock.setWall(2_000);
      expect(keys()).toEqual(["email/x", "name/x"]);
      expect(journal.listClaims({ after: "email/x", limit: 1 })).toEqual([
        { name: "name", key: "x", owner: "s/x", expiresAtMs: undefined, position: 4 },
      ]);
    });

    it("are refused what isn't a bound", () => {
      for (const limit of [0, -1, 1.5, Number.NaN])
        expect(() => journal.listStreams({ limit }), String(limit)).toThrow("limit");
      expect(() => journal.listClaims({ prefix: "\ud800", limit: 1 })).toThrow("prefix");
    });
  });

  describe(`${name}: metadata`, () => {
    it("is recorded with every event of the commit", async () => {
      const metadata = {
        correlationId: "r-1",
        causationId: "m-1",
        headers: { user: "Ada", at: new Date(5) },
      };
      await journal.append({
        streams: [{ streamId: "s/a", events: [event("X"), event("Y")] }],
        metadata,
      });
      journal = await harness.open();
      for (const recorded of readAll(journal)) expect(recorded).toMatchObject(metadata);
    });

    it("defaults to the command's id, and without one to the first event's", async () => {
      await journal.append({ ...one("s/a"), commandId: "c-1" });
      await journal.append({ streams: [{ streamId: "s/a", events: [event("X"), event("Y")] }] });
      const [first, second, third] = [...readAll(journal)];
      expect(first).toMatchObject({ correlationId: "c-1", causationId: "c-1", headers: undefined });
      expect(second).toMatchObject({ correlationId: second!.eventId, causationId: undefined });
      expect(third).toMatchObject({ correlationId: second!.eventId, causationId: undefined });
    });
  });

  describe(`${name}: data`, () => {
    it("comes back equal, of every plain kind, also after a reopening", async () => {
      const data = {
        nothing: null,
        yes: true,
        int: 2 ** 53 - 1,
        negative: -(2 ** 53) + 1,
        fraction: 0.1,
        tiny: 5e-324,
        huge: Number.MAX_VALUE,
        big: 2n ** 64n - 1n,
        low: -(2n ** 63n),
        one: 1n,
        text: "häß\u0000€😀",
        empty: "",
        long: "x".repeat(70_000),
        list: [1, "two", [], {}],
        nested: { a: { b: { c: [null] } } },
        "": "empty key",
        constructor: "fine",
        toString: 1,
        dates: [new Date(0), new Date(-1), new Date(8.64e15), new Date(1.5e12 + 123)],
        bytes: Buffer.from([0, 255]),
        none: Buffer.alloc(0),
      };
      await journal.append({ streams: [{ streamId: "s/a", events: [event("X", data)] }] });
      for (const reopen of [false, true]) {
        if (reopen) journal = await harness.open();
        expect([...readAll(journal)][0]?.data).toEqual(data);
      }
    });

    it("isn't shared with who wrote it, nor between readers", async () => {
      const data = { list: [1] };
      const appended = journal.append({
        streams: [{ streamId: "s/a", events: [event("X", data)] }],
      });
      data.list.push(2);
      await appended;
      const read = () => [...journal.readStream("s/a")][0]?.data as { list: number[] };
      read().list.push(3);
      expect(read()).toEqual({ list: [1] });
    });

    it("defaults to an empty object", async () => {
      await journal.append({ streams: [{ streamId: "s/a", events: [event("X")] }] });
      expect([...readAll(journal)][0]?.data).toEqual({});
    });

    it("of any plain shape comes back equal (property)", async () => {
      const leaf = fc.oneof(
        fc.string({ unit: "grapheme" }),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((n) => n + 0),
        fc.maxSafeInteger(),
        fc.boolean(),
        fc.constant(null),
        fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
        fc.date({ noInvalidDate: true }),
        fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      );
      const { tree } = fc.letrec((tie) => ({
        tree: fc.oneof(
          { maxDepth: 4 },
          leaf,
          fc.array(tie("tree")),
          fc.dictionary(
            fc.string().filter((key) => key !== "__proto__"),
            tie("tree"),
          ),
        ),
      }));
      await fc.assert(
        fc.asyncProperty(tree, async (value) => {
          const commit = await journal.append({
            streams: [{ streamId: "s/a", events: [event("X", { value })] }],
          });
          const [read] = [...journal.readStream("s/a", { from: commit.events[0]!.version })];
          expect(JSON.stringify(normal(read!.data))).toBe(JSON.stringify(normal({ value })));
        }),
        { numRuns: 300 },
      );
    });
  });

  describe(`${name}: snapshots`, () => {
    const snapshot = (version: number, state: unknown = { v: version }) => ({
      streamId: "s/a",
      version,
      position: version * 10,
      takenAtMs: version * 1_000,
      fingerprint: "f",
      state,
    });
    beforeEach(async () => {
      for (const version of [1, 2, 3, 4, 5]) await journal.saveSnapshot(snapshot(version));
    });

    it.each([
      ["the most recent one", {}, 5],
      ["none below the lowest version", { upToVersion: 0 }, undefined],
      ["none above the highest version", { fromVersion: 6 }, undefined],
      ["none for a time before the first", { upToTakenAtMs: 999 }, undefined],
      ["the highest up to a version", { upToVersion: 3 }, 3],
      ["the highest up to a position", { upToPosition: 45 }, 4],
      ["the highest up to a time", { upToTakenAtMs: 2_500 }, 2],
      ["the highest up to both", { upToVersion: 4, upToTakenAtMs: 3_000 }, 3],
      ["one between lower bounds", { fromVersion: 2, upToVersion: 2, fromTakenAtMs: 2_000 }, 2],
    ] as const)("finds %s", async (_name, criteria, version) => {
      for (const reopen of [false, true]) {
        if (reopen) journal = await harness.open();
        const found = journal.findSnapshot("s/a", criteria);
        expect(found).toEqual(version === undefined ? undefined : snapshot(version));
      }
    });

    it("finds none of an unknown stream", () => {
      expect(journal.findSnapshot("s/b")).toBeUndefined();
    });

    it.each([
      ["one by its version", { fromVersion: 3, upToVersion: 3 }, [1, 2, 4, 5]],
      ["all up to a version", { upToVersion: 4 }, [5]],
      ["all up to a time", { upToTakenAtMs: 2_000 }, [3, 4, 5]],
      ["none where nothing fits", { fromVersion: 9 }, [1, 2, 3, 4, 5]],
      ["all of the stream", {}, []],
    ] as const)("deletes %s", async (_name, criteria, left) => {
      await journal.saveSnapshot({ ...snapshot(1), streamId: "s/b" });
      await journal.deleteSnapshots("s/a", criteria);
      journal = await harness.open();
      const found = range(1, 5).filter(
        (version) =>
          journal.findSnapshot("s/a", { fromVersion: version, upToVersion: version }) !== undefined,
      );
      expect(found).toEqual(left);
      expect(journal.findSnapshot("s/b")).toBeDefined();
    });

    it("replaces one of the same version", async () => {
      await journal.saveSnapshot(snapshot(5, { other: true }));
      expect(journal.findSnapshot("s/a")?.state).toEqual({ other: true });
      expect(journal.findSnapshot("s/a", { upToVersion: 4 })?.version).toBe(4);
    });

    it("keeps large states", async () => {
      const state = { list: range(1, 200_000).map((n) => `item ${n}`) };
      await journal.saveSnapshot(snapshot(6, state));
      journal = await harness.open();
      expect(journal.findSnapshot("s/a")?.state).toEqual(state);
    });

    it("refuses states that aren't plain data", async () => {
      await expect(
        (async () => journal.saveSnapshot(snapshot(6, { at: new Map() })))(),
      ).rejects.toMatchObject({ code: "invalid-argument" });
    });
  });

  describe(`${name}: listeners and closing`, () => {
    it("calls a listener after commits became durable, until it is removed", async () => {
      const heads: number[] = [];
      const remove = journal.onCommitted(() => heads.push(journal.head()));
      await journal.append(one("s/a"));
      await journal.append(one("s/a"));
      remove();
      await journal.append(one("s/a"));
      expect(heads).toEqual([1, 2]);
    });

    it("writes what was admitted before it closes, and refuses everything afterwards", async () => {
      const appended = range(1, 50).map((n) => journal.append(one("s/a", n)));
      const closed = journal.close();
      await expect(journal.append(one("s/a"))).rejects.toMatchObject({ code: "journal-closed" });
      expect(await Promise.all(appended)).toHaveLength(50);
      await closed;
      await journal.close();
      expect(() => [...journal.readStream("s/a")]).toThrow(
        expect.objectContaining({ code: "journal-closed" }) as Error,
      );
      journal = await harness.open();
      expect(journal.head()).toBe(50);
    });

    it("is the same in every reading after a reopening", async () => {
      for (let n = 0; n < 100; n++) {
        await journal.append({
          streams: [{ streamId: `s/${n % 9}`, events: [event(`T${n % 4}`, { n })] }],
          commandId: `c-${n}`,
        });
      }
      const streamIds = range(0, 8).map((n) => `s/${n}`);
      const commandIds = range(0, 99).map((n) => `c-${n}`);
      const before = dump(journal, streamIds, commandIds);
      journal = await harness.open();
      expect(dump(journal, streamIds, commandIds)).toEqual(before);
    });
  });
}

/** A form in which JSON tells apart what it would otherwise merge, with keys in order. */
function normal(value: unknown): unknown {
  if (typeof value === "bigint") return { bigint: value.toString() };
  if (value instanceof Date) return { date: value.getTime() };
  if (Buffer.isBuffer(value)) return { bytes: value.toString("hex") };
  if (Array.isArray(value)) return value.map(normal);
  if (typeof value !== "object" || value === null) return value;
  return Object.entries(value)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, item]) => [key, normal(item)]);
}
