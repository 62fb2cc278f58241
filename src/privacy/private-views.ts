/**
 * The view store as the parts of a runtime see it: what they write is sealed, by what is noted of it, and what they read is opened. Parts of
 * index keys that are marked as personal are replaced by keyed hashes.
 */
import type {
  ViewKey,
  ViewKeyPart,
  ViewRange,
  ViewReader,
  ViewRow,
  ViewSnapshot,
  ViewStore,
  ViewTable,
  ViewWrite,
} from "../../journal/index.js";
import { markedPartOf } from "../kernel/personal-mark.js";
import { partsOfOwner, type PersonalValues } from "../kernel/personal-values.js";
import { provenanceOf } from "../kernel/provenance.js";
import { USER_FIELDS } from "./user-fields.js";
import type { KeyRing } from "./key-ring.js";
import type { Sealer } from "./sealer.js";

const ENTRIES = "entry";

class PrivateViewReader implements ViewReader {
  readonly #inner: ViewReader;
  readonly #sealer: Sealer;
  protected readonly ring: KeyRing;

  constructor(inner: ViewReader, ring: KeyRing, sealer: Sealer) {
    this.#inner = inner;
    this.ring = ring;
    this.#sealer = sealer;
  }

  get(table: ViewTable, key: ViewKey): unknown {
    return this.#sealer.opened(this.#inner.get(table, this.keyOf(table, key)));
  }

  *rows(table: ViewTable, range: ViewRange): Iterable<ViewRow> {
    for (const { key, value } of this.#inner.rows(table, this.#rangeOf(table, range)))
      yield { key, value: this.#sealer.opened(value) };
  }

  keys(table: ViewTable, range: ViewRange): Iterable<ViewKey> {
    const keys = this.#inner.keys(table, this.#rangeOf(table, range));
    const marked =
      table === "entries" && range.from.some((part) => markedPartOf(part) !== undefined);
    return marked ? withMarks(keys, range.from) : keys;
  }

  count(table: ViewTable, range: ViewRange): number {
    return this.#inner.count(table, this.#rangeOf(table, range));
  }

  #rangeOf(table: ViewTable, range: ViewRange): ViewRange {
    if (table !== "entries") return range;
    return {
      ...range,
      from: this.keyOf(table, range.from),
      before: this.keyOf(table, range.before),
    };
  }

  /** Only entries have marked parts; all others pass as they are. */
  protected keyOf(table: ViewTable, key: ViewKey): ViewKey {
    if (table !== "entries" || !key.some((part) => markedPartOf(part) !== undefined)) return key;
    return key.map((part) => this.#partOf(part));
  }

  #partOf(part: ViewKeyPart): ViewKeyPart {
    const marked = markedPartOf(part);
    // What stands behind it is the end of a range.
    return marked === undefined ? part : this.ring.keyed(ENTRIES, marked.hash) + marked.rest;
  }
}

function isOf(values: PersonalValues | undefined, keyIds: ReadonlySet<string>): boolean {
  return (
    values !== undefined &&
    [...values.owners].some((owner) => keyIds.has(partsOfOwner(owner).keyId))
  );
}

/** Keys that were asked for by marks are given with them: who compares them knows no others. */
function* withMarks(keys: Iterable<ViewKey>, asked: ViewKey): Iterable<ViewKey> {
  for (const key of keys)
    yield key.map((part, at) => {
      const mark = asked[at] ?? null;
      return markedPartOf(mark) === undefined ? part : mark;
    });
}

export class PrivateViews extends PrivateViewReader implements ViewStore {
  readonly #store: ViewStore;
  readonly #sealing: Sealer;
  readonly #watches = new Set<{
    readonly keyIds: ReadonlySet<string>;
    readonly found: ViewKey[];
  }>();

  constructor(store: ViewStore, ring: KeyRing, sealer: Sealer) {
    super(store, ring, sealer);
    this.#store = store;
    this.#sealing = sealer;
  }

  /** From now on adds to `found` the documents that are written with values of these keys. Returns what ends it. */
  watch(keyIds: readonly string[], found: ViewKey[]): () => void {
    const watch = { keyIds: new Set(keyIds), found };
    this.#watches.add(watch);
    return () => this.#watches.delete(watch);
  }

  write(writes: readonly ViewWrite[]): Promise<void> {
    for (const watch of this.#watches)
      for (const write of writes)
        if (write.table === "documents" && isOf(provenanceOf(write), watch.keyIds))
          watch.found.push(write.key);
    return this.#store.write(writes.map((write) => this.#sealed(write)));
  }

  #sealed(write: ViewWrite): ViewWrite {
    const { table, key, value } = write;
    const fields = table === "rows" ? USER_FIELDS : undefined;
    const sealed = this.#sealing.sealKnown(value, provenanceOf(write), fields);
    return { table, key: this.keyOf(table, key), value: sealed };
  }

  removeRange(table: ViewTable, range: Pick<ViewRange, "from" | "before">): Promise<void> {
    return this.#store.removeRange(table, range);
  }

  snapshot(): ViewSnapshot {
    const snapshot = this.#store.snapshot();
    const reader = new PrivateViewReader(snapshot, this.ring, this.#sealing);
    return Object.assign(reader, { close: () => snapshot.close() });
  }

  refresh(): void {
    this.#store.refresh();
  }

  close(): Promise<void> {
    return this.#store.close();
  }
}
