/**
 * The journal in memory: the same semantics as the LMDB one with nothing on disk, written to be read as the
 * specification. Every index is a plain map filled from the records when the journal opens, so "derived from the log" is
 * the same code as opening.
 *
 * A commit becomes durable on a later turn of the event loop, as it does on a disk: code that relies on an answer before
 * the acknowledgement fails here, too.
 */
import type { Clock } from "../../src/kernel/clock.js";
import { isForgotten } from "../../src/kernel/command-ids.js";
import type { Position, RecordedEvent, StoredEvent, Version } from "../../src/kernel/event.js";
import type { StreamId } from "../../src/kernel/ids.js";
import type { Limits } from "../../src/kernel/limits.js";
import { admit, isDuplicate, type AdmissionView } from "../admission.js";
import { claimKeyOf, visibleClaim, type ClaimState } from "../claims.js";
import { decode, encode } from "../codec.js";
import { JournalClosedError, JournalOverloadedError } from "../errors.js";
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
import {
  commitOf,
  decodeRecord,
  encodeRecord,
  eventCountOf,
  type CommitRecord,
} from "../record.js";
import { appendAndWait } from "../append.js";
import { GroupRecorder } from "../group-figures.js";
import { checkPageOptions, checkStreamReadOptions, matches } from "../read-options.js";
import { checkSnapshot, snapshotFits } from "../snapshots.js";
import type { MemoryStore } from "./memory-store.js";
import { copyOf, eventTypesOf, listedClaims, listedStreams, replayInto } from "./memory-tables.js";

interface Waiting {
  readonly commit: Commit;
  readonly bytes: Uint8Array;
  readonly record: CommitRecord;
  readonly sinks: CommitSink[];
}

interface MemoryJournalOptions {
  readonly clock: Clock;
  readonly limits: Limits;
}

export class MemoryJournal implements Journal, AdmissionView {
  readonly storeId: string;
  readonly #store: MemoryStore;
  readonly #clock: Clock;
  readonly #limits: Limits;
  readonly #listeners = new Set<() => void>();

  // What is durable.
  #head: Position = 0;
  readonly #commits: Commit[] = [];
  readonly #truncatedBefore = new Map<StreamId, Version>();
  readonly #streams = new Map<StreamId, RecordedEvent[]>();
  readonly #commands = new Map<string, Commit>();
  readonly #claims = new Map<string, ClaimState>();

  // What is admitted, durable or not.
  #nextPosition: Position = 1;
  #lastRecordedAtMs = 0;
  readonly #versions = new Map<StreamId, Version>();
  readonly #admittedClaims = new Map<string, ClaimState>();
  readonly #waitingCommands = new Map<string, Waiting>();
  #waiting: Waiting[] = [];
  #inFlightBytes = 0;

  #closed = false;
  readonly #groups = new GroupRecorder();
  #drained: (() => void)[] = [];

  constructor(store: MemoryStore, options: MemoryJournalOptions) {
    this.#store = store;
    this.storeId = store.storeId;
    this.#clock = options.clock;
    this.#limits = options.limits;
    for (const { position, bytes } of store.records) {
      const record = decodeRecord(position, bytes);
      this.#applyAdmitted(record);
      this.#applyDurable(record);
    }
  }

  head(): Position {
    return this.#head;
  }

  inFlightBytes(): number {
    return this.#inFlightBytes;
  }

  enqueue(request: AppendRequest, sink: CommitSink): Commit {
    if (this.#closed) throw new JournalClosedError();
    const nowMs = Math.max(this.#clock.nowMs(), this.#lastRecordedAtMs);
    const record = admit(request, this, this.#limits, this.#nextPosition, nowMs);
    if (record === "duplicate") return this.#joinDuplicate(request.commandId as string, sink);
    if (this.#inFlightBytes >= this.#limits.inFlightBytesMax) {
      throw new JournalOverloadedError(this.#inFlightBytes, this.#limits.inFlightBytesMax);
    }
    const bytes = encodeRecord(record);
    const waiting: Waiting = {
      commit: commitOf(this.storeId, record),
      bytes,
      record,
      sinks: [sink],
    };
    this.#applyAdmitted(record);
    if (record.commandId !== undefined) this.#waitingCommands.set(record.commandId, waiting);
    this.#inFlightBytes += bytes.length;
    this.#waiting.push(waiting);
    if (this.#waiting.length === 1) this.#clock.defer(() => this.#makeDurable());
    return waiting.commit;
  }

  whenDurable(done: (failure: Error | undefined) => void): void {
    const sink = { committed: () => done(undefined), failed: done };
    if (this.#waiting.at(-1)?.sinks.push(sink) === undefined) done(undefined);
  }

  append(request: AppendRequest): Promise<Commit> {
    return appendAndWait(this, request);
  }

  joinCommand(commandId: string, streamId: StreamId, sink: CommitSink): Commit | undefined {
    this.#assertOpen();
    return isDuplicate(commandId, streamId, this)
      ? this.#joinDuplicate(commandId, sink)
      : undefined;
  }

  #joinDuplicate(commandId: string, sink: CommitSink): Commit {
    const waiting = this.#waitingCommands.get(commandId);
    if (waiting !== undefined) {
      const commit = { ...waiting.commit, duplicate: true };
      waiting.sinks.push({
        committed: () => sink.committed(commit),
        failed: (error) => sink.failed(error),
      });
      return commit;
    }
    const commit = { ...(this.#commands.get(commandId) as Commit), duplicate: true };
    this.#clock.defer(() => sink.committed(commit));
    return commit;
  }

  #applyAdmitted(record: CommitRecord): void {
    this.#nextPosition = record.position + eventCountOf(record);
    this.#lastRecordedAtMs = record.recordedAtMs;
    for (const part of record.parts)
      this.#versions.set(part.streamId, part.firstVersion + part.events.length - 1);
    for (const claim of record.claims) replayInto(this.#admittedClaims, claim, record.position);
  }

  #makeDurable(): void {
    const group = this.#waiting;
    this.#waiting = [];
    this.#groups.wrote(group.length);
    for (const { record, bytes } of group) {
      this.#store.records.push({ position: record.position, bytes });
      // Indexed from the bytes, not from what the caller handed in: the caller may change that afterwards.
      this.#applyDurable(decodeRecord(record.position, bytes));
      if (record.commandId !== undefined) this.#waitingCommands.delete(record.commandId);
      this.#inFlightBytes -= bytes.length;
    }
    for (const { commit, sinks } of group) for (const sink of sinks) sink.committed(commit);
    for (const listener of this.#listeners) listener();
    for (const done of this.#drained.splice(0)) done();
  }

  #applyDurable(record: CommitRecord): void {
    const commit = commitOf(this.storeId, record);
    this.#commits.push(commit);
    this.#head = commit.lastPosition;
    if (commit.commandId !== undefined) this.#commands.set(commit.commandId, commit);
    for (const claim of record.claims) replayInto(this.#claims, claim, record.position);
    for (const part of record.parts) {
      if (part.truncateBefore > 0) this.#truncatedBefore.set(part.streamId, part.truncateBefore);
    }
    for (const event of commit.events) {
      const stream = this.#streams.get(event.streamId);
      if (stream === undefined) this.#streams.set(event.streamId, [event]);
      else stream.push(event);
    }
  }

  admittedVersion(streamId: StreamId): Version {
    return this.#versions.get(streamId) ?? 0;
  }

  streamOfCommand(commandId: string): StreamId | undefined {
    const commit = this.#waitingCommands.get(commandId)?.commit ?? this.#knownCommand(commandId);
    return commit?.events[0]?.streamId;
  }

  /** The durable commit that answered a command, unless the id is forgotten. */
  #knownCommand(commandId: string): Commit | undefined {
    const commit = this.#commands.get(commandId);
    if (commit === undefined) return undefined;
    const { commandIdsKeptMs } = this.#limits;
    const newest = this.#lastRecordedAtMs;
    return isForgotten(commandId, commit.recordedAtMs, newest, commandIdsKeptMs)
      ? undefined
      : commit;
  }

  admittedClaim(name: string, key: string): ClaimState | undefined {
    return this.#admittedClaims.get(claimKeyOf(name, key));
  }

  streamVersion(streamId: StreamId): Version {
    this.#assertOpen();
    return this.#streams.get(streamId)?.length ?? 0;
  }

  *readStream(streamId: StreamId, options: StreamReadOptions = {}): Iterable<RecordedEvent> {
    this.#assertOpen();
    checkStreamReadOptions(streamId, options);
    const events = this.#streams.get(streamId) ?? [];
    const from = Math.max(options.from ?? 1, this.#truncatedBefore.get(streamId) ?? 1);
    const upTo = Math.min(options.upTo ?? Number.MAX_SAFE_INTEGER, events.length);
    const selected = events.slice(from - 1, Math.max(upTo, from - 1));
    if (options.direction === "backward") selected.reverse();
    for (const event of selected.slice(0, options.limit)) yield copyOf(event);
  }

  *replayStream(streamId: StreamId, options?: StreamReadOptions): Iterable<StoredEvent[]> {
    yield [...this.readStream(streamId, options)];
  }

  readPage(options: PageOptions): Page {
    this.#assertOpen();
    checkPageOptions(options);
    const { after, limit, filter } = options;
    const upTo = Math.min(options.upTo ?? this.#head, this.#head);
    const events: RecordedEvent[] = [];
    for (const commit of this.#commits) {
      if (commit.lastPosition <= after) continue;
      for (const event of commit.events) {
        if (
          event.position <= after ||
          event.position > upTo ||
          !matches(filter, event.streamType, event.type)
        )
          continue;
        events.push(copyOf(event));
        if (events.length === limit) return { events, scannedTo: event.position };
      }
    }
    return { events, scannedTo: Math.max(upTo, after) };
  }

  eventTypes(streamType: string): readonly string[] {
    return eventTypesOf(this.#streams, streamType);
  }

  findCommand(commandId: string): Commit | undefined {
    this.#assertOpen();
    const commit = this.#knownCommand(commandId);
    return commit && { ...commit, events: commit.events.map(copyOf), duplicate: true };
  }

  findClaim(name: string, key: string): Claim | undefined {
    this.#assertOpen();
    return visibleClaim(this.#claims.get(claimKeyOf(name, key)), this.#clock.nowMs());
  }

  listStreams(options: ListOptions): readonly ListedStream[] {
    this.#assertOpen();
    return listedStreams(this.#streams, options);
  }

  listClaims(options: ListOptions): readonly ListedClaim[] {
    this.#assertOpen();
    return listedClaims(this.#claims, options, this.#clock.nowMs());
  }

  onCommitted(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  saveSnapshot(snapshot: Snapshot): Promise<void> {
    if (this.#closed) return Promise.reject(new JournalClosedError());
    checkSnapshot(snapshot, this.#limits);
    const { state, ...rest } = snapshot;
    const kept = this.#store.snapshots.get(snapshot.streamId) ?? [];
    const others = kept.filter((other) => other.snapshot.version !== snapshot.version);
    others.push({ snapshot: rest, state: encode(state) });
    others.sort((a, b) => a.snapshot.version - b.snapshot.version);
    this.#store.snapshots.set(snapshot.streamId, others);
    return Promise.resolve();
  }

  findSnapshot(streamId: StreamId, criteria: SnapshotCriteria = {}): Snapshot | undefined {
    this.#assertOpen();
    const found = this.#store.snapshots
      .get(streamId)
      ?.findLast(({ snapshot }) => snapshotFits(snapshot, criteria));
    return found === undefined ? undefined : { ...found.snapshot, state: decode(found.state) };
  }

  deleteSnapshots(streamId: StreamId, criteria: SnapshotCriteria = {}): Promise<void> {
    if (this.#closed) return Promise.reject(new JournalClosedError());
    const all = this.#store.snapshots.get(streamId) ?? [];
    const kept = all.filter(({ snapshot }) => !snapshotFits(snapshot, criteria));
    if (kept.length === 0) this.#store.snapshots.delete(streamId);
    else this.#store.snapshots.set(streamId, kept);
    return Promise.resolve();
  }

  figures(): JournalFigures {
    return {
      head: this.#head,
      failure: undefined,
      inFlightBytes: this.#inFlightBytes,
      ...this.#groups.figures(),
      indexedTo: this.#head,
      commandIds: this.#commands.size,
      diskBytes: {},
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#waiting.length > 0) await new Promise<void>((resolve) => this.#drained.push(resolve));
    this.#listeners.clear();
  }

  #assertOpen(): void {
    if (this.#closed) throw new JournalClosedError();
  }
}
