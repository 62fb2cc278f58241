/** What a new generation would change for readers: both compared, document by document, as of one position. */
import { compareViewKeys, type ViewReader, type ViewRow } from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";
import type { Position } from "../kernel/event.js";
import type { Generation } from "./generations.js";
import { idOf } from "./layout.js";
import { parkedCount } from "./parking.js";
import { samePlainData } from "../kernel/same-plain-data.js";

/** One document that differs. */
export interface DocumentDifference {
  readonly collection: string;
  readonly id: string;
  /** Undefined where it is added. */
  readonly before: unknown;
  /** Undefined where it is removed. */
  readonly after: unknown;
}

/** How two generations of a projection differ: what a rebuild would change. */
export interface GenerationDiff {
  /** Both generations reflect the log up to here. */
  readonly position: Position;
  readonly added: number;
  readonly removed: number;
  readonly changed: number;
  readonly unchanged: number;
  /** Events that wait in each: what they change is in none of the documents. */
  readonly parkedBefore: number;
  readonly parkedAfter: number;
  /** The first few of each kind, of each collection. */
  readonly samples: readonly DocumentDifference[];
}

const SAMPLES_OF_A_KIND = 5;
/** Documents compared before others have their turn. */
const COMPARED_AT_ONCE = 500;

type Kind = "added" | "removed" | "changed";

/** A generation, and where it is kept. */
export interface KeptGeneration {
  readonly reader: ViewReader;
  readonly generation: Generation;
}

/** Compares two generations that are both at `position` and don't move: in a snapshot of their store. */
export async function diffOf(
  before: KeptGeneration,
  after: KeptGeneration,
  position: Position,
  clock: Clock,
): Promise<GenerationDiff> {
  const counts = { added: 0, removed: 0, changed: 0, unchanged: 0 };
  const samples: DocumentDifference[] = [];
  let compared = 0;
  for (const collection of new Set([
    ...before.generation.collections,
    ...after.generation.collections,
  ])) {
    const found = { added: 0, removed: 0, changed: 0 };
    for (const [id, one, other] of pairs(rowsOf(before, collection), rowsOf(after, collection))) {
      const kind = kindOf(one, other);
      if (kind === undefined) counts.unchanged += 1;
      else {
        counts[kind] += 1;
        found[kind] += 1;
        if (found[kind] <= SAMPLES_OF_A_KIND)
          samples.push({ collection, id, before: one, after: other });
      }
      compared += 1;
      if (compared % COMPARED_AT_ONCE === 0)
        await new Promise<void>((resolve) => clock.defer(resolve));
    }
  }
  const parkedIn = ({ reader, generation }: KeptGeneration) => parkedCount(reader, generation.id);
  const parked = { parkedBefore: parkedIn(before), parkedAfter: parkedIn(after) };
  return { position, ...counts, ...parked, samples };
}

function kindOf(before: unknown, after: unknown): Kind | undefined {
  if (before === undefined) return "added";
  if (after === undefined) return "removed";
  return samePlainData(before, after) ? undefined : "changed";
}

function rowsOf(
  { reader, generation: { id, collections } }: KeptGeneration,
  collection: string,
): Iterator<ViewRow> {
  const place = collections.indexOf(collection);
  const rows =
    place < 0 ? [] : reader.rows("documents", { from: [id, place], before: [id, place + 1] });
  return rows[Symbol.iterator]();
}

/** Two ascending sequences side by side. */
function* pairs(
  left: Iterator<ViewRow>,
  right: Iterator<ViewRow>,
): Generator<readonly [id: string, before: unknown, after: unknown]> {
  let one = left.next();
  let other = right.next();
  while (one.done !== true || other.done !== true) {
    const order =
      one.done === true
        ? 1
        : other.done === true
          ? -1
          : compareViewKeys([idOf(one.value.key)], [idOf(other.value.key)]);
    const row = (order <= 0 ? one.value : other.value) as ViewRow;
    yield [
      idOf(row.key),
      order <= 0 ? (one.value as ViewRow).value : undefined,
      order >= 0 ? (other.value as ViewRow).value : undefined,
    ];
    if (order <= 0) one = left.next();
    if (order >= 0) other = right.next();
  }
}
