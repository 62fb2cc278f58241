/**
 * The generations of every projection in a view store: which there are, which one serves, how far each has come.
 *
 * ```
 * rows   ["generation", id]   { name, version, … }       ["serving", name]     id
 *        ["checkpoint", id]   position                   ["next-generation"]   the next id
 * ```
 *
 * ```
 *   building --> serving <--> retired --> (dropped)
 *       \-----------------------> rejected
 * ```
 */
import type { ViewReader, ViewStore, ViewWrite } from "../../journal/index.js";
import type { Position } from "../kernel/event.js";
import type { IndexDefinition } from "./collection.js";
import type { AnyProjection } from "./projection.js";
import { layoutOf, type CollectionLayout, type GenerationId } from "./layout.js";

/** `rejected` ones were rolled back or cancelled: they aren't built again unless somebody asks. */
export type GenerationState = "building" | "serving" | "retired" | "rejected" | "dropped";

export interface Generation {
  readonly id: GenerationId;
  readonly name: string;
  readonly version: number;
  /** Of its structure: collections, indexes, event types. Another one is another generation. */
  readonly fingerprint: string;
  /** Names of collections, and of indexes as `collection.index=signature`, in the order of their numbers. */
  readonly collections: readonly string[];
  readonly indexes: readonly string[];
  readonly state: GenerationState;
  /** It may not serve before somebody has approved it. */
  readonly needsApproval: boolean;
  readonly createdAtMs: number;
}

const TABLE = "rows";

export const checkpointKey = (id: GenerationId) => ["checkpoint", id] as const;

/** What a definition keeps, as text: generations of one version and one structure are interchangeable. */
export function fingerprintOf(definition: AnyProjection): string {
  const { sources, handlers } = definition;
  const { collections, indexes } = structureOf(definition);
  return JSON.stringify({
    collections,
    indexes,
    sources: sources.map(({ name }) => name).sort(),
    types: [...handlers.keys()].sort(),
  });
}

function structureOf(definition: AnyProjection): Pick<Generation, "collections" | "indexes"> {
  const layout = layoutOf(definition.collections, 0);
  return {
    collections: layout.map(({ name }) => name),
    indexes: layout.flatMap(({ name, indexes }) =>
      indexes.map(({ definition: index }) => `${name}.${index.name}=${index.signature}`),
    ),
  };
}

/** A collection of a definition as a generation holds it; an index that the generation lacks is named as such. */
export function storedLayoutOf(
  generation: Generation,
  name: string,
  definition: AnyProjection,
): CollectionLayout | undefined {
  const place = generation.collections.indexOf(name);
  const given = definition.collections[name];
  if (place < 0 || given === undefined) return undefined;
  const numberOf = (index: IndexDefinition) =>
    generation.indexes.indexOf(`${name}.${index.name}=${index.signature}`);
  const held = given.indexes.filter((index) => numberOf(index) >= 0);
  return {
    name,
    prefix: [generation.id, place],
    indexes: held.map((index) => ({
      definition: index,
      prefix: [generation.id, numberOf(index)],
    })),
    lacking: {
      projection: definition.name,
      version: generation.version,
      names: given.indexes.filter((index) => !held.includes(index)).map((index) => index.name),
    },
  };
}

/** The generation that serves a projection, as stored; undefined where there is none yet. */
export function servingGeneration(reader: ViewReader, name: string): Generation | undefined {
  const id = reader.get(TABLE, ["serving", name]) as GenerationId | undefined;
  return id === undefined ? undefined : generationOf(reader, id);
}

/** How far a generation has come. */
export function checkpointOf(reader: ViewReader, id: GenerationId): Position {
  return (reader.get(TABLE, checkpointKey(id)) as Position | undefined) ?? 0;
}

function generationOf(reader: ViewReader, id: GenerationId): Generation | undefined {
  return reader.get(TABLE, ["generation", id]) as Generation | undefined;
}

/** Every generation of a projection, oldest first. */
export function generationsOf(reader: ViewReader, name?: string): Generation[] {
  const rows = reader.rows(TABLE, { from: ["generation"], before: ["generation\0"] });
  const all = [...rows].map(({ value }) => value as Generation);
  return name === undefined ? all : all.filter((generation) => generation.name === name);
}

/** The rows that make a generation; write them before anything of it. */
export function newGeneration(
  store: ViewStore,
  definition: AnyProjection,
  nowMs: number,
  kind: "serving" | { readonly needsApproval: boolean },
): { readonly generation: Generation; readonly writes: readonly ViewWrite[] } {
  const id = (store.get(TABLE, ["next-generation"]) as GenerationId | undefined) ?? 1;
  const generation: Generation = {
    id,
    name: definition.name,
    version: definition.version,
    fingerprint: fingerprintOf(definition),
    ...structureOf(definition),
    state: kind === "serving" ? "serving" : "building",
    needsApproval: kind !== "serving" && kind.needsApproval,
    createdAtMs: nowMs,
  };
  const writes: ViewWrite[] = [
    { table: TABLE, key: ["next-generation"], value: id + 1 },
    { table: TABLE, key: ["generation", id], value: generation },
  ];
  if (kind === "serving") writes.push(servingWrite(definition.name, id));
  return { generation, writes };
}

/** Points readers to a generation. */
export function servingWrite(name: string, id: GenerationId): ViewWrite {
  return { table: TABLE, key: ["serving", name], value: id };
}

/** Notes what has become of a generation. */
export function stateWrite(generation: Generation, state: GenerationState): ViewWrite {
  return { table: TABLE, key: ["generation", generation.id], value: { ...generation, state } };
}

/** Notes that a generation may serve. */
export function approvalWrite(generation: Generation): ViewWrite {
  const value = { ...generation, needsApproval: false };
  return { table: TABLE, key: ["generation", generation.id], value };
}

/** Forgets a generation: marked first, so that a kill on the way leaves nothing that looks whole. */
export async function dropGeneration(
  store: ViewStore,
  generation: Generation,
  keepAs?: "rejected",
): Promise<void> {
  const { id } = generation;
  await store.write([
    stateWrite(generation, keepAs ?? "dropped"),
    { table: TABLE, key: checkpointKey(id), value: undefined },
  ]);
  await store.removeRange("documents", { from: [id], before: [id + 1] });
  await store.removeRange("entries", { from: [id], before: [id + 1] });
  await store.removeRange(TABLE, { from: ["parked", id], before: ["parked", id + 1] });
  if (keepAs === undefined)
    await store.write([{ table: TABLE, key: ["generation", id], value: undefined }]);
}
