/** Data directories to be verified, backed up and damaged. */
import { join } from "node:path";
import { openLmdbJournal, type Journal } from "../../journal/index.js";
import { LogFile } from "../../journal/lmdb/log-file.js";
import { temporaryDirectory } from "../support/directories.js";
import { lmdbOptions } from "../support/journals.js";

/** Some commits alone, some in groups, some of two streams, with claims and command ids. */
export async function fillStore(journal: Journal, from: number, count: number): Promise<void> {
  let group: Promise<unknown>[] = [];
  for (let n = from; n < from + count; n++) {
    const data = { n, text: `needle-${n}-${"x".repeat(n % 120)}` };
    const streams = [{ streamId: `s/${n % 20}`, events: [{ type: "T", data }] }];
    if (n % 11 === 0) streams.push({ streamId: `t/${n % 3}`, events: [{ type: "U", data }] });
    const claim = { op: "take", name: "k", key: String(n % 40), owner: "s/0" } as const;
    group.push(
      journal.append({
        streams,
        ...(n % 5 === 0 ? { commandId: `c-${n}` } : {}),
        ...(n % 13 === 0 ? { claims: [claim] } : {}),
      }),
    );
    if (n % 37 < 30 && n % 9 !== 0) continue;
    await Promise.all(group);
    group = [];
  }
  await Promise.all(group);
}

export async function makeStore(commits: number): Promise<string> {
  const directory = join(temporaryDirectory(), "store");
  const journal = await openLmdbJournal(lmdbOptions(directory));
  await fillStore(journal, 0, commits);
  await journal.close();
  return directory;
}

/** What each position holds, as text. */
export async function eventsByPosition(directory: string): Promise<Map<number, string>> {
  const log = new LogFile(join(directory, "log"), true);
  const events = new Map<number, string>();
  for (const { records } of log.rowsFrom(1, log.head())) {
    for (const record of records) {
      let { position } = record;
      for (const part of record.parts)
        for (const event of part.events)
          events.set(position++, JSON.stringify([part.streamId, event]));
    }
  }
  await log.close();
  return events;
}
