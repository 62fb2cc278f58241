/** The feed: readings in order, line by line, and how they are taken in when the process may be killed at any time. */
import type { Runtime } from "tidemark";
import { Foo, fooIdOf, type NumberedReading } from "./foo.js";

export interface Feed {
  readonly readings: number;
  readonly bars: number;
  readonly bazes: number;
}

/** Lines on their way at a time. A batch is sent only once the one before it is recorded. */
const BATCH = 256;
const STARTED_AT_MS = Date.UTC(2025, 0, 1);

/** One line of the feed; the same line reads the same each time. */
export function lineOf(feed: Feed, line: number): NumberedReading {
  const mixed = Math.imul(line, 0x9e3779b1) >>> 0;
  const foo = mixed % (feed.bars * feed.bazes);
  return {
    line,
    barId: `bar-${foo % feed.bars}`,
    bazId: `baz-${Math.floor(foo / feed.bars)}`,
    isActive: (mixed >>> 9) % 3 !== 0,
    value: (mixed >>> 4) % 1_000,
    takenAt: new Date(STARTED_AT_MS + line * 1_000).toISOString(),
  };
}

/**
 * Takes the whole feed in, from where an earlier run was interrupted. The line is the command's id: what is sent again is
 * answered from the journal, and not recorded twice.
 *
 * @returns The line after which it went on.
 */
export async function takeIn(
  runtime: Runtime,
  feed: Feed,
  onProgress: (line: number) => void,
): Promise<number> {
  const resumedAfter = Math.floor(lastRecordedLine(runtime) / BATCH) * BATCH;
  for (let before = resumedAfter; before < feed.readings; before += BATCH) {
    const count = Math.min(BATCH, feed.readings - before);
    await Promise.all(
      Array.from({ length: count }, (_, at) => send(runtime, lineOf(feed, before + at + 1))),
    );
    onProgress(before + count);
  }
  return resumedAfter;
}

async function send(runtime: Runtime, reading: NumberedReading): Promise<void> {
  const command = { type: "TakeReading", data: reading } as const;
  const commandId = `line-${reading.line}`;
  const answer = await runtime.ask(Foo, fooIdOf(reading), command, { commandId });
  if (answer.status === "rejected") throw new Error(`${commandId} was refused: ${answer.code}`);
}

/** The line of the last event: every line of the batches before its own is recorded, and of its own perhaps some. */
function lastRecordedLine(runtime: Runtime): number {
  for (const event of runtime.events({ after: Math.max(0, runtime.head - 1) }))
    return (event.data as NumberedReading).line - 1;
  return 0;
}
