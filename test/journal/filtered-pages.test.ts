/** What is particular to filtered pages on disk: what they read, and what they leave behind. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { openLmdbJournal, type Journal, type Page, type PageOptions } from "../../journal/index.js";
import { openEnvironment } from "../../journal/lmdb/environment.js";
import { STATE_FORMAT } from "../../journal/lmdb/index-rows.js";
import { IndexStore } from "../../journal/lmdb/index-store.js";
import { IndexTail } from "../../journal/lmdb/index-tail.js";
import { JournalIndex } from "../../journal/lmdb/journal-index.js";
import { temporaryDirectory } from "../support/directories.js";
import { lmdbOptions } from "../support/journals.js";

const COMMITS = 1_000;
const DAMAGED = 500;
const NEEDLE = "needle-in-the-log";

async function fill(journal: Journal): Promise<void> {
  const commits = Array.from({ length: COMMITS }, (_, n) => {
    const text = n + 1 === DAMAGED ? NEEDLE : "x".repeat(150);
    const type = (n + 1) % 10 === 0 ? "Seldom" : "Often";
    return journal.append({ streams: [{ streamId: "s/a", events: [{ type, data: { text } }] }] });
  });
  await Promise.all(commits);
}

/** A store whose event at DAMAGED, one of those that are seldom, has a flipped bit in the log. */
async function damagedStore(): Promise<string> {
  const directory = temporaryDirectory();
  const journal = await openLmdbJournal(lmdbOptions(directory));
  await fill(journal);
  await journal.close();
  const path = join(directory, "log", "data.mdb");
  const bytes = readFileSync(path);
  let found = 0;
  for (let at = bytes.indexOf(NEEDLE); at >= 0; at = bytes.indexOf(NEEDLE, at + 1)) {
    bytes[at + 3] = bytes[at + 3]! ^ 1;
    found += 1;
  }
  expect(found).toBeGreaterThan(0);
  writeFileSync(path, bytes);
  return directory;
}

function pagesOf(journal: Journal, options: Omit<PageOptions, "after">): number[] {
  const positions: number[] = [];
  for (let after = 0; after < COMMITS;) {
    const page: Page = journal.readPage({ after, ...options });
    positions.push(...page.events.map(({ position }) => position));
    after = page.scannedTo;
  }
  return positions;
}

describe("a damaged record among many that a filter admits", () => {
  it("is nothing to a reader whose filter doesn't admit it, and named to one whose filter does", async () => {
    const journal = await openLmdbJournal(lmdbOptions(await damagedStore()));
    const often = Array.from({ length: COMMITS }, (_, n) => n + 1).filter((n) => n % 10 !== 0);
    for (const limit of [30, 250, 5_000]) {
      expect(pagesOf(journal, { limit, filter: { eventTypes: ["Often"] } })).toEqual(often);
      for (const eventTypes of [["Seldom"], ["Often", "Seldom"]])
        expect(() => pagesOf(journal, { limit, filter: { eventTypes } })).toThrow(
          expect.objectContaining({ code: "journal-corrupted", position: DAMAGED }) as Error,
        );
    }
    await journal.close();
  });
});

describe("a page that ends before its filter's addresses do", () => {
  it("leaves no view of the index open, which would keep pages from being used again", async () => {
    const directory = temporaryDirectory();
    const journal = await openLmdbJournal(lmdbOptions(directory));
    await fill(journal);
    const { storeId } = journal;
    await journal.close();
    const path = join(directory, "state");
    const store = new IndexStore(path, false);
    const other = openEnvironment(path, true);
    const index = new JournalIndex(storeId, store);
    for (let n = 0; n < 5; n++) {
      for (const address of index.filteredAddresses({ eventTypes: ["Often"] }, 0)) {
        expect(address).toBeGreaterThan(0);
        break;
      }
      const row = { format: STATE_FORMAT, storeId, indexedTo: n, rowPosition: 1, rowSeal: n };
      const breather = { pause: () => Promise.resolve(), isUrgent: () => false };
      await store.write(new IndexTail(storeId), row, breather);
    }
    // A heading, and a line for each reader: the store's own, and maybe the one that asks.
    const lines = (other as unknown as { readerList(): string }).readerList();
    expect(lines.trim().split("\n").length).toBeLessThanOrEqual(3);
    await store.close();
    await other.close();
  });
});
