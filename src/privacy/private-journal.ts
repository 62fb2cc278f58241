/**
 * The journal as the parts of a runtime see it: what they append is sealed, what they read is opened. What is below (`inner`) holds ciphertext
 * only, and is what relays, backups and verification work on.
 */
import {
  OwnedEvent,
  type AppendRequest,
  type ClaimChange,
  type ListOptions,
  type Commit,
  type CommitSink,
  type Journal,
  type JournalFigures,
  type Page,
  type PageOptions,
  type Snapshot,
  type SnapshotCriteria,
  type StreamReadOptions,
} from "../../journal/index.js";
import { EMPTY_DATA, type RecordedEvent, type StoredEvent } from "../kernel/event.js";
import { entityIdOf, streamTypeOf, type StreamId } from "../kernel/ids.js";
import { isolated } from "../kernel/isolate.js";
import type { PersonalRules } from "../kernel/personal-fields.js";
import { PersonalValues } from "../kernel/personal-values.js";
import { provenanceOf, withProvenance } from "../kernel/provenance.js";
import { USER_FIELDS } from "./user-fields.js";
import { PersonalDataError } from "./errors.js";
import type { KeyRing } from "./key-ring.js";
import type { Sealer } from "./sealer.js";

/** What is known of one type of stream. */
export interface PersonalStream {
  readonly rules: PersonalRules;
  /** Of sagas and rule sets: types of events that begin so are structure, but for what users put in. */
  readonly structured?: string;
}

export interface PersonalSources {
  /** By type of stream. */
  readonly streams: ReadonlyMap<string, PersonalStream>;
  /** Names of claims whose keys are personal. */
  readonly claims: ReadonlySet<string>;
  /** What is read instead of erased values, and so says nothing about anybody. */
  readonly placeholders: ReadonlySet<unknown>;
  /** The journal doesn't wait for keys: a memory journal, which is never on disk before them. */
  readonly writesKeysAtOnce: boolean;
}

const CLAIMS = "claim";

/** The key of a personal claim, as it is recorded. */
export function claimKey(ring: KeyRing, name: string, key: string): string {
  return ring.keyed(CLAIMS, `${name}\u0000${key}`);
}

export class PrivateJournal implements Journal {
  readonly storeId: string;
  readonly #inner: Journal;
  readonly #ring: KeyRing;
  readonly #sealer: Sealer;
  readonly #sources: PersonalSources;

  constructor(inner: Journal, ring: KeyRing, sealer: Sealer, sources: PersonalSources) {
    this.storeId = inner.storeId;
    this.#inner = inner;
    this.#ring = ring;
    this.#sealer = sealer;
    this.#sources = sources;
  }

  /** The same, as it will read once these keys are gone. */
  without(keyIds: readonly string[]): PrivateJournal {
    const sealer = this.#sealer.without(keyIds);
    return new PrivateJournal(this.#inner, this.#ring, sealer, this.#sources);
  }

  enqueue(request: AppendRequest, sink: CommitSink): Commit {
    const { sealed, plain } = this.#sealed(request);
    if (this.#sources.writesKeysAtOnce) this.#ring.durable()?.catch(() => undefined);
    const commit = this.#inner.enqueue(sealed, {
      committed: (written) => sink.committed(written === commit ? seen : this.#opened(written)),
      failed: (error) => sink.failed(error),
    });
    // What was just sealed needn't be opened; of a repeated command something else is recorded.
    const seen = commit.duplicate ? this.#opened(commit) : (plain?.(commit) ?? commit);
    return seen;
  }

  async append(request: AppendRequest): Promise<Commit> {
    return this.#opened(await this.#inner.append(this.#sealed(request).sealed));
  }

  joinCommand(commandId: string, streamId: StreamId, sink: CommitSink): Commit | undefined {
    const joined = this.#inner.joinCommand(commandId, streamId, {
      committed: (commit) => sink.committed(this.#opened(commit)),
      failed: (error) => sink.failed(error),
    });
    return joined && this.#opened(joined);
  }

  /** What to record, and how the commit looks with the plain data that came. */
  #sealed(request: AppendRequest): {
    readonly sealed: AppendRequest;
    readonly plain: ((commit: Commit) => Commit) | undefined;
  } {
    const known = provenanceOf(request);
    const notes: PersonalValues[] = [];
    const datas: unknown[] = [];
    const streams = request.streams.map((stream) => {
      const events = stream.events.map((event) => {
        const values = new PersonalValues();
        const data = this.#sealedData(stream.streamId, event, known, values);
        notes.push(values);
        datas.push(event.data ?? EMPTY_DATA);
        if (data === event.data) return event;
        return new OwnedEvent(event.type, data, event.shape ?? 1);
      });
      return { ...stream, events };
    });
    const all = new PersonalValues().addAll(known);
    for (const values of notes) all.addAll(values);
    const claims = request.claims
      ?.filter((claim) => !this.#isOfNobody(claim))
      .map((claim) => this.#sealedClaim(claim, all));
    const headers = request.metadata?.headers;
    const metadata =
      headers === undefined
        ? request.metadata
        : { ...request.metadata, headers: this.#sealer.sealKnown(headers, all) as typeof headers };
    const reply = this.#sealer.sealKnown(request.reply, all);
    const sealed = { ...request, streams, claims, metadata, reply };
    if (all.size === 0) return { sealed, plain: undefined };
    const plain = (commit: Commit): Commit => ({
      ...commit,
      events: commit.events.map((event, at) =>
        withProvenance(
          { ...event, data: datas[at], headers },
          new PersonalValues().addAll(known).addAll(notes[at]),
        ),
      ),
      reply: request.reply,
    });
    return { sealed, plain };
  }

  #sealedData(
    streamId: StreamId,
    event: { readonly type: string; readonly data?: unknown },
    known: PersonalValues | undefined,
    values: PersonalValues,
  ): unknown {
    const stream = this.#sources.streams.get(streamTypeOf(streamId));
    const rules = stream?.rules.get(event.type);
    const { type, data } = event;
    const isStructured = stream?.structured !== undefined && type.startsWith(stream.structured);
    const fields = isStructured ? USER_FIELDS : undefined;
    let sealed = data;
    if (rules !== undefined && data !== undefined) {
      const copy = event instanceof OwnedEvent ? data : isolated(data);
      const entityId = entityIdOf(streamId);
      sealed = this.#sealer.sealDeclared(rules, { type, entityId, data: copy }, values);
      // What one field declares, another may repeat.
      if (values.size > 0) sealed = this.#sealer.sealKnown(sealed, values, fields);
    }
    return this.#sealer.sealKnown(sealed, known, fields);
  }

  /** Several may have been forgotten, and all of them are called so. */
  #isOfNobody({ op, name, key }: ClaimChange): boolean {
    const { claims, placeholders } = this.#sources;
    return op === "take" && placeholders.has(key) && claims.has(name);
  }

  #sealedClaim(change: ClaimChange, values: PersonalValues): ClaimChange {
    const { name, key } = change;
    if (this.#sources.claims.has(name)) return { ...change, key: claimKey(this.#ring, name, key) };
    if (this.#sealer.isPersonal(key, values))
      throw new PersonalDataError(
        `A key of claim ${name}`,
        "declare the claim as { personal: true, keys: (state) => … }",
      );
    return change;
  }

  #opened(commit: Commit): Commit {
    return {
      ...commit,
      events: commit.events.map((event) => this.#openedEvent(event)),
      reply: this.#sealer.opened(commit.reply),
    };
  }

  #openedEvent<E extends StoredEvent & { readonly headers?: unknown }>(event: E): E {
    const values = new PersonalValues();
    const data = this.#sealer.open(event.data, values);
    const headers =
      event.headers === undefined ? undefined : this.#sealer.open(event.headers, values);
    if (data === event.data && headers === event.headers) return event;
    const opened = headers === undefined ? { ...event, data } : { ...event, data, headers };
    return withProvenance(opened, values);
  }

  *readStream(streamId: StreamId, options?: StreamReadOptions): Iterable<RecordedEvent> {
    for (const event of this.#inner.readStream(streamId, options)) yield this.#openedEvent(event);
  }

  *replayStream(
    streamId: StreamId,
    options?: Pick<StreamReadOptions, "from" | "upTo">,
  ): Iterable<readonly StoredEvent[]> {
    for (const run of this.#inner.replayStream(streamId, options))
      yield run.map((event) => this.#openedEvent(event));
  }

  readPage(options: PageOptions): Page {
    const { events, scannedTo } = this.#inner.readPage(options);
    return { events: events.map((event) => this.#openedEvent(event)), scannedTo };
  }

  findCommand(commandId: string): Commit | undefined {
    const found = this.#inner.findCommand(commandId);
    return found && this.#opened(found);
  }

  findClaim(name: string, key: string) {
    const recorded = this.#sources.claims.has(name) ? claimKey(this.#ring, name, key) : key;
    return this.#inner.findClaim(name, recorded);
  }

  listStreams(options: ListOptions) {
    return this.#inner.listStreams(options);
  }

  /** Of personal claims the keys are listed as they are recorded: hashed. */
  listClaims(options: ListOptions) {
    return this.#inner.listClaims(options);
  }

  async saveSnapshot(snapshot: Snapshot): Promise<void> {
    const state = this.#sealer.sealState(snapshot.state, provenanceOf(snapshot));
    if (state !== undefined) await this.#inner.saveSnapshot({ ...snapshot, state });
  }

  findSnapshot(streamId: StreamId, criteria: SnapshotCriteria = {}): Snapshot | undefined {
    for (let wanted = criteria; ;) {
      const found = this.#inner.findSnapshot(streamId, wanted);
      if (found === undefined) return undefined;
      const opened = this.#sealer.openState(found.state);
      if (opened !== undefined)
        return withProvenance({ ...found, state: opened.state }, opened.values);
      // Somebody in it was forgotten: an older one may have been taken before they came.
      if (found.version <= 1) return undefined;
      wanted = { ...wanted, upToVersion: found.version - 1 };
    }
  }

  deleteSnapshots(streamId: StreamId, criteria?: SnapshotCriteria): Promise<void> {
    return this.#inner.deleteSnapshots(streamId, criteria);
  }

  head() {
    return this.#inner.head();
  }

  inFlightBytes(): number {
    return this.#inner.inFlightBytes();
  }

  whenDurable(done: (failure: Error | undefined) => void): void {
    this.#inner.whenDurable(done);
  }

  streamVersion(streamId: StreamId) {
    return this.#inner.streamVersion(streamId);
  }

  eventTypes(streamType: string): readonly string[] {
    return this.#inner.eventTypes(streamType);
  }

  onCommitted(listener: () => void): () => void {
    return this.#inner.onCommitted(listener);
  }

  figures(): JournalFigures {
    return this.#inner.figures();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
