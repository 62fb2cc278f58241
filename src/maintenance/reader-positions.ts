/** How far the readers of a data directory are, as their rows in its views say it; for work on a log that nobody has open. */
import { LmdbViews, type ViewKeyPart, type ViewStore } from "../../journal/index.js";
import type { Position } from "../kernel/event.js";
import type { StreamId } from "../kernel/ids.js";

export interface ReaderPosition {
  readonly reader: string;
  /** Everything up to here was processed. */
  readonly position: Position;
}

export interface ParkedEvent {
  readonly reader: string;
  readonly streamId: StreamId;
  readonly position: Position;
}

const LAST = "\u{10ffff}";

/** Where there are no views there are no readers that could say how far they are. */
export async function withViews<T>(
  directory: string,
  storeId: string,
  none: T,
  read: (views: ViewStore) => T,
): Promise<T> {
  if (!LmdbViews.exist(directory)) return none;
  const views = new LmdbViews(directory, storeId, true, () => Promise.resolve());
  try {
    return read(views);
  } finally {
    await views.close();
  }
}

/** Projections (their generations, but dropped ones), reactors, sagas, rule sets and the relay. */
export function readerPositions(views: ViewStore): ReaderPosition[] {
  const found: ReaderPosition[] = [];
  // Numbers sort before texts.
  for (const { key, value } of rowsUnder(views, "checkpoint", "")) {
    const reader = projectionOf(views, key[1] ?? null);
    if (reader !== undefined) found.push({ reader, position: value as Position });
  }
  for (const { key, value } of rowsUnder(views, "cursor", LAST))
    found.push({ reader: `reactor ${String(key[1])}`, position: value as Position });
  for (const prefix of ["sagas", ...ruleSetsIn(views)]) {
    const range = { from: [prefix, "r"], before: [prefix, "r", LAST] };
    for (const { key, value } of views.rows("rows", range))
      found.push({ reader: `${prefix} ${String(key[2])}`, position: (value as Routed).at });
  }
  const relay = views.get("rows", ["relay"]) as { readonly position: Position } | undefined;
  if (relay !== undefined) found.push({ reader: "relay", position: relay.position });
  return found;
}

/** Events that readers have put aside, to be handled later. */
export function parkedEvents(views: ViewStore): ParkedEvent[] {
  const found: ParkedEvent[] = [];
  for (const { key, value } of rowsUnder(views, "parked", LAST)) {
    const reader = parkingReaderOf(views, key[1] ?? null);
    const { streamId } = value as { readonly streamId: StreamId };
    if (reader !== undefined) found.push({ reader, streamId, position: Number(key[3]) });
  }
  return found;
}

/** A generation of a projection parks under its number; reactors, and external projections with their version, by name. */
function parkingReaderOf(views: ViewStore, id: ViewKeyPart): string | undefined {
  if (typeof id !== "string") return projectionOf(views, id);
  const isExternal = views.get("rows", ["external", id]) !== undefined;
  return isExternal ? `external projection ${id}` : `reactor ${id}`;
}

/** What people call a generation; undefined for one that was dropped. */
function projectionOf(views: ViewStore, id: ViewKeyPart): string | undefined {
  const generation = views.get("rows", ["generation", id]) as Generation | undefined;
  if (generation === undefined || generation.state === "dropped") return undefined;
  return `projection ${generation.name}, version ${generation.version}`;
}

interface Generation {
  readonly name: string;
  readonly version: number;
  readonly state: string;
}

interface Routed {
  readonly at: Position;
}

function rowsUnder(views: ViewStore, first: string, before: string) {
  return views.rows("rows", { from: [first], before: [first, before] });
}

function* ruleSetsIn(views: ViewStore): Generator<string> {
  let from = "rules/";
  for (;;) {
    const [key] = views.keys("rows", { from: [from], before: ["rules0"], limit: 1 });
    if (key === undefined) return;
    const prefix = String(key[0]);
    yield prefix;
    // Behind all of its rows, however many.
    from = `${prefix}\u0001`;
  }
}
