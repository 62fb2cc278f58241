/** Holds the generations of a projection to the log: what every test of views comes down to. */
import type { RecordedEvent } from "tidemark";
import type { ViewStore } from "../../journal/index.js";
import {
  checkpointOf,
  generationsOf,
  servingGeneration,
} from "../../src/projections/generations.js";
import { Parking } from "../../src/projections/parking.js";

export interface GenerationCheck {
  readonly problems: string[];
  readonly generations: number;
  readonly parked: number;
}

/**
 * What isn't as it must be: each generation is the fold of the log up to its checkpoint, less what is parked; its index on
 * `cents` is that of its documents; and nothing of a key was handled behind a parked event of it.
 *
 * @param fold - The documents that a version makes of events.
 */
export function checkGenerations<Row extends { readonly cents: number }>(
  views: ViewStore,
  name: string,
  events: readonly RecordedEvent[],
  fold: (events: readonly RecordedEvent[], version: number) => ReadonlyMap<string, Row>,
  skipped: ReadonlySet<number> = new Set(),
): GenerationCheck {
  const problems: string[] = [];
  let parkedCount = 0;
  const alive = generationsOf(views, name).filter(
    ({ id, state }) => state !== "dropped" && checkpointOf(views, id) > 0,
  );
  if (alive.length > 0 && servingGeneration(views, name) === undefined)
    problems.push("no generation serves");
  for (const { id, version } of alive) {
    const checkpoint = checkpointOf(views, id);
    const parked = new Parking(views, id).list();
    const positions = new Set(parked.map(({ position }) => position));
    parkedCount += parked.length;
    const reflected = events.filter(({ position }) => position <= checkpoint);
    const handled = reflected.filter(
      ({ position }) => !positions.has(position) && !skipped.has(position),
    );
    const rows = [...views.rows("documents", { from: [id], before: [id + 1] })];
    const found = new Map(rows.map(({ key, value }) => [key[2] as string, value as Row]));
    if (textOf(found) !== textOf(fold(handled, version)))
      problems.push(`generation ${id} at ${checkpoint} isn't the fold of the log`);
    const entries = [...views.keys("entries", { from: [id], before: [id + 1] })];
    const indexed = entries.map((key) => `${String(key[3])} ${Number(key[2])}`).sort();
    const wanted = [...found].map(([entity, { cents }]) => `${entity} ${cents}`).sort();
    if (JSON.stringify(indexed) !== JSON.stringify(wanted))
      problems.push(`the index of generation ${id} isn't that of its documents`);
    for (const { key, position } of parked)
      if (handled.some((event) => event.entityId === key && event.position > position))
        problems.push(`generation ${id} went on behind parked position ${position}`);
  }
  return { problems, generations: alive.length, parked: parkedCount };
}

function textOf(rows: ReadonlyMap<string, unknown>): string {
  return JSON.stringify([...rows].sort(([a], [b]) => (a < b ? -1 : 1)));
}
