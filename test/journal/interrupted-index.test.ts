import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openLmdbJournal, type Journal } from "../../journal/index.js";
import { IndexStore } from "../../journal/lmdb/index-store.js";
import { STATE_FORMAT } from "../../journal/lmdb/index-rows.js";
import { IndexTail } from "../../journal/lmdb/index-tail.js";
import { LogFile } from "../../journal/lmdb/log-file.js";
import { loggedRecordsOf, rowPositionOf } from "../../journal/lmdb/log-row.js";
import { temporaryDirectory } from "../support/directories.js";
import { lmdbOptions } from "../support/journals.js";

const STREAMS = 700;

async function fill(journal: Journal, from: number): Promise<void> {
  const commits: Promise<unknown>[] = [];
  for (let n = from; n < from + 2 * STREAMS; n++) {
    const streamId = `s/${n % STREAMS}`;
    commits.push(
      journal.append({
        streams: [
          { streamId, events: [{ type: `T${n % 3}`, data: { n, text: "x".repeat(n % 90) } }] },
          ...(n % 50 === 0 ? [{ streamId: `t/${n}`, events: [{ type: "T0" }] }] : []),
        ],
        ...(n % 4 === 0 ? { commandId: `c-${n}` } : {}),
        ...(n % 9 === 0
          ? { claims: [{ op: "take", name: "k", key: `${n % 300}`, owner: "s/0" }] }
          : {}),
      }),
    );
  }
  await Promise.all(commits);
}

/** Everything that the index answers. */
function answersOf(journal: Journal) {
  const streams = Array.from({ length: STREAMS }, (_, n) =>
    [...journal.readStream(`s/${n}`)].map(({ position, version }) => [position, version]),
  );
  return {
    streams,
    backward: [...journal.readStream("s/7", { direction: "backward" })].map(
      (event) => event.version,
    ),
    filtered: journal
      .readPage({ after: 0, limit: 10_000, filter: { eventTypes: ["T1"] } })
      .events.map((event) => event.position),
    commands: Array.from({ length: 900 }, (_, n) => journal.findCommand(`c-${n * 4}`)?.position),
    claims: Array.from({ length: 300 }, (_, n) => journal.findClaim("k", String(n))),
    types: journal.eventTypes("t"),
  };
}

class Interrupted extends Error {}

/** Writes what the log has beyond the index as the indexer does, and stops at the n-th pause; false where it got to the end. */
async function writeAndStop(directory: string, storeId: string, stopAt: number): Promise<boolean> {
  const log = new LogFile(join(directory, "log"), false);
  const store = new IndexStore(join(directory, "state"), false);
  const tail = new IndexTail(storeId);
  for (const row of log.rowsFrom((store.state()?.indexedTo ?? 0) + 1, log.head()))
    for (const logged of loggedRecordsOf(row)) tail.add(logged, (key) => store.claim(key));
  const rowPosition = rowPositionOf(tail.lastAddress);
  const state = {
    format: STATE_FORMAT,
    storeId,
    indexedTo: tail.lastPosition,
    rowPosition,
    rowSeal: log.sealAt(rowPosition) ?? 0,
  };
  let pauses = 0;
  const pause = (): Promise<void> => {
    pauses += 1;
    return pauses === stopAt ? Promise.reject(new Interrupted()) : Promise.resolve();
  };
  let stopped = false;
  try {
    await store.write(tail, state, { pause, isUrgent: () => false });
  } catch (error) {
    expect(error).toBeInstanceOf(Interrupted);
    stopped = true;
  }
  await store.close();
  await log.close();
  return stopped;
}

/** A directory whose log goes on behind what its index reflects, and what its journal answers. */
async function makeBehind(): Promise<{ directory: string; storeId: string; wanted: object }> {
  const directory = temporaryDirectory();
  let journal = await openLmdbJournal(lmdbOptions(directory));
  await fill(journal, 0);
  await journal.close();
  const stale = temporaryDirectory();
  cpSync(join(directory, "state"), stale, { recursive: true });
  journal = await openLmdbJournal(lmdbOptions(directory));
  await fill(journal, 2 * STREAMS);
  const wanted = answersOf(journal);
  const { storeId } = journal;
  await journal.close();
  rmSync(join(directory, "state"), { recursive: true });
  cpSync(stale, join(directory, "state"), { recursive: true });
  return { directory, storeId, wanted };
}

describe("writing the index", () => {
  it("interrupted at each of its pauses, and gone on with, answers as if it had never been", async () => {
    const { directory, storeId, wanted } = await makeBehind();
    let stops = 0;
    for (;;) {
      const copy = temporaryDirectory();
      cpSync(directory, copy, { recursive: true });
      const stopped = await writeAndStop(copy, storeId, stops + 1);
      // First with the rest of the log in memory, then with all of it written over what was there.
      for (let opening = 0; opening < 2; opening++) {
        const journal = await openLmdbJournal(lmdbOptions(copy));
        expect(answersOf(journal)).toEqual(wanted);
        await journal.close();
      }
      if (!stopped) break;
      stops += 1;
    }
    expect(stops).toBeGreaterThan(10);
  });
});
