/**
 * Recording what an importer does: its state, and the commits that change it. Conditions are checked when a commit is admitted,
 * so the state moves with admission; it is ahead of the disk until {@link ImportJournal.recording} resolves.
 */
import { createHash } from "node:crypto";
import {
  decode,
  encode,
  type AppendRequest,
  type Commit,
  type Journal,
} from "../../journal/index.js";
import { asError } from "../kernel/errors.js";
import type { Metadata, Position, Version } from "../kernel/event.js";
import { streamIdOf } from "../kernel/ids.js";
import type { Limits } from "../kernel/limits.js";
import { ImportFullError } from "./errors.js";
import type { ForeignEvent, Place } from "./event-wire.js";
import type { Beginning } from "./import-page.js";
import {
  ImportState,
  ORIGIN_HEADER,
  recordsStreamOf,
  type ImportRecordType,
  type Parked,
} from "./import-records.js";
import { PendingCommits } from "./pending-commits.js";
import type { WireMessage } from "./transport.js";

/** Beyond it nothing is taken: something is wrong with all messages, not with some. */
const PARKED_MAX = 100_000;
const ERROR_LENGTH_MAX = 1_000;
const RECORDS_MAX = 500;

type ImportRecord = readonly [type: ImportRecordType, data: object];

/** A message that can't be taken, or stands behind such a one of its entity. */
export interface ParkedMessage {
  readonly aggregate: string;
  /** Names it among the parked messages of its aggregate; ascends. */
  readonly at: Version;
  readonly entityId: string | undefined;
  /** Undefined, as its position, where it doesn't say: it wasn't published by a relay. */
  readonly storeId: string | undefined;
  readonly position: Position | undefined;
  /** Undefined where it is queued. */
  readonly error: string | undefined;
  /** It may be good itself, but stands behind one of its entity that isn't. */
  readonly queued: boolean;
  /** Undefined where it was too large to keep. */
  readonly message: WireMessage | undefined;
  readonly parkedAtMs: number;
}

export class ImportJournal {
  readonly state: ImportState;
  readonly #aggregate: string;
  readonly #journal: Journal;
  readonly #limits: Limits;
  readonly #streamId: string;
  #commits: PendingCommits;
  /** Positions have moved, and no record says so. */
  #unrecorded = false;

  constructor(aggregate: string, journal: Journal, limits: Limits) {
    this.#aggregate = aggregate;
    this.#journal = journal;
    this.#limits = limits;
    this.#streamId = recordsStreamOf(aggregate);
    this.#commits = new PendingCommits(journal);
    this.state = ImportState.read(journal, aggregate);
  }

  /** Runs what records, and resolves once all of it is on disk. What was admitted before a throw goes to disk, too. */
  async recording<T>(record: () => T): Promise<T> {
    const commits = (this.#commits = new PendingCommits(this.#journal));
    try {
      return record();
    } finally {
      await commits.durable();
    }
  }

  /** A message is done, and nothing of it is to be kept. */
  pass({ storeId, position }: Place): void {
    this.state.advance(storeId, position);
    this.#unrecorded = true;
  }

  /** Notes where a store begins, whose first event isn't in the log. */
  begin({ storeId, reached, lowest }: Beginning): void {
    this.state.begin(storeId, reached, lowest);
    this.#unrecorded = true;
  }

  /**
   * Records an event of another service as one of this journal's.
   *
   * @param isLast - The commit also says how far everything has come.
   * @throws InvalidArgumentError - It is over a limit. Nothing was recorded.
   */
  take(event: ForeignEvent, place: Place, isLast: boolean): void {
    const before = this.state.stores.get(place.storeId);
    this.state.advance(place.storeId, place.position);
    const records: ImportRecord[] = isLast ? [["Received", this.state.received()]] : [];
    try {
      this.#commits.enqueue(this.#requestOf(event, records));
    } catch (error) {
      this.state.restore(place.storeId, before);
      throw error;
    }
    this.state.version += records.length;
    this.#unrecorded = !isLast;
  }

  /** Says how far everything has come, where no record does. */
  received(): void {
    if (!this.#unrecorded) return;
    this.#record([["Received", this.state.received()]]);
    this.#unrecorded = false;
  }

  /**
   * Keeps a message that can't be taken.
   *
   * @param error - Undefined where it only stands behind one that can't.
   * @returns False where it is kept already.
   * @throws ImportFullError - There are too many.
   */
  park(
    message: WireMessage,
    place: Place | undefined,
    entityId: string | undefined,
    error: Error | undefined,
  ): boolean {
    if (this.state.parkedCount >= PARKED_MAX)
      throw new ImportFullError(this.#aggregate, PARKED_MAX);
    const parts = partsOf(message, this.#limits);
    const data: Parked = {
      ...(place === undefined ? {} : { store: place.storeId, position: place.position }),
      ...(entityId === undefined ? {} : { entityId }),
      ...(error === undefined ? {} : { error: shortened(error) }),
      queued: error === undefined,
      parts: parts.length,
    };
    const at = this.state.version + 1;
    const following = parts.map((bytes): ImportRecord => ["MessagePart", { bytes }]);
    // One that names no place is told by its content from one that comes again.
    const commandId = place === undefined ? this.#hashOf(message) : undefined;
    const commit = this.#record([["MessageParked", data], ...following], commandId);
    if (place !== undefined) this.state.advance(place.storeId, place.position);
    if (!commit.duplicate) this.state.park({ at, entityId });
    return !commit.duplicate;
  }

  #hashOf({ headers, payload }: WireMessage): string {
    const hash = createHash("sha256").update(JSON.stringify(headers)).update(payload);
    return `from:${this.#streamId}:${hash.digest("hex")}`.slice(-200);
  }

  /** A parked message, with its bytes; undefined while it isn't on disk. */
  parkedAt(at: Version): ParkedMessage | undefined {
    const [record] = this.#journal.readStream(this.#streamId, { from: at, upTo: at });
    if (record === undefined) return undefined;
    const { store, position, entityId, error, queued, parts } = record.data as Parked;
    return {
      aggregate: this.#aggregate,
      ...{ at, entityId, storeId: store, position, error, queued },
      message: parts === 0 ? undefined : this.#messageOf(at, parts),
      parkedAtMs: record.recordedAtMs,
    };
  }

  #messageOf(at: Version, parts: number): WireMessage {
    const range = { from: at + 1, upTo: at + parts };
    const bytes = [...this.#journal.readStream(this.#streamId, range)].map(
      ({ data }) => (data as { readonly bytes: Uint8Array }).bytes,
    );
    const [headers, payload] = decode(Buffer.concat(bytes)) as [
      WireMessage["headers"],
      WireMessage["payload"],
    ];
    return { headers, payload };
  }

  /**
   * A parked message is taken after all, or nothing of it is to be kept (`event` is undefined then).
   *
   * @throws InvalidArgumentError - It is over a limit. Nothing was recorded.
   */
  replay(at: Version, event: ForeignEvent | undefined): void {
    const records: ImportRecord[] = [["ParkedReplayed", { at }]];
    if (event === undefined) {
      this.#record(records);
    } else {
      this.#commits.enqueue(this.#requestOf(event, records));
      this.state.version += records.length;
    }
    this.state.unpark(at);
  }

  discard(versions: readonly Version[]): void {
    for (let from = 0; from < versions.length; from += RECORDS_MAX) {
      const some = versions.slice(from, from + RECORDS_MAX);
      this.#record(some.map((at) => ["ParkedDiscarded", { at }]));
      for (const at of some) this.state.unpark(at);
    }
  }

  acceptGap(storeId: string, to: Position): void {
    this.#record([["GapAccepted", { store: storeId, to }]]);
    this.state.advance(storeId, to);
  }

  #requestOf(event: ForeignEvent, records: readonly ImportRecord[]): AppendRequest {
    const { type, data, shape, eventId, version, recordedAtMs, metadata } = event;
    const streamId = streamIdOf(this.#aggregate, event.entityId);
    const origin: Metadata = {
      ...metadata,
      causationId: eventId,
      headers: { ...metadata.headers, [ORIGIN_HEADER]: { eventId, version, recordedAtMs } },
    };
    const own = records.length === 0 ? [] : [this.#part(records)];
    return { streams: [{ streamId, events: [{ type, data, shape }] }, ...own], metadata: origin };
  }

  /** The version expected keeps two importers from taking the same. */
  #part(records: readonly ImportRecord[]) {
    const events = records.map(([type, data]) => ({ type, data }));
    return { streamId: this.#streamId, expected: this.state.version, events };
  }

  #record(records: readonly ImportRecord[], commandId?: string): Commit {
    const commit = this.#commits.enqueue({ streams: [this.#part(records)], commandId });
    if (!commit.duplicate) this.state.version += records.length;
    return commit;
  }
}

function shortened(error: Error): string {
  return asError(error).message.slice(0, ERROR_LENGTH_MAX).toWellFormed();
}

/** A message in parts that each fit into a record; none where it is larger than any that could be taken. */
function partsOf({ headers, payload }: WireMessage, limits: Limits): Uint8Array[] {
  if (payload.length > limits.eventDataBytesMax) return [];
  const bytes = encode([headers, payload]);
  if (bytes.length > limits.eventDataBytesMax + 16 * limits.metadataBytesMax) return [];
  const size = Math.max(1, Math.floor(limits.eventDataBytesMax / 2));
  const parts: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) parts.push(bytes.subarray(at, at + size));
  return parts;
}
