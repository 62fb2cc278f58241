/** A journal under fire: how the children open it, and what must hold of it whatever happened to it. */
import { hasCode } from "../../src/kernel/errors.js";
import { openLmdbJournal, readAll, type AppendRequest, type Journal } from "../../journal/index.js";
import type { RecordedEvent } from "../../src/kernel/event.js";
import { defaultLimits } from "../../src/kernel/limits.js";
import { silentLogger } from "../../src/kernel/log.js";
import { systemClock, systemIds } from "../../src/kernel/system-clock.js";

/** Opens without the guard against full disks, which would keep LMDB from meeting one. */
export function openAt(directory: string, clock = systemClock): Promise<Journal> {
  return openLmdbJournal({
    directory,
    clock,
    ids: systemIds,
    limits: defaultLimits,
    logger: silentLogger,
    freeBytesMin: 0,
  });
}

/** Commit number `n` of a workload, with an event to each stream. */
export function numbered(n: number, streams: readonly string[], padding = 0): AppendRequest {
  const event = { type: "Counted", data: { n, of: streams.length, padding: "x".repeat(padding) } };
  return { streams: streams.map((streamId) => ({ streamId, events: [event] })) };
}

/** The number of the commit that an event came in, and how many came with it. */
export function numberOf(event: RecordedEvent): { readonly n: number; readonly of: number } {
  return event.data as { n: number; of: number };
}

/** Takes an acknowledgement down as a line of the file of acknowledgements. */
export const acknowledgementOf = (n: number, lastPosition: number) => `${n} ${lastPosition}\n`;

/** Each acknowledged commit's number, with the position of its last event. */
export function acknowledgementsIn(lines: string): Map<number, number> {
  const pairs = lines.split("\n").filter((line) => line !== "");
  return new Map(pairs.map((line) => line.split(" ").map(Number) as [number, number]));
}

/**
 * Everything wrong with an open journal: what can't be read, gaps, streams and filtered pages that aren't what the log
 * says, and acknowledged commits that are torn, missing or elsewhere. Also the numbers of all commits in it.
 */
export function inspect(journal: Journal, acknowledged: ReadonlyMap<number, number>) {
  const problems: string[] = [];
  const events: RecordedEvent[] = [];
  const checks = [
    () => {
      for (const event of readAll(journal)) events.push(event);
    },
    () => problems.push(...problemsOfLog(events, journal.head())),
    () => problems.push(...problemsOfFilter(journal, events)),
    () => problems.push(...problemsOfStreams(journal, events)),
  ];
  for (const check of checks) {
    try {
      check();
    } catch (error) {
      // After a failed write a journal refuses to be read, rather than to answer wrongly: on the disk it is looked at again.
      if (hasCode(error, "journal-poisoned")) return { problems: [], numbers: [] };
      problems.push(`unreadable: ${String(error)}`);
      // What follows compares with what couldn't be read.
      break;
    }
  }
  const positions = new Map(events.map((event) => [numberOf(event).n, event.position]));
  for (const [n, lastPosition] of acknowledged)
    if (positions.get(n) !== lastPosition)
      problems.push(
        `commit ${n}, acknowledged at ${lastPosition}, is at ${positions.get(n) ?? "no place"}`,
      );
  return { problems, numbers: [...positions.keys()] };
}

function problemsOfLog(events: readonly RecordedEvent[], head: number): string[] {
  const problems: string[] = [];
  const missing = new Map<number, number>();
  for (const [index, event] of events.entries()) {
    if (event.position !== index + 1)
      problems.push(`position ${event.position} instead of ${index + 1}`);
    const { n, of } = numberOf(event);
    missing.set(n, (missing.get(n) ?? of) - 1);
  }
  if (head !== events.length) problems.push(`head ${head}, ${events.length} events`);
  for (const [n, left] of missing)
    if (left !== 0) problems.push(`commit ${n} is torn: ${left} events are missing`);
  return problems;
}

function problemsOfFilter(journal: Journal, events: readonly RecordedEvent[]): string[] {
  const wanted = events.filter(({ streamType }) => streamType === "account").length;
  const found = [...readAll(journal, { filter: { streamTypes: ["account"] } })].length;
  return found === wanted ? [] : [`a filtered read gives ${found} events of ${wanted}`];
}

function problemsOfStreams(journal: Journal, events: readonly RecordedEvent[]): string[] {
  const problems: string[] = [];
  const streams = new Map<string, string>();
  for (const { streamId, position } of events)
    streams.set(streamId, `${streams.get(streamId) ?? ""} ${position}`);
  for (const [streamId, wanted] of streams) {
    const found = [...journal.readStream(streamId)];
    if (found.map(({ position }) => ` ${position}`).join("") !== wanted)
      problems.push(`stream ${streamId} isn't what the log says`);
    if (found.some(({ version }, index) => version !== index + 1))
      problems.push(`stream ${streamId} has a gap in its versions`);
  }
  return problems;
}

/** Opens what a crash left, inspects it, and appends once more. */
export async function inspectAt(
  directory: string,
  acknowledged: ReadonlyMap<number, number>,
): Promise<ReturnType<typeof inspect>> {
  try {
    const journal = await openAt(directory);
    const found = inspect(journal, acknowledged);
    const head = journal.head();
    const commit = await journal.append(numbered(-1, ["afterwards/1"]));
    if (commit.position !== head + 1)
      found.problems.push(`the next append went to ${commit.position}, the head was ${head}`);
    await journal.close();
    return found;
  } catch (error) {
    return { problems: [String(error)], numbers: [] };
  }
}
