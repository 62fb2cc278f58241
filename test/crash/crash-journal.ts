/** A journal under fire: how the children open it, and what must hold of it whatever happened to it. */
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
 * Everything wrong with an open journal: gaps, streams that aren't what the log says, and acknowledged commits that are
 * missing or elsewhere. Also the numbers of all commits in it.
 */
export function inspect(journal: Journal, acknowledged: ReadonlyMap<number, number>) {
  const problems: string[] = [];
  const positions = new Map<number, number>();
  const missing = new Map<number, number>();
  const streams = new Map<string, number[]>();
  let head = 0;
  for (const event of readAll(journal)) {
    if (event.position !== ++head) problems.push(`position ${event.position} instead of ${head}`);
    const { n, of } = numberOf(event);
    positions.set(n, event.position);
    missing.set(n, (missing.get(n) ?? of) - 1);
    streams.set(event.streamId, [...(streams.get(event.streamId) ?? []), event.position]);
  }
  if (head !== journal.head()) problems.push(`head ${journal.head()}, last position ${head}`);
  for (const [streamId, wanted] of streams) {
    const found = [...journal.readStream(streamId)];
    if (found.map(({ position }) => position).join() !== wanted.join())
      problems.push(`stream ${streamId} isn't what the log says`);
    if (found.some(({ version }, index) => version !== index + 1))
      problems.push(`stream ${streamId} has a gap in its versions`);
  }
  for (const [n, left] of missing)
    if (left !== 0) problems.push(`commit ${n} is torn: ${left} events are missing`);
  for (const [n, lastPosition] of acknowledged)
    if (positions.get(n) !== lastPosition)
      problems.push(`commit ${n}, acknowledged at ${lastPosition}, is at ${positions.get(n) ?? 0}`);
  return { problems, numbers: [...positions.keys()] };
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
