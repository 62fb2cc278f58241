/**
 * The persisted index: tables in the environment `state`, all derived from the log. Written behind the acknowledgement, a
 * tail at a time; rows in `meta` say how far it reflects the log, so a lost, torn or half-written one is seen at open.
 */
import { crc32 } from "node:zlib";
import type { Position, Version } from "../../src/kernel/event.js";
import type { StreamId } from "../../src/kernel/ids.js";
import { decode, encode } from "../codec.js";
import type { ClaimState } from "../claims.js";
import type { ListOptions } from "../journal.js";
import { beginningOf, isListed } from "../listing.js";
import type { CommitRecord } from "../record.js";
import {
  openCompressedTable,
  openEnvironment,
  openTable,
  readFast,
  withTables,
  written,
  type Environment,
  type Table,
} from "./environment.js";
import {
  chunkRow,
  claimRow,
  commandsFromRow,
  stateRow,
  streamRow,
  type StateRow,
  type StreamRow,
} from "./index-rows.js";
import type { IndexTail, StreamTail } from "./index-tail.js";
import type { RecordAddress } from "./log-row.js";
import { KindTables } from "./kind-tables.js";
import { SnapshotTables } from "./snapshot-tables.js";
import { WriteBatches, type Breather } from "./write-batches.js";

/** Bytes of records in a chunk, unless it has only one: enough to be compressed well, few enough to be written again while it grows. */
const CHUNK_BYTES_MAX = 4_000;
const META_KEY = "state";
const UNDER_WAY_KEY = "under-way";
const COMMANDS_FROM_KEY = "commands-from";

export class IndexStore {
  readonly #environment: Environment;
  readonly #meta: Table;
  readonly #streams: Table;
  readonly #chunks: Table;
  readonly #commands: Table;
  readonly #claims: Table;
  readonly snapshots: SnapshotTables;
  readonly kinds: KindTables;

  constructor(path: string, readOnly: boolean) {
    this.#environment = openEnvironment(path, readOnly);
    const environment = this.#environment;
    const tables = withTables(environment, () => ({
      meta: openTable(environment, "meta"),
      streams: openCompressedTable(environment, "streams"),
      chunks: openCompressedTable(environment, "chunks"),
      kinds: new KindTables(openTable(environment, "kinds"), openTable(environment, "kind-chunks")),
      commands: openTable(environment, "commands"),
      claims: openTable(environment, "claims"),
      snapshots: new SnapshotTables(
        environment,
        openTable(environment, "snapshots"),
        openTable(environment, "newest-snapshots"),
      ),
    }));
    this.#meta = tables.meta;
    this.#streams = tables.streams;
    this.#chunks = tables.chunks;
    this.kinds = tables.kinds;
    this.#commands = tables.commands;
    this.#claims = tables.claims;
    this.snapshots = tables.snapshots;
  }

  /** How far the index reflects which log; undefined where that can't be read. */
  state(): StateRow | undefined {
    return this.#stateRow(META_KEY);
  }

  /** How far the rows of a write may reach that was begun and maybe not finished. */
  stateUnderWay(): StateRow | undefined {
    return this.#stateRow(UNDER_WAY_KEY);
  }

  #stateRow(key: string): StateRow | undefined {
    const bytes = readFast(this.#meta, key);
    return bytes === undefined ? undefined : stateRow.decode(bytes);
  }

  stream(streamId: StreamId): StreamRow | undefined {
    const bytes = readFast(this.#streams, streamId);
    return bytes === undefined ? undefined : streamRow.decode(bytes);
  }

  /**
   * The copied records of a full chunk that holds `version`, which is below the row's `copiesFrom`.
   *
   * @throws JournalCorruptedError - The chunk is damaged.
   */
  chunkWith(streamId: StreamId, version: Version): readonly CommitRecord[] {
    // Whoever reads in order comes from the end of the chunk before, so the guess is nearly always right.
    const bytes =
      readFast(this.#chunks, [streamId, version]) ?? this.#chunkBefore(streamId, version);
    return bytes === undefined ? [] : chunkRow.decode(bytes);
  }

  #chunkBefore(streamId: StreamId, version: Version): Uint8Array | undefined {
    const start = [streamId, version];
    const end = [streamId, 0];
    for (const { value } of this.#chunks.getRange({ start, end, reverse: true, limit: 1 }))
      return value;
    return undefined;
  }

  /** Of every stream the checksum over all its copies, in order: what {@link Verifier} compares with the log. */
  *streamChecksums(): Generator<{ streamId: StreamId; version: Version; checksum: number }> {
    for (const { key, value } of this.#streams.getRange({})) {
      const streamId = key as StreamId;
      const { version, copiesFrom, copies } = streamRow.decode(value);
      let checksum = 0;
      const older = { start: [streamId, 1], end: [streamId, copiesFrom] };
      for (const chunk of this.#chunks.getRange(older))
        checksum = crc32(chunkRow.copies(chunk.value), checksum);
      yield { streamId, version, checksum: crc32(copies, checksum) };
    }
  }

  command(commandId: string): RecordAddress | undefined {
    const bytes = readFast(this.#commands, commandId);
    return bytes === undefined ? undefined : (decode(bytes) as RecordAddress);
  }

  /** Position from which all command ids are there; of commits before, forgotten ones were dropped. */
  commandsFrom(): Position {
    const bytes = readFast(this.#meta, COMMANDS_FROM_KEY);
    return bytes === undefined ? 1 : commandsFromRow.decode(bytes);
  }

  /** Command ids in the persisted index. */
  commandCount(): number {
    return (this.#commands.getStats() as { readonly entryCount: number }).entryCount;
  }

  /** Drops command ids, and notes from where on none were dropped, in one transaction. */
  async forgetCommands(commandIds: readonly string[], from: Position): Promise<void> {
    const noted = commandsFromRow.encode(from);
    await written(
      this.#environment.batch(() => {
        void this.#meta.put(COMMANDS_FROM_KEY, noted);
        for (const commandId of commandIds) void this.#commands.remove(commandId);
      }),
    );
  }

  claim(mapKey: string): ClaimState | undefined {
    const bytes = readFast(this.#claims, mapKey);
    return bytes === undefined ? undefined : claimRow.decode(bytes);
  }

  /** In order. */
  *listStreams(options: ListOptions): Generator<readonly [StreamId, Version]> {
    for (const [id, bytes] of rowsFrom(this.#streams, options))
      yield [id, streamRow.decode(bytes).version];
  }

  /** In order. */
  *listClaims(options: ListOptions): Generator<readonly [mapKey: string, ClaimState]> {
    for (const [mapKey, bytes] of rowsFrom(this.#claims, options))
      yield [mapKey, claimRow.decode(bytes)];
  }

  /**
   * Writes all of a tail, and then how far the index reflects the log. The tail is frozen and nobody else writes here, so
   * this is done in small transactions with pauses between them, and answers needn't wait for it. A kill in between
   * leaves rows that know more than they should: the same tail is then written again over them, which changes nothing
   * that is there already; and what is under way is noted first, so that such rows can't be taken for another log's.
   */
  async write(tail: IndexTail, state: StateRow, breather: Breather): Promise<void> {
    const batch = new WriteBatches(this.#environment, breather);
    batch.put(this.#meta, UNDER_WAY_KEY, stateRow.encode(state));
    await batch.written();
    for (const streamId of inSortedRuns(tail.streams.keys())) {
      this.#foldStream(streamId, tail.streams.get(streamId) as StreamTail, batch);
      await batch.rest();
    }
    for (const kind of tail.kinds()) {
      this.kinds.fold(kind, batch);
      await batch.rest();
    }
    for (const [commandId, address] of tail.commands) {
      batch.put(this.#commands, commandId, encode(address));
      await batch.rest();
    }
    for (const [mapKey, claim] of tail.claims) {
      if (claim === null) batch.remove(this.#claims, mapKey);
      else batch.put(this.#claims, mapKey, claimRow.encode(claim));
      await batch.rest();
    }
    await batch.written();
    batch.put(this.#meta, META_KEY, stateRow.encode(state));
    await batch.written();
    this.#environment.resetReadTxn();
  }

  #foldStream(streamId: StreamId, tail: StreamTail, batch: WriteBatches): void {
    const { firstVersions, copies } = tail;
    const row = this.stream(streamId);
    const known = row?.version ?? 0;
    let copiesFrom = row?.copiesFrom ?? tail.firstVersion;
    let chunk: Uint8Array[] = row === undefined ? [] : [Buffer.from(row.copies)];
    let chunkBytes = row?.copies.length ?? 0;
    for (let at = 0; at < copies.length; at++) {
      // What a write that was interrupted has brought here already is passed over.
      if ((firstVersions[at] as Version) <= known) continue;
      const copy = copies[at] as Uint8Array;
      if (chunkBytes > 0 && chunkBytes + copy.length > CHUNK_BYTES_MAX) {
        batch.put(this.#chunks, [streamId, copiesFrom], chunkRow.encode(chunk));
        copiesFrom = firstVersions[at] as Version;
        chunk = [];
        chunkBytes = 0;
      }
      chunk.push(copy);
      chunkBytes += copy.length;
    }
    const version = Math.max(known, tail.version);
    const truncateBefore = tail.truncateBefore || (row?.truncateBefore ?? 0);
    batch.put(
      this.#streams,
      streamId,
      streamRow.encode({ version, truncateBefore, copiesFrom }, chunk),
    );
  }

  /** Empties every table, so that the index can be built anew. */
  async clear(): Promise<void> {
    const tables = [
      this.#streams,
      this.#chunks,
      ...this.kinds.tables,
      this.#commands,
      this.#claims,
    ];
    // The meta row goes first: a kill in between must not leave a half-empty index that claims to be whole.
    for (const table of [this.#meta, ...tables, ...this.snapshots.tables])
      await written(table.clearAsync());
    this.kinds.load();
  }

  /** Forgets the view of the file this turn began with; needed to see what another process wrote meanwhile. */
  refresh(): void {
    this.#environment.resetReadTxn();
  }

  close(): Promise<void> {
    return this.#environment.close();
  }
}

/** Rows whose keys begin with the prefix, behind the one given. */
function* rowsFrom(table: Table, options: ListOptions): Generator<readonly [string, Uint8Array]> {
  for (const { key, value } of table.getRange({ start: beginningOf(options) })) {
    const id = key as string;
    if (isListed(id, options)) yield [id, value];
    else if (!id.startsWith(options.prefix ?? "")) return;
  }
}

/** Enough to meet a page of the table only a few times, few enough to be sorted in about a millisecond. */
const RUN_STREAMS = 4_096;

/** Neighbours in the table one after the other: so a transaction changes few pages, each of which is written as a whole. */
function* inSortedRuns(streamIds: Iterable<StreamId>): Generator<StreamId> {
  let run: StreamId[] = [];
  for (const streamId of streamIds) {
    run.push(streamId);
    if (run.length < RUN_STREAMS) continue;
    yield* run.sort();
    run = [];
  }
  yield* run.sort();
}
