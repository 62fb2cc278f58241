/**
 * Writes a journal while the shim records, and takes each acknowledgement down at once.
 * Usage: node power-cut-child.js DIRECTORY ACKNOWLEDGEMENTS SEED
 */
import { openSync, writeSync } from "node:fs";
import type { Journal } from "../../journal/index.js";
import type { Clock } from "../../src/kernel/clock.js";
import { systemClock } from "../../src/kernel/system-clock.js";
import { acknowledgementOf, numbered, openAt } from "./crash-journal.js";
import { randomFrom } from "../support/random.js";

const COMMITS = 300;
const OPENINGS = 5;
const GROUP_MAX = 40;
const STREAMS = 24;

const [directory = "", acknowledgements = "", seed = ""] = process.argv.slice(2);
const random = randomFrom(Number(seed));
const below = (end: number): number => Math.floor(random() * end);
const file = openSync(acknowledgements, "a");

/** The indexer writes seconds behind the log; this many times sooner both files are written at the same time. */
const HASTE = 200;
const hastyClock: Clock = {
  ...systemClock,
  setTimer: (delayMs, run) => systemClock.setTimer(delayMs / HASTE, run),
};

/** Mostly small, some of several pages, so that rows of one page, of one record and in overflow pages are written. */
function padding(): number {
  const kind = random();
  return below(kind < 0.7 ? 200 : kind < 0.9 ? 3_000 : 12_000);
}

let count = 0;
async function commit(journal: Journal): Promise<void> {
  const n = count++;
  const streams = new Set([`account/${below(STREAMS)}`]);
  if (random() < 0.2) streams.add(`account/${below(STREAMS)}`);
  const { lastPosition } = await journal.append(numbered(n, [...streams], padding()));
  writeSync(file, acknowledgementOf(n, lastPosition));
}

/** Snapshots are written beside the index, whenever somebody takes one. */
function snapshot(journal: Journal): Promise<void> {
  const streamId = `account/${below(STREAMS)}`;
  const version = journal.streamVersion(streamId);
  if (version === 0) return Promise.resolve();
  const position = [...journal.readStream(streamId)].at(-1)!.position;
  const state = "s".repeat(below(2_000));
  return journal.saveSnapshot({
    streamId,
    version,
    position,
    takenAtMs: 1,
    fingerprint: "f",
    state,
  });
}

for (let opening = 1; opening <= OPENINGS; opening++) {
  const journal = await openAt(directory, hastyClock);
  while (count < (COMMITS / OPENINGS) * opening) {
    const size = random() < 0.85 ? 1 : 2 + below(GROUP_MAX - 1);
    const work = Array.from({ length: size }, () => commit(journal));
    if (random() < 0.2) work.push(snapshot(journal));
    await Promise.all(work);
  }
  await journal.close();
}
