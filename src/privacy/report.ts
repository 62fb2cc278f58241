/** What becomes unreadable with some keys: found by going through everything that is kept. */
import {
  readAll,
  type Journal,
  type ViewKey,
  type ViewRow,
  type ViewStore,
} from "../../journal/index.js";
import type { Position } from "../kernel/event.js";
import type { StreamId } from "../kernel/ids.js";
import { eachSealed, type Sealed } from "../kernel/sealed.js";
import type { ForgottenClaims } from "./forgotten-claims.js";

/** What becomes unreadable with a subject's keys. What is read elsewhere of what is counted here stays as it is. */
export interface ForgetReport {
  readonly subject: string;
  /** Of the keys that are destroyed; none where the subject has no keys (any more). */
  readonly keyIds: readonly string[];
  /** Events with values of the subject, by name of their aggregate, saga or rule set and then by type. */
  readonly events: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Entities, instances of sagas and sessions with such events, by name of their aggregate, saga or rule set. */
  readonly entities: Readonly<Record<string, number>>;
  /** Snapshots that can't be used any more: the events are folded again. */
  readonly snapshots: number;
  /** Documents with values of the subject, by projection; of those whose code isn't here under "". */
  readonly documents: Readonly<Record<string, number>>;
  /** Commands that wait to be sent. */
  readonly outbox: number;
  /** Parked events whose error tells such a value. */
  readonly parked: number;
  /** Other rows about sagas and rule sets. */
  readonly rows: number;
  /** Keys that are given back, by name of the claim: held because of the subject's values. Anybody may take them from then on. */
  readonly claims: Readonly<Record<string, number>>;
  /**
   * Entities of which nobody can tell what they claim because of the subject: folding them, or a function of `claims`, fails with its values
   * or with placeholders. What they hold stays taken. Mend the definition before forgetting.
   */
  readonly claimsUnknown: readonly StreamId[];
}

interface ScanPorts {
  /** Below what seals: with ciphertext. */
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly claims: ForgottenClaims;
  readonly giveWay: () => Promise<void>;
  projectionOf(key: ViewKey): string | undefined;
}

const EVENTS_AT_ONCE = 1_000;
const ROWS_AT_ONCE = 1_000;

export class ForgetScan {
  readonly #ports: ScanPorts;
  readonly #subject: string;
  readonly #keyIds: ReadonlySet<string>;
  readonly #events: Record<string, Record<string, number>> = {};
  readonly #streams = new Map<string, Set<string>>();
  readonly #documents: Record<string, number> = {};
  readonly #rows = { outbox: 0, parked: 0, rows: 0 };
  #snapshots = 0;
  #scannedTo: Position = 0;
  /** Keys of the documents that were found. */
  readonly documentKeys: ViewKey[] = [];

  constructor(subject: string, keyIds: readonly string[], ports: ScanPorts) {
    this.#subject = subject;
    this.#keyIds = new Set(keyIds);
    this.#ports = ports;
  }

  async run(): Promise<void> {
    if (this.#keyIds.size === 0) return;
    await this.catchUp();
    this.#scanSnapshots();
    for await (const { key } of this.#found("documents", [0], [Number.MAX_SAFE_INTEGER]))
      this.#onDocument(key);
    for await (const { key } of this.#found("rows", [""], ["\u{10ffff}"])) this.#onRow(key);
  }

  /** Looks at events that came since, and at what is claimed by then. */
  async catchUp(): Promise<void> {
    await this.#scanEvents();
    await this.#ports.claims.look(this.#streams);
  }

  report(): ForgetReport {
    const { claims } = this.#ports;
    const released: Record<string, number> = {};
    for (const { name } of claims.releases()) released[name] = (released[name] ?? 0) + 1;
    const entities = [...this.#streams].map(([type, ids]) => [type, ids.size] as const);
    return {
      subject: this.#subject,
      keyIds: [...this.#keyIds],
      events: this.#events,
      entities: Object.fromEntries(entities),
      snapshots: this.#snapshots,
      documents: this.#documents,
      ...this.#rows,
      claims: released,
      claimsUnknown: claims.unknown(),
    };
  }

  #isIn(value: unknown): boolean {
    let found = false;
    eachSealed(value, (sealed: Sealed) => {
      found ||= sealed.keys.some(({ keyId }) => this.#keyIds.has(keyId));
    });
    return found;
  }

  async #scanEvents(): Promise<void> {
    let seen = 0;
    const { journal } = this.#ports;
    for (const event of readAll(journal, { after: this.#scannedTo })) {
      const { streamType, streamId, type, data, headers } = event;
      this.#scannedTo = event.position;
      seen += 1;
      if (seen % EVENTS_AT_ONCE === 0) await this.#ports.giveWay();
      if (!this.#isIn(data) && !this.#isIn(headers)) continue;
      const types = (this.#events[streamType] ??= {});
      types[type] = (types[type] ?? 0) + 1;
      const streams = this.#streams.get(streamType) ?? new Set<string>();
      this.#streams.set(streamType, streams.add(streamId));
    }
  }

  #scanSnapshots(): void {
    for (const streams of this.#streams.values())
      for (const streamId of streams)
        for (let upToVersion = Infinity; ;) {
          const found = this.#ports.journal.findSnapshot(
            streamId,
            upToVersion === Infinity ? {} : { upToVersion },
          );
          if (found === undefined) break;
          if (this.#isIn(found.state)) this.#snapshots += 1;
          if (found.version <= 1) break;
          upToVersion = found.version - 1;
        }
  }

  async *#found(
    table: "documents" | "rows",
    from: ViewKey,
    before: ViewKey,
  ): AsyncGenerator<ViewRow> {
    let next = from;
    for (;;) {
      const rows = [...this.#ports.views.rows(table, { from: next, before, limit: ROWS_AT_ONCE })];
      for (const row of rows) if (this.#isIn(row.value)) yield row;
      const last = rows[rows.length - 1];
      if (last === undefined || rows.length < ROWS_AT_ONCE) return;
      // The least key behind it.
      next = [...last.key, null];
      await this.#ports.giveWay();
    }
  }

  #onDocument(key: ViewKey): void {
    this.documentKeys.push(key);
    const projection = this.#ports.projectionOf(key) ?? "";
    this.#documents[projection] = (this.#documents[projection] ?? 0) + 1;
  }

  #onRow(key: ViewKey): void {
    if (key[0] === "parked") this.#rows.parked += 1;
    else if (key[1] === "c") this.#rows.outbox += 1;
    else this.#rows.rows += 1;
  }
}
