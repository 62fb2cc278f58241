/**
 * Which records of the log hold events of which kind (stream type and event type): filtered reads go straight to them. A
 * kind's addresses are in chunks, ascending; the newest chunk of each kind is kept in memory too.
 */
import { type Table } from "./environment.js";
import { kindChunkRow, kindRow } from "./index-rows.js";
import type { Kind } from "./index-tail.js";
import type { RecordAddress } from "./log-row.js";
import type { WriteBatches } from "./write-batches.js";

const ADDRESSES_MAX = 512;

interface KnownKind {
  readonly id: number;
  /** The newest chunk, still growing. */
  open: RecordAddress[];
}

export class KindTables {
  readonly #kinds: Table;
  readonly #chunks: Table;
  readonly #known = new Map<string, Map<string, KnownKind>>();
  #count = 0;

  constructor(kinds: Table, chunks: Table) {
    this.#kinds = kinds;
    this.#chunks = chunks;
    this.load();
  }

  get tables(): readonly Table[] {
    return [this.#kinds, this.#chunks];
  }

  /** Reads the list of kinds anew; they are few, and every filtered read needs them. */
  load(): void {
    this.#known.clear();
    this.#count = 0;
    for (const { key, value } of this.#kinds.getRange({})) {
      const [streamType, eventType] = kindRow.decode(value);
      const id = key as number;
      let open: RecordAddress[] = [];
      for (const chunk of this.#chunks.getRange({
        start: [id, Infinity],
        end: [id, 0],
        reverse: true,
        limit: 1,
      })) {
        open = kindChunkRow.decode(chunk.value);
      }
      this.#add(streamType, eventType, { id, open });
    }
  }

  #add(streamType: string, eventType: string, kind: KnownKind): void {
    let byType = this.#known.get(streamType);
    if (byType === undefined) {
      byType = new Map<string, KnownKind>();
      this.#known.set(streamType, byType);
    }
    byType.set(eventType, kind);
    this.#count = Math.max(this.#count, kind.id);
  }

  *list(): Generator<readonly [streamType: string, eventType: string]> {
    for (const [streamType, byType] of this.#known) {
      for (const eventType of byType.keys()) yield [streamType, eventType];
    }
  }

  /** Where records with an event of the kind stand in the log, ascending, from `from` on. */
  *addresses(streamType: string, eventType: string, from: RecordAddress): Generator<RecordAddress> {
    const id = this.#known.get(streamType)?.get(eventType)?.id;
    if (id === undefined) return;
    let first = from;
    for (const key of this.#chunks.getKeys({
      start: [id, from],
      end: [id, 0],
      reverse: true,
      limit: 1,
    })) {
      first = (key as [number, number])[1];
    }
    for (const { value } of this.#chunks.getRange({ start: [id, first], end: [id, Infinity] })) {
      for (const address of kindChunkRow.decode(value)) if (address >= from) yield address;
    }
  }

  /** Adds what a tail knows of a kind; what is there already, after an interrupted write, is passed over. */
  fold({ streamType, eventType, addresses }: Kind, batch: WriteBatches): void {
    let kind = this.#known.get(streamType)?.get(eventType);
    if (kind === undefined) {
      kind = { id: this.#count + 1, open: [] };
      this.#add(streamType, eventType, kind);
      batch.put(this.#kinds, kind.id, kindRow.encode(streamType, eventType));
    }
    const last = kind.open[kind.open.length - 1] ?? 0;
    const writeOpen = ({ id, open }: KnownKind) => {
      if (open.length > 0)
        batch.put(this.#chunks, [id, open[0] as RecordAddress], kindChunkRow.encode(open));
    };
    for (const address of addresses) {
      if (address <= last) continue;
      if (kind.open.length >= ADDRESSES_MAX) {
        writeOpen(kind);
        kind.open = [];
      }
      kind.open.push(address);
    }
    writeOpen(kind);
  }
}
