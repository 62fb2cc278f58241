/**
 * The journal on LMDB: log first. The path to the acknowledgement is admission → group commit → answer; indexes follow
 * behind it. This file only joins the parts; each part has a file of its own.
 */
import type { Position, RecordedEvent, StoredEvent, Version } from "../../src/kernel/event.js";
import type { StreamId } from "../../src/kernel/ids.js";
import { admit, isDuplicate, type AdmissionView } from "../admission.js";
import { appendAndWait } from "../append.js";
import { claimKeyOf, replayClaim, visibleClaim, type ClaimState } from "../claims.js";
import {
  JournalClosedError,
  JournalOverloadedError,
  JournalPoisonedError,
  WriterFencedError,
} from "../errors.js";
import type {
  AppendRequest,
  Claim,
  Commit,
  CommitSink,
  Journal,
  JournalFigures,
  ListedClaim,
  ListedStream,
  ListOptions,
  Page,
  PageOptions,
  Snapshot,
  SnapshotCriteria,
  StreamReadOptions,
} from "../journal.js";
import { checkListOptions } from "../listing.js";
import { checkPageOptions, checkStreamReadOptions } from "../read-options.js";
import { commitOf, encodeRecord, type CommitRecord } from "../record.js";
import { checkSnapshot } from "../snapshots.js";
import { AdmittedVersions } from "./admitted-versions.js";
import { GroupCommit, type PendingCommit } from "./group-commit.js";
import { Indexer } from "./indexer.js";
import { JournalIndex } from "./journal-index.js";
import type { LmdbJournalParts } from "./lmdb-journal-parts.js";
import { LogReader } from "./log-reader.js";
import { rowsOf } from "./log-row.js";
import { diskBytesOf } from "./disk-bytes.js";

export class LmdbJournal implements Journal, AdmissionView {
  readonly storeId: string;
  readonly #parts: LmdbJournalParts;
  readonly #index: JournalIndex;
  readonly #indexer: Indexer;
  readonly #reader: LogReader;
  readonly #group: GroupCommit;
  readonly #listeners = new Set<() => void>();

  #head: Position = 0;
  #nextPosition: Position = 1;
  #lastRecordedAtMs = 0;
  readonly #admittedVersions = new AdmittedVersions();
  readonly #pendingCommands = new Map<string, PendingCommit>();
  /** Claims changed by commits that aren't durable yet; null where released. */
  readonly #pendingClaims = new Map<string, { state: ClaimState | null; position: Position }>();
  #closing: Promise<void> | undefined;

  private constructor(parts: LmdbJournalParts) {
    this.#parts = parts;
    this.storeId = parts.storeId;
    this.#index = new JournalIndex(parts.storeId, parts.store);
    const { storeId, log, limits } = parts;
    this.#reader = new LogReader(storeId, log, this.#index, limits, this.#assertReadable);
    this.#group = new GroupCommit({
      clock: parts.clock,
      directory: parts.directory,
      write: (group) => {
        const write = () => parts.log.write(rowsOf(group));
        return parts.beforeWrite?.()?.then(write) ?? write();
      },
      onDurable: (group) => this.#onDurable(group),
      onAnswered: () => this.#onAnswered(),
      mustWait: () => this.#indexer.mustWait(),
    });
    this.#indexer = new Indexer({
      ...parts,
      index: this.#index,
      onWritten: () => this.#group.pump(),
      onFailed: (cause) => this.#group.poison(cause),
    });
  }

  /** Takes over opened parts, and brings the index up to the log. */
  static async start(parts: LmdbJournalParts): Promise<LmdbJournal> {
    const journal = new LmdbJournal(parts);
    await journal.#indexer.recover();
    journal.#head = parts.log.head();
    journal.#nextPosition = journal.#head + 1;
    journal.#lastRecordedAtMs = parts.log.last()?.recordedAtMs ?? 0;
    return journal;
  }

  head(): Position {
    return this.#head;
  }

  inFlightBytes(): number {
    return this.#group.inFlightBytes();
  }

  enqueue(request: AppendRequest, sink: CommitSink): Commit {
    this.#assertWritable();
    const { clock, limits } = this.#parts;
    const nowMs = Math.max(clock.nowMs(), this.#lastRecordedAtMs);
    const record = admit(request, this, limits, this.#nextPosition, nowMs);
    if (record === "duplicate") return this.#joinDuplicate(request.commandId as string, sink);
    const bytes = encodeRecord(record);
    this.#assertRoomFor(bytes.length);
    const commit = commitOf(this.storeId, record);
    const pending: PendingCommit = {
      position: record.position,
      bytes,
      address: 0,
      record,
      commit,
      sink,
      joined: undefined,
    };
    this.#nextPosition = commit.lastPosition + 1;
    this.#lastRecordedAtMs = nowMs;
    this.#remember(pending);
    this.#group.push(pending);
    return commit;
  }

  append(request: AppendRequest): Promise<Commit> {
    return appendAndWait(this, request);
  }

  #assertRoomFor(bytes: number): void {
    const inFlightBytes = this.#group.inFlightBytes();
    // A commit larger than the whole bound may still go alone, or it could never go at all.
    if (inFlightBytes > 0 && inFlightBytes + bytes > this.#parts.limits.inFlightBytesMax) {
      throw new JournalOverloadedError(inFlightBytes, this.#parts.limits.inFlightBytesMax);
    }
    this.#parts.guard.assertSpaceFor(bytes);
  }

  /** Keeps what later admissions must see although it isn't durable yet. */
  #remember(pending: PendingCommit): void {
    const { record, commit, position } = pending;
    for (const part of record.parts) {
      const version = part.firstVersion + part.events.length - 1;
      this.#admittedVersions.set(part.streamId, version, commit.lastPosition, this.#head);
    }
    if (record.commandId !== undefined) this.#pendingCommands.set(record.commandId, pending);
    for (const claim of record.claims) {
      const state = replayClaim(claim, this.admittedClaim(claim.name, claim.key), position) ?? null;
      this.#pendingClaims.set(claimKeyOf(claim.name, claim.key), { state, position });
    }
  }

  joinCommand(commandId: string, streamId: StreamId, sink: CommitSink): Commit | undefined {
    this.#assertWritable();
    return isDuplicate(commandId, streamId, this)
      ? this.#joinDuplicate(commandId, sink)
      : undefined;
  }

  whenDurable(done: (failure: Error | undefined) => void): void {
    const sink = { committed: () => done(undefined), failed: done };
    if (!this.#group.joinLast(sink)) done(this.#group.failure());
  }

  #joinDuplicate(commandId: string, sink: CommitSink): Commit {
    const pending = this.#pendingCommands.get(commandId);
    if (pending !== undefined) {
      (pending.joined ??= []).push(sink);
      return { ...pending.commit, duplicate: true };
    }
    const commit = this.#reader.command(commandId, this.#lastRecordedAtMs) as Commit;
    this.#parts.clock.defer(() => sink.committed(commit));
    return commit;
  }

  #onDurable(group: readonly PendingCommit[]): void {
    // In this order: once the head moves, the index must already answer for everything below it.
    for (const pending of group) {
      const { record } = pending;
      this.#index.add(pending);
      if (record.commandId !== undefined) this.#pendingCommands.delete(record.commandId);
      if (record.claims.length > 0) this.#forgetPendingClaims(record);
    }
    this.#head = (group[group.length - 1] as PendingCommit).commit.lastPosition;
  }

  #forgetPendingClaims(record: CommitRecord): void {
    for (const claim of record.claims) {
      const mapKey = claimKeyOf(claim.name, claim.key);
      // A later commit, still on its way, may have changed the claim again.
      if (this.#pendingClaims.get(mapKey)?.position === record.position)
        this.#pendingClaims.delete(mapKey);
    }
  }

  #onAnswered(): void {
    this.#indexer.onAdded();
    for (const listener of this.#listeners) listener();
  }

  admittedVersion(streamId: StreamId): Version {
    return (
      this.#admittedVersions.get(streamId) ??
      this.#rememberVersion(streamId, this.#index.streamVersion(streamId))
    );
  }

  /** What isn't known of a stream is durable as it is in the index. */
  #rememberVersion(streamId: StreamId, version: Version): Version {
    if (this.#admittedVersions.get(streamId) === undefined)
      this.#admittedVersions.set(streamId, version, 0, this.#head);
    return version;
  }

  streamOfCommand(commandId: string): StreamId | undefined {
    const record =
      this.#pendingCommands.get(commandId)?.record ??
      this.#reader.commandRecord(commandId, this.#lastRecordedAtMs);
    return record?.parts[0]?.streamId;
  }

  admittedClaim(name: string, key: string): ClaimState | undefined {
    const pending = this.#pendingClaims.get(claimKeyOf(name, key));
    return pending === undefined ? this.#index.claim(name, key) : (pending.state ?? undefined);
  }

  streamVersion(streamId: StreamId): Version {
    this.#assertReadable();
    return this.#index.streamVersion(streamId);
  }

  readStream(streamId: StreamId, options: StreamReadOptions = {}): Iterable<RecordedEvent> {
    this.#assertReadable();
    checkStreamReadOptions(streamId, options);
    return this.#reader.stream(streamId, options);
  }

  replayStream(streamId: StreamId, options: StreamReadOptions = {}): Iterable<StoredEvent[]> {
    this.#assertReadable();
    checkStreamReadOptions(streamId, options);
    // Whoever replays a stream mostly appends to it next.
    return this.#reader.replay(streamId, options, (version) =>
      this.#rememberVersion(streamId, version),
    );
  }

  readPage(options: PageOptions): Page {
    this.#assertReadable();
    checkPageOptions(options);
    return this.#reader.page(options, this.#head);
  }

  eventTypes(streamType: string): readonly string[] {
    this.#assertReadable();
    return this.#index.eventTypes(streamType);
  }

  findCommand(commandId: string): Commit | undefined {
    this.#assertReadable();
    return this.#reader.command(commandId, this.#lastRecordedAtMs);
  }

  findClaim(name: string, key: string): Claim | undefined {
    this.#assertReadable();
    return visibleClaim(this.#index.claim(name, key), this.#parts.clock.nowMs());
  }

  listStreams(options: ListOptions): readonly ListedStream[] {
    this.#assertReadable();
    checkListOptions(options);
    return this.#index.listStreams(options);
  }

  listClaims(options: ListOptions): readonly ListedClaim[] {
    this.#assertReadable();
    checkListOptions(options);
    return this.#index.listClaims(options, this.#parts.clock.nowMs());
  }

  onCommitted(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    this.#assertWritable();
    checkSnapshot(snapshot, this.#parts.limits);
    await this.#parts.store.snapshots.save(snapshot);
  }

  findSnapshot(streamId: StreamId, criteria: SnapshotCriteria = {}): Snapshot | undefined {
    this.#assertReadable();
    return this.#parts.store.snapshots.find(streamId, criteria);
  }

  async deleteSnapshots(streamId: StreamId, criteria: SnapshotCriteria = {}): Promise<void> {
    this.#assertWritable();
    await this.#parts.store.snapshots.delete(streamId, criteria);
  }

  figures(): JournalFigures {
    return {
      head: this.#head,
      failure: this.#group.failure(),
      inFlightBytes: this.#group.inFlightBytes(),
      ...this.#group.groups.figures(),
      indexedTo: this.#indexer.indexedTo(),
      commandIds: this.#index.commandIds(),
      diskBytes: diskBytesOf(this.#parts.directory),
    };
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    await this.#group.idle();
    // After a failure the index isn't touched: another writer may be at it, or the store isn't to be trusted.
    if (this.#group.failure() === undefined) await this.#indexer.close();
    else await this.#indexer.abandon();
    this.#listeners.clear();
    try {
      await this.#parts.store.close();
      await this.#parts.log.close();
    } finally {
      this.#parts.lock.release();
    }
  }

  #assertOpen(): void {
    if (this.#closing !== undefined) throw new JournalClosedError();
  }

  /** After a failed write LMDB may answer reads with nothing instead of an error, so they are refused. */
  readonly #assertReadable = (): void => {
    this.#assertOpen();
    const cause = this.#group.failure();
    if (cause !== undefined && !(cause instanceof WriterFencedError))
      throw new JournalPoisonedError({ cause });
  };

  #assertWritable(): void {
    this.#assertOpen();
    const cause = this.#group.failure();
    if (cause !== undefined) throw new JournalPoisonedError({ cause });
  }
}
