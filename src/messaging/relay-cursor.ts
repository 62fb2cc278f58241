/**
 * How far the relay is, and how it finds out whether the log of all services still holds what it has published. The cursor is a
 * row in the view store, written now and then:
 *
 * ```
 * rows   ["relay"]   { incarnation, sequence, position, floors: { <aggregate>: position } }
 * ```
 *
 * It may be lost or old: then something is published again, which consumers notice by its position. A floor of an aggregate says
 * that the log holds everything of it up to there.
 */
import { eventIdOf, type Journal, type ViewStore } from "../../journal/index.js";
import type { Position } from "../kernel/event.js";
import type { Limits } from "../kernel/limits.js";
import { JournalBehindLogError } from "./errors.js";
import { acknowledgedOf, placeOf } from "./event-wire.js";
import { POSITION_HEADER, type TransportConnection } from "./transport.js";

export type Floors = ReadonlyMap<string, Position>;

export interface RelayCursor {
  readonly incarnation: string;
  /** Place of the last publication that was acknowledged, and its position; 0 where there was none. */
  readonly sequence: number;
  readonly position: Position;
  readonly floors: Floors;
}

const KEY = ["relay"];

export function readCursor(views: ViewStore): RelayCursor | undefined {
  const stored = views.get("rows", KEY) as
    (Omit<RelayCursor, "floors"> & { readonly floors: Record<string, Position> }) | undefined;
  return stored && { ...stored, floors: new Map(Object.entries(stored.floors)) };
}

export function writeCursor(views: ViewStore, cursor: RelayCursor): Promise<void> {
  const value = { ...cursor, floors: Object.fromEntries(cursor.floors) };
  return views.write([{ table: "rows", key: KEY, value }]);
}

/** Where publishing goes on. */
export interface RelayPlace {
  /** Whether the log holds what the cursor says. */
  readonly intact: boolean;
  /** From where publishing goes on. */
  readonly cursor: RelayCursor;
}

/** What the search needs. */
export interface RelaySearch {
  readonly connection: TransportConnection;
  readonly storeId: string;
  readonly aggregates: readonly string[];
  readonly limits: Limits;
  /** Of the journal. */
  readonly head: Position;
}

/**
 * Looks into the log for where to go on. Where there is no cursor, or the log has lost what the cursor stands for, the last
 * message of each aggregate tells up to where everything was there before it.
 *
 * @throws TidemarkError - The log can't be asked now.
 * @throws JournalBehindLogError - The journal was put back to an older state.
 */
export async function findPlace(
  cursor: RelayCursor | undefined,
  search: RelaySearch,
): Promise<RelayPlace> {
  const { incarnation, lastSequence } = await search.connection.standing();
  const inLog = await cursorInLog(incarnation, search);
  const intact =
    cursor !== undefined &&
    cursor.incarnation === incarnation &&
    (await holds(cursor, lastSequence, search));
  return {
    intact,
    cursor: intact ? ofAggregates(cursor, search) : inLog,
  };
}

/** An aggregate that wasn't exposed before begins with its first event. */
function ofAggregates(cursor: RelayCursor, { aggregates }: RelaySearch): RelayCursor {
  const floors = aggregates.map((name) => [name, cursor.floors.get(name) ?? 0] as const);
  return { ...cursor, floors: new Map(floors) };
}

async function holds(
  { sequence, position }: RelayCursor,
  lastSequence: number,
  { connection, storeId }: RelaySearch,
): Promise<boolean> {
  if (sequence === 0) return true;
  if (sequence > lastSequence) return false;
  const message = await connection.messageAt(sequence);
  // A place that was reached and is empty now was cleared because of its age; a log that lost it would have another one there.
  return message === undefined || message.headers[POSITION_HEADER] === eventIdOf(storeId, position);
}

async function cursorInLog(incarnation: string, search: RelaySearch): Promise<RelayCursor> {
  const { connection, storeId, aggregates, limits, head } = search;
  const floors = new Map<string, Position>();
  let newest = { sequence: 0, position: 0 };
  for (const aggregate of aggregates) {
    const last = await connection.lastPublished(aggregate);
    floors.set(aggregate, last === undefined ? 0 : acknowledgedOf(last.message, limits));
    const place = last && placeOf(last.message, limits);
    if (last === undefined || place?.storeId !== storeId) continue;
    if (place.position > head) throw new JournalBehindLogError(aggregate, place.position, head);
    if (last.sequence > newest.sequence)
      newest = { sequence: last.sequence, position: place.position };
  }
  return { incarnation, ...newest, floors };
}

/** Position of the last event of an aggregate up to a position; 0 where there is none. */
export function lastOf(journal: Journal, aggregate: string, upTo: Position): Position {
  const filter = { streamTypes: [aggregate] };
  // There is no index to read backwards: look into a window that doubles until something is in it.
  for (let window = 1_000; upTo > 0; window *= 2) {
    const after = Math.max(0, upTo - window);
    let last = 0;
    for (let from = after; from < upTo;) {
      const page = journal.readPage({ after: from, upTo, limit: 1_000, filter });
      last = page.events.at(-1)?.position ?? last;
      from = page.scannedTo;
    }
    if (last > 0 || after === 0) return last;
  }
  return 0;
}
