/** What an operator does about personal data: forgetting a subject, rotation of keys. */
import type { Journal, ViewKey, ViewStore, ViewWrite } from "../../journal/index.js";
import { checkObject } from "../kernel/check.js";
import { keptAlive, type Clock } from "../kernel/clock.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { RecordedEvent } from "../kernel/event.js";
import { checkId, streamIdOf } from "../kernel/ids.js";
import { partsOfOwner } from "../kernel/personal-values.js";
import { provenanceOf, withProvenance } from "../kernel/provenance.js";
import { ForgottenClaims, type ClaimFolds } from "./forgotten-claims.js";
import { isSubject, type KeyRing } from "./key-ring.js";
import type { PrivateJournal } from "./private-journal.js";
import type { PrivateViews } from "./private-views.js";
import { ForgetScan, type ForgetReport } from "./report.js";
import type { Sealer } from "./sealer.js";

/** Who wants a subject forgotten, and why. Recorded for good: don't name the subject's data in it. */
export interface ForgetOptions {
  readonly by?: string;
  readonly reason?: string;
  /** Only tells what would become unreadable. */
  readonly dryRun?: boolean;
}

/** The parts of a runtime that know something by heart. */
export interface PrivacyParts {
  readonly ring: KeyRing;
  readonly sealer: Sealer;
  readonly journal: PrivateJournal;
  readonly views: PrivateViews;
  /** As they are on disk. */
  readonly stores: {
    readonly journal: Journal;
    readonly views: ViewStore;
    readonly readOnly: boolean;
  };
  readonly clock: Clock;
  readonly actors: ClaimFolds & {
    forget(isGone: (owner: string) => boolean): void;
    held<T>(run: () => Promise<T>): Promise<T>;
  };
  readonly rules: { forget(): void };
  readonly readers: {
    readonly forgetting: {
      projectionOf(key: ViewKey): string | undefined;
      isIndexed(key: ViewKey): boolean;
      entriesOf(key: ViewKey, before: unknown, after: unknown): readonly ViewWrite[];
      held(run: () => Promise<void>): Promise<void>;
    };
  };
}

/** Stream of what was done about personal data. */
const STREAM_ID = streamIdOf("tidemark", "privacy");
const FORGOTTEN = "SubjectForgotten";

/** The proof that a subject was forgotten, as an event in the stream `tidemark/privacy`. */
export interface SubjectForgotten {
  readonly subject: string;
  readonly keyIds: readonly string[];
  /** Events with values of the subject at that time. */
  readonly events: number;
  /** Keys that were given back in the same commit, by name of the claim; proofs of before there was this have none. */
  readonly claims?: Readonly<Record<string, number>>;
  readonly by?: string;
  readonly reason?: string;
}

/** What a runtime with personal data can be asked about its subjects: `runtime.privacy` is one. */
export class Privacy {
  readonly #parts: PrivacyParts;
  #turn: Promise<unknown> = Promise.resolve();

  /** @internal */
  constructor(parts: PrivacyParts) {
    this.#parts = parts;
  }

  /**
   * Forgets a subject: destroys its keys, so that no copy of its values can be read any more, in this store, its backups and what it has
   * published. The proof is recorded first; a kill in between is made up for when the runtime is opened again. A subject that comes
   * again later gets another key. Repeated, it does nothing.
   *
   * What entities claim because of these values is given back in the commit of the proof; so somebody else can take it at once.
   *
   * It goes through the whole journal and all views once to tell what it takes. Commands wait, and projections stand still, only while the last
   * of it is read, the proof is recorded, and documents with personal indexes are written anew.
   *
   * @returns What can't be read any more.
   * @throws InvalidArgumentError - The subject isn't a valid id, or it holds more claims than `limits.commitEventsMax`: open with a
   *   higher limit. Nothing was done.
   */
  forget(subject: string, options: ForgetOptions = {}): Promise<ForgetReport> {
    checkId("subject", subject);
    checkObject("options of forget", options);
    for (const name of ["by", "reason"] as const)
      if (options[name] !== undefined && typeof options[name] !== "string")
        throw new InvalidArgumentError(`${name} of forget`, "text", options[name]);
    return this.#inTurn(() => this.#forget(subject, options));
  }

  async #forget(subject: string, options: ForgetOptions): Promise<ForgetReport> {
    const { ring, journal, views } = this.#parts;
    const keyIds = ring.keyIdsOf(subject);
    const { scan, claims } = this.#scanOf(subject, keyIds);
    const stopWatching = views.watch(keyIds, scan.documentKeys);
    try {
      await scan.run();
      if (options.dryRun === true || keyIds.length === 0) return scan.report();
      await this.#withNothingInHand(async () => {
        // What was recorded since: behind this nothing is.
        await scan.catchUp();
        const proof = proofOf(scan.report(), options);
        await journal.append({
          streams: [{ streamId: STREAM_ID, events: [{ type: FORGOTTEN, data: proof }] }],
          claims: claims.releases(),
        });
        await this.#kill(subject, keyIds, scan.documentKeys);
      });
      await ring.bury();
      return scan.report();
    } finally {
      stopWatching();
    }
  }

  #scanOf(subject: string, keyIds: readonly string[]) {
    const { stores, clock, readers, actors, journal } = this.#parts;
    const claims = new ForgottenClaims(actors, journal, journal.without(keyIds));
    const scan = new ForgetScan(subject, keyIds, {
      ...stores,
      claims,
      giveWay: () => new Promise((resolve) => clock.defer(resolve)),
      projectionOf: (key) => readers.forgetting.projectionOf(key),
    });
    return { scan, claims };
  }

  /**
   * Runs while projections and actors stand still. Between the proof and the end of its keys nobody may record anything with them: a key
   * claimed there would stay taken for ever.
   */
  #withNothingInHand(run: () => Promise<void>): Promise<void> {
    const { readers, actors } = this.#parts;
    return readers.forgetting.held(() => actors.held(run));
  }

  /** The proof is on disk: from here on it is done, now or when the runtime is opened again. */
  async #kill(
    subject: string,
    keyIds: readonly string[],
    documents: readonly ViewKey[],
  ): Promise<void> {
    const { ring, readers, views } = this.#parts;
    const indexed = documents.filter((key) => readers.forgetting.isIndexed(key));
    // While they can be read: afterwards nobody knows which entries are theirs.
    const before = indexed.map((key) => views.get("documents", key));
    ring.kill(subject, keyIds);
    this.#forgetInMemory(new Set(keyIds));
    const writes = indexed.flatMap((key, at) => this.#rewritten(key, before[at]));
    if (writes.length > 0) await views.write(writes);
  }

  #forgetInMemory(keyIds: ReadonlySet<string>): void {
    const { actors, rules } = this.#parts;
    actors.forget((owner) => keyIds.has(partsOfOwner(owner).keyId));
    rules.forget();
  }

  /** A document as it reads now, and the entries that follow from that. */
  #rewritten(key: ViewKey, before: unknown): readonly ViewWrite[] {
    const { views, readers } = this.#parts;
    const after = views.get("documents", key);
    if (before === undefined || after === undefined) return [];
    const write: ViewWrite = { table: "documents", key, value: after };
    return [
      withProvenance(write, provenanceOf(after)),
      ...readers.forgetting.entriesOf(key, before, after),
    ];
  }

  /** What a kill, or keys restored from an older backup, have left to be done. */
  async finishForgetting(): Promise<void> {
    const { stores, ring } = this.#parts;
    if (stores.readOnly) return;
    for (const { subject, keyIds } of this.forgotten()) {
      if (!ring.has(subject, keyIds)) continue;
      const { scan } = this.#scanOf(subject, keyIds);
      await scan.run();
      await this.#withNothingInHand(() => this.#kill(subject, keyIds, scan.documentKeys));
      await ring.bury();
    }
  }

  /** The proofs, oldest first. */
  forgotten(): readonly SubjectForgotten[] {
    const events = this.#parts.stores.journal.readStream(STREAM_ID);
    return [...events].filter(isProof).map(({ data }) => data as SubjectForgotten);
  }

  /** Whether a subject has keys: whether something can be forgotten of it. */
  has(subject: string): boolean {
    checkId("subject", subject);
    return this.#parts.ring.keyIdsOf(subject).length > 0;
  }

  /**
   * Begins another key for a subject: what is written from now on is sealed with it, what was written is read with the keys before.
   *
   * @throws InvalidArgumentError - The subject isn't a valid id.
   */
  rotateKey(subject: string): Promise<void> {
    checkId("subject", subject);
    return this.#inTurn(async () => {
      const { ring } = this.#parts;
      ring.renew(subject);
      await ring.durable();
    });
  }

  /**
   * Wraps all keys with the master key that `masterKey()` gives now; the ones before aren't needed any more once it resolves. A kill in
   * between leaves them wrapped as they were: repeat it.
   *
   * @returns The id of the master key.
   */
  rotateMasterKey(): Promise<string> {
    return this.#inTurn(() => this.#parts.ring.rewrap());
  }

  /**
   * A key of a subject in plain bytes, for another service that is to read what this one publishes: its `foreignKeys` gives it. Undefined where it
   * is destroyed.
   */
  exportKey(subject: string, keyId: string): Uint8Array | undefined {
    checkId("subject", subject);
    return this.#parts.ring.exported({ subject, keyId });
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(() => keptAlive(this.#parts.clock, run()));
    this.#turn = result.catch(() => undefined);
    return result;
  }

  /** Resolves once nothing is under way. */
  async close(): Promise<void> {
    await this.#turn;
  }
}

function proofOf(
  { subject, keyIds, events, claims }: ForgetReport,
  { by, reason }: ForgetOptions,
): SubjectForgotten {
  return {
    subject,
    keyIds,
    events: countOf(events),
    claims,
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
  };
}

function isProof({ type, data }: RecordedEvent): boolean {
  return type === FORGOTTEN && isSubject((data as SubjectForgotten).subject);
}

function countOf(events: ForgetReport["events"]): number {
  let count = 0;
  for (const types of Object.values(events)) for (const each of Object.values(types)) count += each;
  return count;
}
