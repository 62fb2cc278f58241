/**
 * The persisted index: tables in the environment `state`, all derived from the log. Written in large transactions behind
 * the acknowledgement; each says in its `meta` row how far it reflects the log, so a lost or torn one is seen at open.
 */
import type { Position, Version } from "../../src/kernel/event.js";
import type { StreamId } from "../../src/kernel/ids.js";
import { decode, encode } from "../codec.js";
import type { ClaimState } from "../claims.js";
import type { Snapshot, SnapshotCriteria } from "../journal.js";
import { snapshotFits } from "../snapshots.js";
import {
  openEnvironment,
  openTable,
  readFast,
  written,
  type Environment,
  type Table,
} from "./environment.js";
import {
  chunkRow,
  claimRow,
  kindChunkRow,
  kindRow,
  snapshotRow,
  stateRow,
  streamRow,
  type ChunkRow,
  type StateRow,
  type StreamRow,
} from "./index-rows.js";
import type { IndexTail, StreamTail } from "./index-tail.js";

/** Commits of a stream in one row; full rows are sealed into chunks, so a row never grows large. */
const STREAM_ENTRIES_MAX = 64;
const KIND_POSITIONS_MAX = 512;
const META_KEY = "state";
/** Rows made in one turn of the event loop. */
const SLICE_ROWS = 64;

interface OpenKind {
  readonly id: number;
  /** The newest chunk, still growing. */
  open: Position[];
}

export class IndexStore {
  readonly #environment: Environment;
  readonly #meta: Table;
  readonly #streams: Table;
  readonly #chunks: Table;
  readonly #kinds: Table;
  readonly #kindChunks: Table;
  readonly #commands: Table;
  readonly #claims: Table;
  readonly #snapshots: Table;
  readonly #openKinds = new Map<string, Map<string, OpenKind>>();
  #kindCount = 0;

  constructor(path: string, readOnly: boolean) {
    this.#environment = openEnvironment(path, readOnly);
    const table = (name: string) => openTable(this.#environment, name);
    this.#meta = table("meta");
    this.#streams = table("streams");
    this.#chunks = table("chunks");
    this.#kinds = table("kinds");
    this.#kindChunks = table("kind-chunks");
    this.#commands = table("commands");
    this.#claims = table("claims");
    this.#snapshots = table("snapshots");
    this.loadKinds();
  }

  /** Reads the list of kinds anew; they are few, and every filtered read needs them. */
  loadKinds(): void {
    this.#openKinds.clear();
    this.#kindCount = 0;
    for (const { key, value } of this.#kinds.getRange({})) {
      const [streamType, eventType] = kindRow.decode(value);
      const id = key as number;
      let open: Position[] = [];
      for (const chunk of this.#kindChunks.getRange({
        start: [id, Infinity],
        end: [id, 0],
        reverse: true,
        limit: 1,
      })) {
        open = kindChunkRow.decode(chunk.value);
      }
      this.#setKind(streamType, eventType, { id, open });
    }
  }

  #setKind(streamType: string, eventType: string, kind: OpenKind): void {
    let byType = this.#openKinds.get(streamType);
    if (byType === undefined) {
      byType = new Map<string, OpenKind>();
      this.#openKinds.set(streamType, byType);
    }
    byType.set(eventType, kind);
    this.#kindCount = Math.max(this.#kindCount, kind.id);
  }

  /** How far the index reflects which log; undefined where that can't be read. */
  state(): StateRow | undefined {
    const bytes = readFast(this.#meta, META_KEY);
    return bytes === undefined ? undefined : stateRow.decode(bytes);
  }

  stream(streamId: StreamId): StreamRow | undefined {
    const bytes = readFast(this.#streams, streamId);
    return bytes === undefined ? undefined : streamRow.decode(bytes);
  }

  /** The sealed chunks that hold versions from `from` to `upTo`, in the order asked for. */
  *chunks(
    streamId: StreamId,
    from: Version,
    upTo: Version,
    direction: "forward" | "backward",
  ): Generator<ChunkRow> {
    let first = from;
    for (const key of this.#chunks.getKeys({
      start: [streamId, from],
      end: [streamId, 0],
      reverse: true,
      limit: 1,
    })) {
      first = (key as [string, number])[1];
    }
    const range =
      direction === "forward"
        ? { start: [streamId, first], end: [streamId, upTo + 1] }
        : { start: [streamId, upTo], end: [streamId, first - 1], reverse: true };
    for (const { value } of this.#chunks.getRange(range)) yield chunkRow.decode(value);
  }

  command(commandId: string): Position | undefined {
    const bytes = readFast(this.#commands, commandId);
    return bytes === undefined ? undefined : (decode(bytes) as Position);
  }

  claim(mapKey: string): ClaimState | undefined {
    const bytes = readFast(this.#claims, mapKey);
    return bytes === undefined ? undefined : claimRow.decode(bytes);
  }

  *kinds(): Generator<readonly [streamType: string, eventType: string]> {
    for (const [streamType, byType] of this.#openKinds) {
      for (const eventType of byType.keys()) yield [streamType, eventType];
    }
  }

  /** Positions of commits with an event of the kind, ascending, from `from` on. */
  *kindPositions(streamType: string, eventType: string, from: Position): Generator<Position> {
    const id = this.#openKinds.get(streamType)?.get(eventType)?.id;
    if (id === undefined) return;
    let first = from;
    for (const key of this.#kindChunks.getKeys({
      start: [id, from],
      end: [id, 0],
      reverse: true,
      limit: 1,
    })) {
      first = (key as [number, number])[1];
    }
    for (const { value } of this.#kindChunks.getRange({
      start: [id, first],
      end: [id, Infinity],
    })) {
      for (const position of kindChunkRow.decode(value)) if (position >= from) yield position;
    }
  }

  /**
   * Writes all of a tail, and how far the index then reflects the log, in one transaction. The tail is frozen and nobody
   * else writes here, so the rows are made in slices, with `pause` between them: answers needn't wait for them.
   */
  async write(tail: IndexTail, state: StateRow, pause: () => Promise<void>): Promise<void> {
    const puts: (() => unknown)[] = [];
    const put = (table: Table, key: Parameters<Table["put"]>[0], bytes: Uint8Array) =>
      puts.push(() => table.put(key, bytes));
    let slice = 0;
    for (const [streamId, streamTail] of tail.streams) {
      this.#foldStream(streamId, streamTail, put);
      if (++slice % SLICE_ROWS === 0) await pause();
    }
    for (const kind of tail.kinds())
      this.#foldKind(kind.streamType, kind.eventType, kind.positions, put);
    for (const [commandId, position] of tail.commands)
      put(this.#commands, commandId, encode(position));
    for (const [mapKey, claim] of tail.claims) {
      if (claim === null) puts.push(() => this.#claims.remove(mapKey));
      else put(this.#claims, mapKey, claimRow.encode(claim));
    }
    put(this.#meta, META_KEY, stateRow.encode(state));
    // Everything is encoded: nothing below can throw, and a throw inside a batch would commit half of it.
    await written(
      this.#environment.batch(() => {
        for (const run of puts) run();
      }),
    );
    this.#environment.resetReadTxn();
  }

  #foldStream(
    streamId: StreamId,
    tail: StreamTail,
    put: (table: Table, key: Parameters<Table["put"]>[0], bytes: Uint8Array) => void,
  ): void {
    const row = this.stream(streamId) ?? {
      version: 0,
      truncateBefore: 0,
      chunkFirstVersion: tail.firstVersion,
      entries: [],
    };
    for (let at = 0; at < tail.entries.length; at += 2) {
      if (row.entries.length >= STREAM_ENTRIES_MAX * 2) {
        const chunk = {
          firstVersion: row.chunkFirstVersion,
          lastVersion: row.version,
          entries: row.entries,
        };
        put(this.#chunks, [streamId, row.chunkFirstVersion], chunkRow.encode(chunk));
        row.chunkFirstVersion = row.version + 1;
        row.entries = [];
      }
      const count = tail.entries[at + 1] as number;
      row.entries.push(tail.entries[at] as number, count);
      row.version += count;
    }
    if (tail.truncateBefore > 0) row.truncateBefore = tail.truncateBefore;
    put(this.#streams, streamId, streamRow.encode(row));
  }

  #foldKind(
    streamType: string,
    eventType: string,
    positions: readonly Position[],
    put: (table: Table, key: Parameters<Table["put"]>[0], bytes: Uint8Array) => void,
  ): void {
    let kind = this.#openKinds.get(streamType)?.get(eventType);
    if (kind === undefined) {
      kind = { id: this.#kindCount + 1, open: [] };
      this.#setKind(streamType, eventType, kind);
      put(this.#kinds, kind.id, kindRow.encode(streamType, eventType));
    }
    const writeOpen = (open: OpenKind) =>
      put(this.#kindChunks, [open.id, open.open[0] as Position], kindChunkRow.encode(open.open));
    for (const position of positions) {
      if (kind.open.length >= KIND_POSITIONS_MAX) {
        writeOpen(kind);
        kind.open = [];
      }
      kind.open.push(position);
    }
    writeOpen(kind);
  }

  /** Empties every table, so that the index can be built anew. */
  async clear(): Promise<void> {
    const tables = [
      this.#streams,
      this.#chunks,
      this.#kinds,
      this.#kindChunks,
      this.#commands,
      this.#claims,
    ];
    // The meta row goes first: a kill in between must not leave a half-empty index that claims to be whole.
    for (const table of [this.#meta, ...tables, this.#snapshots]) await written(table.clearAsync());
    this.loadKinds();
  }

  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    await written(
      this.#snapshots.put([snapshot.streamId, snapshot.version], snapshotRow.encode(snapshot)),
    );
  }

  /** Snapshots of a stream, the highest version first; damaged ones are passed over. */
  *snapshots(streamId: StreamId, criteria: SnapshotCriteria): Generator<Snapshot> {
    const start = [streamId, criteria.upToVersion ?? Number.MAX_SAFE_INTEGER];
    for (const { key, value } of this.#snapshots.getRange({
      start,
      end: [streamId, 0],
      reverse: true,
    })) {
      const snapshot = snapshotRow.decode(streamId, (key as [string, number])[1], value);
      if (snapshot !== undefined && snapshotFits(snapshot, criteria)) yield snapshot;
    }
  }

  async deleteSnapshots(streamId: StreamId, criteria: SnapshotCriteria): Promise<void> {
    const versions = [...this.snapshots(streamId, criteria)].map(({ version }) => version);
    await written(
      this.#environment.batch(() => {
        for (const version of versions) void this.#snapshots.remove([streamId, version]);
      }),
    );
  }

  /** Forgets the view of the file this turn began with; needed to see what another process wrote meanwhile. */
  refresh(): void {
    this.#environment.resetReadTxn();
  }

  close(): Promise<void> {
    return this.#environment.close();
  }
}
