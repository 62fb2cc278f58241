/**
 * Where the documents and index entries of one generation stand in the view store.
 *
 * ```
 * documents   [generation, collection, id]              the document
 * entries     [generation, index, value …, id]          nothing more: the document is found by its id
 * ```
 *
 * Collections and indexes are numbered in the order of their names; a generation remembers both lists.
 */
import type { ViewKey, ViewKeyPart } from "../../journal/index.js";
import type { Collections, IndexDefinition } from "./collection.js";

/** Number of a generation, unique among those of all projections of a store. */
export type GenerationId = number;

export interface IndexLayout {
  readonly definition: IndexDefinition;
  /** `[generation, index]`. */
  readonly prefix: readonly [GenerationId, number];
}

export interface CollectionLayout {
  readonly name: string;
  /** `[generation, collection]`. */
  readonly prefix: readonly [GenerationId, number];
  readonly indexes: readonly IndexLayout[];
  /** What the definition has, and this generation doesn't. */
  readonly lacking?: LackingIndexes;
}

/** Indexes of a definition that came later than the generation. */
export interface LackingIndexes {
  readonly projection: string;
  /** Of the generation. */
  readonly version: number;
  readonly names: readonly string[];
}

export type GenerationLayout = readonly CollectionLayout[];

/** The collections of a definition, as one generation holds them. */
export function layoutOf(collections: Collections, generation: GenerationId): GenerationLayout {
  let index = 0;
  return Object.keys(collections)
    .sort()
    .map((name, place) => {
      const definitions = [...(collections[name]?.indexes ?? [])];
      definitions.sort((a, b) => (a.name < b.name ? -1 : 1));
      const indexes = definitions.map((definition): IndexLayout => ({
        definition,
        prefix: [generation, index++],
      }));
      return { name, prefix: [generation, place], indexes };
    });
}

export function documentKey({ prefix }: CollectionLayout, id: string): ViewKey {
  return [prefix[0], prefix[1], id];
}

/** The id that a key of a document or of an entry ends with. */
export function idOf(key: ViewKey): string {
  return key[key.length - 1] as string;
}

export function entryKey(
  { prefix }: IndexLayout,
  values: readonly ViewKeyPart[],
  id: string,
): ViewKey {
  return [...prefix, ...values, id];
}
