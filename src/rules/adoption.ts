/** A working state that a replay of history made, as the events that take it over: no event larger than it may be. */
import { encode } from "../../journal/index.js";
import type { Position } from "../kernel/event.js";
import { mapEntries, mapForEach, type PersistentMap } from "./persistent-map.js";
import {
  NEW_SESSION,
  type AdoptedRecord,
  type SessionState,
  type StatePatch,
  type StoredFact,
  type StoredMatch,
  type StoredPartial,
} from "./session.js";
import { isSliding, labelsOf, type StoredWindow, type WindowChange } from "./window-store.js";

export interface Adopted {
  readonly version: number;
  readonly position: Position;
  /** Absent where the replay has no such session. */
  readonly state?: SessionState;
}

/** With the names of the parts around it, it stays below what an event may hold. */
const FILLED = 0.75;
const LABELS_MAX = 100;

/** The first clears, all of them fill. */
export function adoptionOf(
  { version, position, state = NEW_SESSION }: Adopted,
  eventDataBytesMax: number,
): readonly AdoptedRecord[] {
  const { firing, seq, clockMs, late } = state;
  // One that has nothing begins anew with its next input.
  const base = { version: state.version === 0 ? 0 : version, position, firing, seq, clockMs, late };
  const parts = new Parts(eventDataBytesMax * FILLED);
  for (const [kind, map] of Object.entries(state.facts))
    for (const [id, stored] of mapEntries(map)) parts.add("facts", [kind, id, unnumbered(stored)]);
  for (const [kind, map] of Object.entries(state.windows))
    for (const [id, stored] of mapEntries(map))
      for (const change of windowChanges(kind, id, stored)) parts.add("windows", change);
  for (const [kind, map] of Object.entries(state.partials))
    for (const [id, stored] of mapEntries(map)) parts.add("partials", [kind, id, stored]);
  for (const [rule, map] of Object.entries(state.matches))
    for (const [key, stored] of mapEntries(map))
      parts.add("matches", [rule, key, "firing" in stored ? { ...stored, firing: 0 } : stored]);
  // Older ones first: the newer ones then push them where they were.
  for (const runs of [state.runs.older, state.runs.newer])
    for (const run of runsOf(runs)) parts.add("runs", run);
  const [first, ...rest] = parts.all;
  return [{ base, ...first }, ...rest];
}

interface Part {
  facts?: (readonly [string, string, StoredFact])[];
  windows?: WindowChange[];
  partials?: (readonly [string, string, StoredPartial])[];
  matches?: (readonly [string, string, StoredMatch])[];
  runs?: (readonly [string, string, number])[];
}

class Parts {
  readonly #bytesMax: number;
  readonly all: (Part & StatePatch)[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  add<Field extends keyof Part>(field: Field, item: NonNullable<Part[Field]>[number]): void {
    const bytes = encode(item).length;
    let part = this.all[this.all.length - 1];
    if (part === undefined || this.#bytes + bytes > this.#bytesMax) {
      part = {};
      this.all.push(part);
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    const items = (part[field] ??= [] as NonNullable<Part[Field]>) as (typeof item)[];
    items.push(item);
  }
}

/** Firings of a replay aren't recorded: their numbers would be those of others. */
function unnumbered(stored: StoredFact): StoredFact {
  const { supports } = stored;
  if (supports === undefined) return stored;
  return { ...stored, supports: supports.map((support) => ({ ...support, firing: 0 })) };
}

function* windowChanges(kind: string, id: string, stored: StoredWindow): Iterable<WindowChange> {
  if (isSliding(stored)) {
    for (const chunk of stored.chunks) yield [kind, id, "chunk", chunk];
    return;
  }
  const { labels, distinct: _, ...sums } = stored;
  yield [kind, id, "sums", sums];
  if (labels === undefined) return;
  const all = labelsOf(labels).toSorted();
  for (let at = 0; at < all.length; at += LABELS_MAX)
    yield [kind, id, "labels", all.slice(at, at + LABELS_MAX)];
}

function runsOf(runs: PersistentMap<number>): readonly (readonly [string, string, number])[] {
  const all: (readonly [string, string, number])[] = [];
  mapForEach(runs, (run, times) => {
    const at = run.indexOf("\n");
    all.push([run.slice(0, at), run.slice(at + 1), times]);
  });
  return all;
}
