/** The two journals, each in a place of its own that outlives its openings. */
import { afterEach } from "vitest";
import { MemoryJournal, MemoryStore, openLmdbJournal, type Journal } from "../../journal/index.js";
import { defaultLimits, limitsOf, type Limits } from "../../src/kernel/limits.js";
import { silentLogger } from "../../src/kernel/log.js";
import { systemIds } from "../../src/kernel/system-clock.js";
import { ManualClock } from "../../src/testing/manual-clock.js";
import type { JournalHarness } from "../conformance/journal.js";
import { temporaryDirectory } from "./directories.js";

const opened: Journal[] = [];

export function memoryHarness(limits: Limits = defaultLimits): JournalHarness {
  const store = new MemoryStore(systemIds.newId());
  return harnessOver(async (clock) => new MemoryJournal(store, { clock, limits }));
}

export function lmdbHarness(
  limits: Limits = defaultLimits,
): JournalHarness & { readonly directory: string } {
  const directory = temporaryDirectory();
  const harness = harnessOver((clock) => openLmdbJournal(lmdbOptions(directory, clock, limits)));
  return { ...harness, directory };
}

export function lmdbOptions(
  directory: string,
  clock = new ManualClock(),
  limits: Partial<Limits> = {},
) {
  return {
    directory,
    clock,
    ids: systemIds,
    limits: limitsOf(limits),
    logger: silentLogger,
    freeBytesMin: 0,
  };
}

function harnessOver(openWith: (clock: ManualClock) => Promise<Journal>): JournalHarness {
  const clock = new ManualClock();
  let current: Journal | undefined;
  return {
    clock,
    async open() {
      await current?.close();
      current = await openWith(clock);
      opened.push(current);
      return current;
    },
  };
}

afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
});
