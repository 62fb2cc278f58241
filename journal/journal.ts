/**
 * The journal: durability and order. One interface, obeyed by `memory/` (the readable specification) and `lmdb/` (the
 * real one), and held to it by the contract suite in `test/conformance/journal.ts`.
 *
 * ```
 * position   1   2   3   4   5   6        every event has a place in the whole journal …
 * commit    [a  ][b      ][c ][d  ]       … and comes in a commit, which is written whole or not at all
 * stream x   1       2   3                … and a version in its own stream
 * stream y       1           1   2
 * ```
 */
import type {
  Position,
  RecordedEvent,
  StoredEvent,
  Version,
  Metadata,
} from "../src/kernel/event.js";
import type { HistogramFigures } from "../src/kernel/histogram.js";
import type { StreamId } from "../src/kernel/ids.js";
import type { ExpectedVersion } from "./errors.js";

/** An event to be recorded. */
export interface NewEvent {
  readonly type: string;
  /** Plain data; see `src/kernel/plain-data.ts`. Defaults to an empty object. */
  readonly data?: unknown;
  /** Generation of the type's data, from 1 (the default); see upcasters. */
  readonly shape?: number;
}

/** What one commit adds to one stream. */
export interface StreamAppend {
  readonly streamId: StreamId;
  /** At least one, in order. */
  readonly events: readonly NewEvent[];
  /** Defaults to `"any"`. */
  readonly expected?: ExpectedVersion;
  /** From this commit on, reads of the stream begin at this version. The journal itself keeps everything. */
  readonly truncateBefore?: Version;
}

/**
 * A change to who holds a claim: the exclusive right of one stream to a key, such as an e-mail address. Claims change
 * only with the commit that carries them, so two streams can't win the same key.
 */
export type ClaimChange =
  /** Fails when another stream holds the key. Taking what one holds sets the expiry anew. */
  | {
      readonly op: "take";
      readonly name: string;
      readonly key: string;
      readonly expiresAtMs?: number;
      readonly owner?: StreamId;
    }
  /** Gives the key up; nothing happens where `owner` doesn't hold it (any more). */
  | {
      readonly op: "release";
      readonly name: string;
      readonly key: string;
      readonly owner?: StreamId;
    }
  /** Hands the key from its owner to another stream, and keeps its expiry. Fails when `owner` doesn't hold it. */
  | {
      readonly op: "move";
      readonly name: string;
      readonly key: string;
      readonly to: StreamId;
      readonly owner?: StreamId;
    };

/** A claim as it stands. */
export interface Claim {
  readonly owner: StreamId;
  /** Wall time from which anyone may take it; undefined where it never expires. */
  readonly expiresAtMs: number | undefined;
  /** Position of the commit that last changed it. */
  readonly position: Position;
}

/** One commit. */
export interface AppendRequest {
  /** At least one, each stream once. */
  readonly streams: readonly StreamAppend[];
  /**
   * The command this commit answers. The same id again writes nothing and gives the recorded commit; for as long as ids are
   * known, see `commandIdsKeptMs` of the limits.
   */
  readonly commandId?: string | undefined;
  /** Plain data to be given back whenever the command id comes again. */
  readonly reply?: unknown;
  readonly metadata?: Metadata | undefined;
  /** Applied in order. `owner` defaults to the first stream. */
  readonly claims?: readonly ClaimChange[] | undefined;
}

/** A commit as recorded. */
export interface Commit {
  /** Position of the first event. */
  readonly position: Position;
  /** Position of the last event. */
  readonly lastPosition: Position;
  readonly recordedAtMs: number;
  /** In order of position: by stream as requested, within a stream by version. */
  readonly events: readonly RecordedEvent[];
  readonly commandId: string | undefined;
  readonly reply: unknown;
  /** True where the command id had been recorded before and this call wrote nothing. */
  readonly duplicate: boolean;
}

/** Told what became of an enqueued commit: exactly one of the two, exactly once. */
export interface CommitSink {
  /** The commit is on disk. */
  committed(commit: Commit): void;
  /** It isn't, or nobody knows; see the error. */
  failed(error: Error): void;
}

/** Which part of a stream, in which direction. Bounds are inclusive. */
export interface StreamReadOptions {
  /** First version; defaults to 1. */
  readonly from?: Version;
  /** Last version; defaults to the stream's version. */
  readonly upTo?: Version;
  /** Events at the most, 0 for none. */
  readonly limit?: number;
  /** Defaults to `"forward"`: ascending versions. */
  readonly direction?: "forward" | "backward";
}

/** Which events of the whole journal. Where both lists are given an event must be in both. A read costs what it finds. */
export interface EventFilter {
  readonly eventTypes?: readonly string[];
  readonly streamTypes?: readonly string[];
}

/** Which part of the whole journal, and how much of it. */
export interface PageOptions {
  /** Exclusive. */
  readonly after: Position;
  /** Inclusive; defaults to the head. */
  readonly upTo?: Position;
  /** Events at the most, at least 1. */
  readonly limit: number;
  readonly filter?: EventFilter;
}

/** Some events of the whole journal, in order of position. */
export interface Page {
  readonly events: readonly RecordedEvent[];
  /** Every matching event up to here is in this page or an earlier one: the `after` of the next page. */
  readonly scannedTo: Position;
}

/** Which ids. They sort by their UTF-8 bytes. */
export interface ListOptions {
  /** Ids that begin with it; all of them by default. */
  readonly prefix?: string;
  /** Exclusive: the last one of the page before. */
  readonly after?: string;
  /** At least 1. */
  readonly limit: number;
}

/** A stream, and how far it is. */
export interface ListedStream {
  readonly streamId: StreamId;
  readonly version: Version;
}

/** A claim that is held. */
export interface ListedClaim extends Claim {
  readonly name: string;
  readonly key: string;
}

/** A copy of a stream's folded state. Optional: without it the events are folded again. */
export interface Snapshot {
  readonly streamId: StreamId;
  readonly version: Version;
  /** Position of the event with that version. */
  readonly position: Position;
  readonly takenAtMs: number;
  /** What produced the state; whoever reads compares it with its own. */
  readonly fingerprint: string;
  readonly state: unknown;
}

/** Bounds are inclusive. */
export interface SnapshotCriteria {
  readonly fromVersion?: Version;
  readonly upToVersion?: Version;
  readonly upToPosition?: Position;
  readonly fromTakenAtMs?: number;
  readonly upToTakenAtMs?: number;
}

/**
 * See the head of this file. After a failed write (and not one that another writer prevented) what reads, too, throws
 * JournalPoisonedError: the store below may then answer with nothing. Close it and open it again.
 */
export interface Journal {
  /** A UUID given at creation; it prefixes every event id. */
  readonly storeId: string;

  /** Position of the last durable event; 0 for an empty journal. */
  head(): Position;

  /** Bytes admitted and not yet on disk. */
  inFlightBytes(): number;

  /**
   * Admits a commit and returns before it is durable; `sink` is told the outcome. Commits become durable in the order
   * in which they were admitted. Conditions are checked here and now against everything admitted before, so whoever is
   * admitted fails only if the journal itself fails.
   *
   * @returns The commit with its positions, not yet durable; the recorded or pending one, marked `duplicate`, where the
   *   command id is known. Of a duplicate, too, `sink` is told once it is durable.
   * @throws InvalidArgumentError - Something isn't plain data, not an id, or over a limit. Nothing was written.
   * @throws VersionConflictError, ClaimTakenError, ClaimNotHeldError, CommandIdReusedError - Nothing was written.
   * @throws JournalOverloadedError, JournalFullError - Nothing was written; may be retried.
   * @throws JournalClosedError, JournalPoisonedError, JournalReadOnlyError - Nothing was written.
   */
  enqueue(request: AppendRequest, sink: CommitSink): Commit;

  /**
   * Appends and waits for the disk.
   *
   * @returns The recorded commit, after it is on disk (not merely in memory).
   * @throws What {@link Journal.enqueue} throws, as a rejection.
   * @throws AppendOutcomeUnknownError - The commit may or may not be on disk: open again and read before deciding.
   * @throws WriterFencedError - Another process wrote meanwhile. Nothing was written.
   */
  append(request: AppendRequest): Promise<Commit>;

  /**
   * Joins a command that was recorded before, or is on its way to the disk: `sink` is told once it is durable.
   *
   * @returns The commit, marked `duplicate`; undefined where the command id is new, and `sink` is not told anything.
   * @throws CommandIdReusedError - The id was recorded for another stream.
   */
  joinCommand(commandId: string, streamId: StreamId, sink: CommitSink): Commit | undefined;

  /**
   * Calls back once everything admitted so far is durable, at once where it is; with the failure where it surely won't be.
   * For answers that rest on what was admitted, such as a refusal because of a claim.
   */
  whenDurable(done: (failure: Error | undefined) => void): void;

  /** Version of a stream as far as it is durable; 0 where there is none. Truncation doesn't lower it. */
  streamVersion(streamId: StreamId): Version;

  /** Durable events of one stream, each checked against its checksum and for gaps while it is read. */
  readStream(streamId: StreamId, options?: StreamReadOptions): Iterable<RecordedEvent>;

  /**
   * The same events, ascending, for whoever folds them: a few at a time, with no more of each than a fold needs.
   * `limit` and `direction` aren't for this.
   */
  replayStream(
    streamId: StreamId,
    options?: Pick<StreamReadOptions, "from" | "upTo">,
  ): Iterable<readonly StoredEvent[]>;

  /** One page of the whole journal; see `readAll` for an iterator over pages. */
  readPage(options: PageOptions): Page;

  /** Event types recorded so far for a stream type. */
  eventTypes(streamType: string): readonly string[];

  /** The recorded commit that answered a command, if there is one. */
  findCommand(commandId: string): Commit | undefined;

  /** Who holds a claim now; undefined where nobody does or it has expired. */
  findClaim(name: string, key: string): Claim | undefined;

  /** Streams in order of their ids, as far as they are durable. */
  listStreams(options: ListOptions): readonly ListedStream[];

  /** Claims that are held now, in order of `<name>/<key>`, which is what `prefix` and `after` are compared with. */
  listClaims(options: ListOptions): readonly ListedClaim[];

  /** Calls `listener` after each group of commits became durable. Returns what ends it. */
  onCommitted(listener: () => void): () => void;

  /**
   * Keeps a snapshot; one of the same stream and version is replaced.
   *
   * @returns Once it is kept. A failure loses the snapshot only.
   */
  saveSnapshot(snapshot: Snapshot): Promise<void>;

  /** The snapshot of the highest version that fits. Damaged ones are passed over. */
  findSnapshot(streamId: StreamId, criteria?: SnapshotCriteria): Snapshot | undefined;

  /** Forgets the snapshots that fit; without criteria all of the stream's. */
  deleteSnapshots(streamId: StreamId, criteria?: SnapshotCriteria): Promise<void>;

  /** Figures of the journal as it stands. */
  figures(): JournalFigures;

  /** Refuses new work, waits for what was admitted, and lets go of everything. Harmless when repeated. */
  close(): Promise<void>;
}

/** What a journal tells of itself. */
export interface JournalFigures {
  readonly head: Position;
  /**
   * What the first commit that failed failed with: since then nothing more is taken, and (unless another writer was there first)
   * nothing is read. Undefined while all is well.
   */
  readonly failure: Error | undefined;
  readonly inFlightBytes: number;
  /** Commits written since the journal was opened. */
  readonly commits: number;
  /** Group commits, each with one sync, since the journal was opened. */
  readonly groups: number;
  /** Commits in a group. */
  readonly groupCommits: HistogramFigures;
  /** How long writing a group took, its sync included, in microseconds. In memory there is nothing to write. */
  readonly syncUs: HistogramFigures;
  /** Last position in the persisted indexes; the rest is indexed in memory. */
  readonly indexedTo: Position;
  /** Command ids that are kept, about; see `commandIdsKeptMs` of the limits. */
  readonly commandIds: number;
  /** Bytes on disk, by part of the store. */
  readonly diskBytes: Readonly<Record<string, number>>;
}
