/** Unique indexes, watched over while events are handled: who holds which values, with what isn't on disk yet on top. */
import type { ViewKey, ViewKeyPart, ViewReader } from "../../journal/index.js";
import { DocumentNotUniqueError } from "./errors.js";
import { entryValuesOf } from "./index-entries.js";
import { endOf } from "./key-order.js";
import type { CollectionLayout, IndexLayout } from "./layout.js";

interface Holding {
  /** Values that a document had when it was last looked at, as text; by index. */
  readonly keys: readonly (string | undefined)[];
}

export class UniqueKeys {
  readonly #reader: ViewReader;
  readonly #collection: CollectionLayout;
  readonly #indexes: readonly IndexLayout[];
  /** By index: who holds values since the last flush; null for nobody any more. */
  readonly #owners: readonly Map<string, string | null>[];
  readonly #holdings = new Map<string, Holding>();
  readonly #touched = new Set<string>();

  constructor(reader: ViewReader, collection: CollectionLayout, indexes: readonly IndexLayout[]) {
    this.#reader = reader;
    this.#collection = collection;
    this.#indexes = indexes;
    this.#owners = indexes.map(() => new Map<string, string | null>());
  }

  /** A document was written by the event in hand. */
  touched(id: string): void {
    this.#touched.add(id);
  }

  /**
   * Looks at everything the event wrote: first what was given up, then what was taken, so that documents may swap.
   *
   * @throws DocumentNotUniqueError - Two documents would have the same values.
   */
  settle(
    documentOf: (id: string) => { readonly stored: unknown; readonly document: unknown },
  ): void {
    if (this.#touched.size === 0) return;
    const taken: {
      id: string;
      keys: (string | undefined)[];
      values: (readonly ViewKeyPart[])[];
    }[] = [];
    for (const id of this.#touched) {
      const { stored, document } = documentOf(id);
      const before = this.#holdings.get(id)?.keys ?? this.#valuesOf(id, stored).map(textOf);
      const values = this.#valuesOf(id, document);
      const keys = values.map(textOf);
      for (const [at, key] of before.entries())
        if (key !== undefined && key !== keys[at]) this.#owners[at]?.set(key, null);
      taken.push({ id, keys, values: values.map((value) => value ?? []) });
    }
    for (const { id, keys, values } of taken) {
      for (const [at, key] of keys.entries())
        if (key !== undefined) this.#take(at, key, values[at] ?? [], id);
      this.#holdings.set(id, { keys });
    }
    this.#touched.clear();
  }

  #take(at: number, key: string, values: readonly ViewKeyPart[], id: string): void {
    const index = this.#indexes[at] as IndexLayout;
    const owners = this.#owners[at] as Map<string, string | null>;
    const owner = owners.has(key) ? owners.get(key) : this.#storedOwner(index, values);
    if (owner !== undefined && owner !== null && owner !== id)
      throw new DocumentNotUniqueError(this.#collection.name, index.definition.name, id, owner);
    owners.set(key, id);
  }

  #storedOwner({ prefix }: IndexLayout, values: readonly ViewKeyPart[]): string | undefined {
    const from: ViewKey = [...prefix, ...values];
    const range = { from, before: endOf(from), limit: 1 };
    for (const key of this.#reader.keys("entries", range)) return key[key.length - 1] as string;
    return undefined;
  }

  /** By index, what a document has there; undefined where null makes it incomparable. */
  #valuesOf(id: string, document: unknown): (readonly ViewKeyPart[] | undefined)[] {
    return this.#indexes.map(({ definition }) => {
      if (document === undefined) return undefined;
      const [values] = entryValuesOf(definition, document, this.#collection.name, id);
      return values === undefined || values.includes(null) ? undefined : values;
    });
  }

  /** What was settled is on disk, or nothing of it counts. */
  clear(): void {
    for (const owners of this.#owners) owners.clear();
    this.#holdings.clear();
    this.#touched.clear();
  }
}

function textOf(values: readonly ViewKeyPart[] | undefined): string | undefined {
  if (values === undefined) return undefined;
  // A number and the same bigint are one key in the store.
  return JSON.stringify(values, (_, part: unknown) =>
    typeof part === "bigint" ? Number(part) : part,
  );
}
