import { describe, expect, it } from "vitest";
import { FreeSpaceGuard } from "../../journal/lmdb/free-space.js";
import { IndexStore } from "../../journal/lmdb/index-store.js";
import { LmdbJournal } from "../../journal/lmdb/lmdb-journal.js";
import { LogFile } from "../../journal/lmdb/log-file.js";
import { decodeRow, type LogRow } from "../../journal/lmdb/log-row.js";
import { OverlapEstimate } from "../../journal/lmdb/overlap.js";
import { OwnerLock } from "../../journal/lmdb/owner-lock.js";
import { openLmdbJournal } from "../../journal/index.js";
import { temporaryDirectory } from "../support/directories.js";
import { lmdbOptions } from "../support/journals.js";
import { join } from "node:path";

const one = (streamId: string) => ({ streams: [{ streamId, events: [{ type: "X" }] }] });

/** A log whose writes do what a test tells them to. */
class TamperedLog extends LogFile {
  next: ((write: () => Promise<boolean>) => Promise<boolean>) | undefined;
  readonly groups: number[] = [];
  recordsRead = 0;

  override record(address: number) {
    this.recordsRead += 1;
    return super.record(address);
  }

  override *rowsFrom(position: number, upTo: number) {
    for (const row of super.rowsFrom(position, upTo)) {
      this.recordsRead += row.records.length;
      yield row;
    }
  }

  override *recordsFrom(position: number, upTo: number) {
    for (const records of super.recordsFrom(position, upTo)) {
      this.recordsRead += records.length;
      yield records;
    }
  }

  override write(rows: readonly LogRow[]): Promise<boolean> {
    this.groups.push(rows.flatMap((row) => decodeRow(row).records).length);
    const tamper = this.next;
    this.next = undefined;
    return tamper === undefined ? super.write(rows) : tamper(() => super.write(rows));
  }
}

async function openTampered(directory: string) {
  // The real opening makes manifest and folders.
  const made = await openLmdbJournal(lmdbOptions(directory));
  const { storeId } = made;
  await made.close();
  const { clock, ids, limits, logger } = lmdbOptions(directory);
  const log = new TamperedLog(join(directory, "log"), false);
  const store = new IndexStore(join(directory, "state"), false);
  const lock = OwnerLock.acquire(directory, clock, ids);
  const guard = new FreeSpaceGuard({ directory, clock, freeBytesMin: 0, freeBytes: undefined });
  const journal = await LmdbJournal.start({
    directory,
    storeId,
    log,
    store,
    lock,
    guard,
    clock,
    limits,
    logger,
  });
  return { journal, log };
}

/** Holds the next write until it is released; `then` is what becomes of it. */
function holdNext(
  log: TamperedLog,
  then: (write: () => Promise<boolean>) => Promise<boolean>,
): { reached: Promise<void>; release: () => void } {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const reached = new Promise<void>((resolve) => {
    log.next = async (write) => {
      resolve();
      await released;
      return then(write);
    };
  });
  return { reached, release };
}

describe("group commit", () => {
  it("writes everything that came while a group was on its way as the next group", async () => {
    const { journal, log } = await openTampered(temporaryDirectory());
    const first = journal.append(one("s/a"));
    const { reached, release } = holdNext(log, (write) => write());
    await reached;
    const others = Array.from({ length: 500 }, () => journal.append(one("s/a")));
    release();
    await Promise.all([first, ...others]);
    expect(log.groups).toEqual([1, 500]);
    await journal.close();
  });

  it("after a failed group, tells it that the outcome is unknown and what was queued that it wasn't written, and takes no more", async () => {
    const directory = temporaryDirectory();
    const { journal, log } = await openTampered(directory);
    await journal.append(one("s/a"));
    const { reached, release: fail } = holdNext(log, () =>
      Promise.reject(new Error("EIO: the disk is gone")),
    );
    const unknown = Promise.allSettled([journal.append(one("s/a")), journal.append(one("s/b"))]);
    await reached;
    const queued = Promise.allSettled([journal.append(one("s/a")), journal.append(one("s/c"))]);
    fail();
    for (const result of await unknown) {
      expect(result).toMatchObject({
        status: "rejected",
        reason: { code: "append-outcome-unknown", cause: { message: "EIO: the disk is gone" } },
      });
    }
    for (const result of await queued)
      expect(result).toMatchObject({ status: "rejected", reason: { code: "journal-poisoned" } });
    await expect(journal.append(one("s/d"))).rejects.toMatchObject({
      code: "journal-poisoned",
      cause: { code: "append-outcome-unknown" },
    });
    // The store can't be trusted to answer any more, so it isn't asked.
    expect(journal.head()).toBe(1);
    const poisoned = expect.objectContaining({ code: "journal-poisoned" }) as Error;
    expect(() => [...journal.readStream("s/a")]).toThrow(poisoned);
    expect(() => journal.readPage({ after: 0, limit: 10 })).toThrow(poisoned);
    expect(() => journal.findCommand("c")).toThrow(poisoned);
    expect(log.groups).toEqual([1, 2]);
    await journal.close();
    const again = await openLmdbJournal(lmdbOptions(directory));
    expect(again.head()).toBe(1);
    expect([...again.readStream("s/a")]).toHaveLength(1);
    expect((await again.append(one("s/a"))).position).toBe(2);
    await again.close();
  });

  it("calls back when everything admitted so far is durable, at once where nothing is on its way", async () => {
    const { journal, log } = await openTampered(temporaryDirectory());
    const told: string[] = [];
    journal.whenDurable((failure) => told.push(`idle ${String(failure)}`));
    expect(told).toEqual(["idle undefined"]);
    const { reached, release } = holdNext(log, (write) => write());
    const claim = { op: "take", name: "email", key: "a@b" } as const;
    const held = journal.append({ ...one("s/a"), claims: [claim] });
    await reached;
    await expect(journal.append({ ...one("s/b"), claims: [claim] })).rejects.toMatchObject({
      code: "claim-taken",
    });
    journal.whenDurable((failure) => told.push(`claim ${String(failure)}`));
    expect(told).toHaveLength(1);
    release();
    await held;
    expect(told).toEqual(["idle undefined", "claim undefined"]);
    log.next = () => Promise.reject(new Error("EIO"));
    const lost = journal.append(one("s/c"));
    journal.whenDurable((failure) =>
      told.push(`lost ${(failure as { code?: string }).code ?? ""}`),
    );
    await expect(lost).rejects.toMatchObject({ code: "append-outcome-unknown" });
    expect(told[2]).toBe("lost append-outcome-unknown");
    await journal.close();
  });

  it("is fenced by a writer that got past the lock: nothing of its own is written, positions stay contiguous", async () => {
    const directory = temporaryDirectory();
    const { journal, log } = await openTampered(directory);
    await journal.append(one("s/a"));
    // Another writer's record, at the position that comes next.
    const intruder = new LogFile(join(directory, "log"), false);
    const { encodeRecord } = await import("../../journal/record.js");
    const record = {
      position: 2,
      recordedAtMs: 1,
      parts: [
        {
          streamId: "s/z",
          firstVersion: 1,
          truncateBefore: 0,
          events: [{ type: "X", shape: 1, data: {} }],
        },
      ],
      commandId: undefined,
      metadata: undefined,
      claims: [],
      reply: undefined,
    };
    expect(await intruder.write([{ position: 2, bytes: encodeRecord(record) }])).toBe(true);
    const results = await Promise.allSettled([
      journal.append(one("s/a")),
      journal.append(one("s/b")),
    ]);
    for (const result of results)
      expect(result).toMatchObject({
        status: "rejected",
        reason: { code: "writer-fenced", position: 2 },
      });
    await expect(journal.append(one("s/a"))).rejects.toMatchObject({
      code: "journal-poisoned",
      cause: { code: "writer-fenced" },
    });
    expect(log.groups).toEqual([1, 2]);
    await journal.close();
    const again = await openLmdbJournal(lmdbOptions(directory));
    expect([...again.readStream("s/z")]).toHaveLength(1);
    expect(again.head()).toBe(2);
    await again.close();
  });
});

describe("reading a stream slowly", () => {
  it("misses nothing when the index is written out, and closed into chunks, between two events", async () => {
    const { ManualClock } = await import("tidemark/testing");
    const clock = new ManualClock();
    const journal = await openLmdbJournal({ ...lmdbOptions(temporaryDirectory()), clock });
    const fill = (count: number) =>
      Promise.all(Array.from({ length: count }, () => journal.append(one("s/a"))));
    // The indexer writes what is in memory when it has waited for a second.
    const indexed = async () => {
      const { indexedTo } = journal.figures();
      while (journal.figures().indexedTo === indexedTo) await clock.advance(1_000);
    };
    await fill(100);
    await indexed();
    await fill(100);
    const forward = journal.readStream("s/a")[Symbol.iterator]();
    const backward = journal.readStream("s/a", { direction: "backward" })[Symbol.iterator]();
    const seen: number[] = [];
    const seenBackward: number[] = [];
    for (let n = 0; n < 200; n++) {
      seen.push((forward.next().value as { version: number }).version);
      seenBackward.push((backward.next().value as { version: number }).version);
      if (n % 50 === 0) {
        await fill(70);
        await indexed();
      }
    }
    expect(seen).toEqual(Array.from({ length: 200 }, (_, n) => n + 1));
    expect(seenBackward).toEqual(seen.toReversed());
    expect([forward.next().done, backward.next().done]).toEqual([true, true]);
    await journal.close();
  });
});

describe("the estimate whether halves pay", () => {
  it("says yes while the work on all takes longer than a sync, and no with a slow disk", () => {
    const overlap = new OverlapEstimate();
    expect(overlap.pays(256)).toBe(false);
    const measure = (syncMs: number) => {
      for (let n = 0; n < 50; n++) {
        overlap.synced(syncMs);
        overlap.worked(1.6, 256);
      }
    };
    measure(0.5);
    expect([overlap.pays(256), overlap.pays(64)]).toEqual([true, false]);
    measure(100);
    expect(overlap.pays(256)).toBe(false);
    measure(0.5);
    // A handful of commits says nothing about what one costs.
    overlap.worked(1_000, 3);
    expect([overlap.pays(256), overlap.pays(64)]).toEqual([true, false]);
  });
});

describe("reading one rare type among many", () => {
  it("reads the records of that type only, indexed or not", async () => {
    const directory = temporaryDirectory();
    for (const reopened of [false, true]) {
      const { journal, log } = await openTampered(directory);
      if (!reopened) {
        const append = (type: string) =>
          journal.append({ streams: [{ streamId: "s/a", events: [{ type }] }] });
        await Promise.all(
          Array.from({ length: 2_000 }, (_, n) => append(n % 500 === 250 ? "Rare" : "Common")),
        );
      }
      log.recordsRead = 0;
      const page = journal.readPage({ after: 0, limit: 1_000, filter: { eventTypes: ["Rare"] } });
      expect(page.events.map(({ position }) => position)).toEqual([251, 751, 1_251, 1_751]);
      expect(page.scannedTo).toBe(2_000);
      expect(log.recordsRead).toBe(4);
      await journal.close();
    }
  });
});
