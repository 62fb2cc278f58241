/**
 * The documents of one collection as handlers see them, with what was written since the last flush on top of the store, and
 * a bounded cache of what was read below it. Whatever is handed out is frozen, so handlers can't change it unseen.
 */
import {
  compareViewKeys,
  type ViewKey,
  type ViewReader,
  type ViewTable,
  type ViewWrite,
} from "../../journal/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { checkId } from "../kernel/ids.js";
import { isolated } from "../kernel/isolate.js";
import { checkPlainData } from "../kernel/plain-data.js";
import { PersonalValues } from "../kernel/personal-values.js";
import { provenanceOf, withProvenance } from "../kernel/provenance.js";
import { ChangedValues } from "./changed-values.js";
import type { Indexes, IndexValue } from "./collection.js";
import { freezeDocument } from "./frozen-document.js";
import { PersonalIndexError } from "./errors.js";
import { entryValuesOf, indexChangesOf } from "./index-entries.js";
import { indexNamed, isWithin, rangeOfIds, rangeOfIndex, type KeyRange } from "./key-range.js";
import { documentKey, entryKey, idOf, type CollectionLayout } from "./layout.js";
import type { Entry, IdRange, IndexRange } from "./query.js";
import { samePlainData } from "../kernel/same-plain-data.js";
import { UniqueKeys } from "./unique-keys.js";

/** The documents of one collection as handlers see them: including what was written before. */
export interface Documents<Document, Found extends Indexes = Indexes> {
  /** Frozen; undefined where there is none. */
  get(id: string): Document | undefined;
  /** Writes or replaces. Plain data, handed over: it is frozen. The id is 1 to 256 bytes of text. */
  put(id: string, document: Document): void;
  /** Writes what `change` makes of the document (undefined where there is none); returning undefined removes it. */
  update(id: string, change: (document: Document | undefined) => Document | undefined): void;
  /** Removes the document; nothing happens where there is none. */
  remove(id: string): void;
  /** Every document of the index within the range, in order. */
  find<Name extends keyof Found & string>(
    index: Name,
    range?: IndexRange<Found[Name]>,
  ): readonly Entry<Document>[];
  /** Every document within the range, in order of id. */
  list(range?: IdRange): readonly Entry<Document>[];
}

/** A document that was read or written. */
interface Slot {
  readonly id: string;
  /** As it is for the next handler. */
  document: unknown;
  /** As it is in the store. */
  stored: unknown;
  changed: boolean;
  bytes: number;
  /** It holds what can't be frozen (dates, bytes): each reader gets a copy. */
  needsCopies: boolean;
  /** Whose values are in it; undefined where nobody's are. */
  personal: PersonalValues | undefined;
  /** The same, as it is in the store. */
  storedPersonal: PersonalValues | undefined;
}

/** A change of one document between two flushes. */
export interface DocumentChange {
  readonly id: string;
  readonly before: unknown;
  readonly after: unknown;
}

export interface DocumentLimits {
  readonly nestingDepthMax: number;
  readonly documentBytesMax: number;
}

/** Whose values the handler knows by now: those of the event in hand, and of the documents that it has read for it. */
export class HandlerKnowledge {
  values: PersonalValues | undefined;

  /** The next event is handled. */
  begin(values: PersonalValues | undefined): void {
    this.values = values;
  }

  /** It was told of these, too. */
  add(values: PersonalValues | undefined): void {
    if (values === undefined || values === this.values) return;
    this.values = new PersonalValues().addAll(this.values).addAll(values);
  }
}

/** What a slot takes besides its document. */
const SLOT_BYTES = 200;

export class CollectionDocuments implements Documents<unknown> {
  readonly layout: CollectionLayout;
  readonly #reader: ViewReader;
  readonly #limits: DocumentLimits;
  readonly #knowledge: HandlerKnowledge;
  readonly #slots = new Map<string, Slot>();
  /** Each once. Ids are looked up once an event: in large views that is most of what an event costs here. */
  #changed: Slot[] = [];
  readonly #changedValues = new ChangedValues<Slot>();
  readonly #uniqueKeys: UniqueKeys | undefined;
  /** Estimated, of what is cached and changed. */
  bytes = 0;
  /** Whether a handler looked for documents in a way that goes through everything that has changed. */
  searchedAll = false;

  constructor(
    reader: ViewReader,
    layout: CollectionLayout,
    limits: DocumentLimits,
    knowledge = new HandlerKnowledge(),
  ) {
    this.#reader = reader;
    this.#knowledge = knowledge;
    this.layout = layout;
    this.#limits = limits;
    const unique = layout.indexes.filter(({ definition }) => definition.unique);
    if (unique.length > 0) this.#uniqueKeys = new UniqueKeys(reader, layout, unique);
  }

  get changedCount(): number {
    return this.#changed.length;
  }

  get(id: string): unknown {
    return this.#documentOf(this.#slotOf(id));
  }

  put(id: string, document: unknown): void {
    this.#put(this.#slotOf(id), document);
  }

  update(id: string, change: (document: unknown) => unknown): void {
    const slot = this.#slotOf(id);
    const before = this.#documentOf(slot);
    const after = change(before);
    if (after === undefined) this.#set(slot, undefined);
    else if (after !== before) this.#put(slot, after);
  }

  remove(id: string): void {
    this.#set(this.#slotOf(id), undefined);
  }

  find(name: string, range?: IndexRange<readonly IndexValue[]>): readonly Entry<unknown>[] {
    const index = indexNamed(this.layout, name);
    const { definition } = index;
    const keys = rangeOfIndex(this.layout, index, range);
    const rowsOf = (id: string, document: unknown) =>
      entryValuesOf(definition, document, this.layout.name, id);
    const changed = this.#changedValues.of(definition, range?.equals, (add) => {
      for (const slot of this.#changed)
        if (slot.document !== undefined) add(slot, rowsOf(slot.id, slot.document));
    });
    if (changed === undefined) this.searchedAll = true;
    return this.#search("entries", keys, changed ?? this.#changed, (id, document) =>
      rowsOf(id, document).map((values) => entryKey(index, values, id)),
    );
  }

  list(range?: IdRange): readonly Entry<unknown>[] {
    this.searchedAll = true;
    const keys = rangeOfIds(this.layout, range);
    return this.#search("documents", keys, this.#changed, (id) => [documentKey(this.layout, id)]);
  }

  /** What the store has within the range, but of documents that have changed since, those that are within it now. */
  #search(
    table: ViewTable,
    range: KeyRange,
    changed: Iterable<Slot>,
    keysOf: (id: string, document: unknown) => readonly ViewKey[],
  ): readonly Entry<unknown>[] {
    const { partsMin = 0 } = range;
    const found: ViewKey[] = [];
    for (const key of this.#reader.keys(table, range))
      if (key.length >= partsMin && !this.#hasChanged(idOf(key))) found.push(key);
    const stored = found.length;
    for (const { id, document } of changed) {
      if (document === undefined) continue;
      for (const key of keysOf(id, document)) if (isWithin(range, key)) found.push(key);
    }
    if (found.length > stored) found.sort(compareViewKeys);
    return found.map((key) => this.#entry(idOf(key)));
  }

  #entry(id: string): Entry<unknown> {
    return { id, document: this.get(id) };
  }

  #hasChanged(id: string): boolean {
    return this.#slots.get(id)?.changed === true;
  }

  #slotOf(id: string): Slot {
    return this.#slots.get(id) ?? this.#load(id);
  }

  #documentOf({ document, needsCopies, personal }: Slot): unknown {
    this.#knowledge.add(personal);
    return needsCopies ? isolated(document) : document;
  }

  #load(id: string): Slot {
    checkId(`id of a document of ${this.layout.name}`, id);
    const stored = this.#reader.get("documents", documentKey(this.layout, id));
    const { bytes, needsCopies } = freezeDocument(stored);
    const personal = provenanceOf(stored);
    const slot: Slot = {
      id,
      document: stored,
      stored,
      changed: false,
      bytes,
      needsCopies,
      personal,
      storedPersonal: personal,
    };
    this.#slots.set(id, slot);
    this.bytes += bytes + SLOT_BYTES;
    return slot;
  }

  #put(slot: Slot, document: unknown): void {
    const argument = `document ${slot.id} of ${this.layout.name}`;
    if (document === undefined)
      throw new InvalidArgumentError(argument, "plain data (use remove to remove it)", document);
    checkPlainData(argument, document, this.#limits.nestingDepthMax);
    if (typeof document !== "object" && this.#personalIn(document) !== undefined)
      throw new InvalidArgumentError(argument, "an object, to hold a personal value", "a bare one");
    this.#set(slot, document);
  }

  #set(slot: Slot, document: unknown): void {
    const { id } = slot;
    const { bytes, needsCopies } = freezeDocument(document);
    if (bytes > this.#limits.documentBytesMax)
      throw new InvalidArgumentError(
        `document ${id} of ${this.layout.name}`,
        `at most ${this.#limits.documentBytesMax} bytes (about)`,
        bytes,
      );
    const personal = this.#personalIn(document);
    this.#checkIndexes(id, document, personal);
    // What can't be in an index is refused here, while it is known which event it came from.
    if (document !== undefined)
      for (const { definition } of this.layout.indexes)
        this.#changedValues.add(
          definition,
          slot,
          entryValuesOf(definition, document, this.layout.name, id),
        );
    this.bytes += bytes - slot.bytes;
    slot.bytes = bytes;
    slot.needsCopies = needsCopies;
    slot.document = document;
    slot.personal = personal;
    if (!slot.changed) this.#changed.push(slot);
    slot.changed = true;
    this.#uniqueKeys?.touched(id);
  }

  /** Which of the values that the handler knows it has put there. */
  #personalIn(document: unknown): PersonalValues | undefined {
    const { values } = this.#knowledge;
    if (values === undefined || document === undefined) return undefined;
    const found = values.foundIn(document);
    return found.size === 0 ? undefined : found;
  }

  /** @throws PersonalIndexError - An index would show a value. */
  #checkIndexes(id: string, document: unknown, personal: PersonalValues | undefined): void {
    if (personal === undefined) return;
    for (const { definition } of this.layout.indexes) {
      if (definition.personal) continue;
      for (const values of definition.valuesOf(document as never))
        for (const [at, value] of values.entries())
          if (personal.ownersOf(definition.fields?.[at] ?? "", value) !== undefined)
            throw new PersonalIndexError(this.layout.name, definition.name, id);
    }
  }

  /** @throws DocumentNotUniqueError - What this event wrote breaks a unique index. */
  endEvent(): void {
    this.#uniqueKeys?.settle((id) => {
      const slot = this.#slots.get(id) as Slot;
      return { stored: slot.stored, document: slot.document };
    });
  }

  /**
   * What is to be written, and for whom watches it, what has changed. Documents that are as they were are left out.
   *
   * @param from - Of those that have changed, the first to be looked at.
   * @param count - How many.
   */
  collect(writes: ViewWrite[], changes: DocumentChange[], from: number, count: number): void {
    for (const slot of this.#changed.slice(from, from + count)) {
      const { id, document, stored, personal } = slot;
      if (samePlainData(document, stored) && haveSameOwners(personal, slot.storedPersonal))
        continue;
      const write = {
        table: "documents",
        key: documentKey(this.layout, id),
        value: document,
      } as const;
      writes.push(withProvenance(write, personal));
      if (this.layout.indexes.length > 0)
        for (const write of indexChangesOf(this.layout, id, stored, document)) writes.push(write);
      changes.push({ id, before: stored, after: document });
    }
  }

  /** What was collected is on disk. */
  flushed(): void {
    for (const slot of this.#changed) {
      slot.stored = slot.document;
      slot.storedPersonal = slot.personal;
      slot.changed = false;
    }
    this.#changed = [];
    this.#changedValues.clear();
    this.#uniqueKeys?.clear();
    this.searchedAll = false;
  }

  /** Lets go of what was read longest ago, down to about `bytesMax`. */
  trim(bytesMax: number): void {
    for (const [id, slot] of this.#slots) {
      if (this.bytes <= bytesMax) return;
      if (slot.changed) continue;
      this.bytes -= slot.bytes + SLOT_BYTES;
      this.#slots.delete(id);
    }
  }

  /** Forgets everything that isn't on disk. */
  reset(): void {
    this.#slots.clear();
    this.#changed = [];
    this.#changedValues.clear();
    this.#uniqueKeys?.clear();
    this.bytes = 0;
    this.searchedAll = false;
  }
}

function haveSameOwners(a: PersonalValues | undefined, b: PersonalValues | undefined): boolean {
  const owners = b?.owners ?? new Set<string>();
  if ((a?.owners.size ?? 0) !== owners.size) return false;
  return a === undefined || [...a.owners].every((owner) => owners.has(owner));
}
