/** Which generations a projection begins with, given its definition and what the store holds. */
import type { ViewStore } from "../../journal/index.js";
import type { Position } from "../kernel/event.js";
import {
  checkpointOf,
  dropGeneration,
  fingerprintOf,
  generationsOf,
  newGeneration,
  servingGeneration,
  stateWrite,
  type Generation,
} from "./generations.js";
import type { AnyProjection } from "./projection.js";

/** A generation, and the definition that can go on with it; undefined where its code is gone. */
export interface Standing {
  readonly generation: Generation;
  readonly definition: AnyProjection | undefined;
}

export interface GenerationsAtOpen {
  readonly serving: Standing;
  /** To be built and to take over. */
  readonly candidate: Generation | undefined;
  readonly retired: Standing | undefined;
}

/** Makes, resumes and clears away. Resolves once it is on disk. */
export async function generationsAtOpen(
  store: ViewStore,
  definition: AnyProjection,
  head: Position,
  nowMs: number,
): Promise<GenerationsAtOpen> {
  const alive = await clearAway(store, definition.name, head);
  const serving = servingGeneration(store, definition.name);
  if (serving === undefined || !alive.includes(serving.id)) {
    for (const id of alive) await dropId(store, definition.name, id);
    const { generation, writes } = newGeneration(store, definition, nowMs, "serving");
    await store.write(writes);
    return { serving: { generation, definition }, candidate: undefined, retired: undefined };
  }
  const others = generationsOf(store, definition.name).filter(({ id }) => id !== serving.id);
  const candidate = await candidateOf(store, definition, serving, others, nowMs);
  const [retired, ...older] = others
    .filter(({ id, state }) => state === "retired" && id !== candidate?.id)
    .reverse();
  for (const generation of older) await dropGeneration(store, generation);
  for (const generation of others)
    if (generation.state === "building" && generation.id !== candidate?.id)
      await dropGeneration(store, generation);
  return {
    serving: standingOf(serving, definition),
    candidate,
    retired: retired === undefined ? undefined : standingOf(retired, definition),
  };
}

/** Ends removals that were cut off, and removes what reflects more than the log has. Returns what is left. */
async function clearAway(store: ViewStore, name: string, head: Position): Promise<number[]> {
  const alive: number[] = [];
  for (const generation of generationsOf(store, name)) {
    if (generation.state === "rejected") {
      // Its documents go; that it was rejected stays.
      if (checkpointOf(store, generation.id) > 0)
        await dropGeneration(store, generation, "rejected");
    } else if (generation.state === "dropped" || checkpointOf(store, generation.id) > head)
      await dropGeneration(store, generation);
    else alive.push(generation.id);
  }
  return alive;
}

async function dropId(store: ViewStore, name: string, id: number): Promise<void> {
  const found = generationsOf(store, name).find((generation) => generation.id === id);
  if (found !== undefined) await dropGeneration(store, found);
}

/** The generation of today's definition, where it isn't the one that serves: begun before, or new. */
async function candidateOf(
  store: ViewStore,
  definition: AnyProjection,
  serving: Generation,
  others: readonly Generation[],
  nowMs: number,
): Promise<Generation | undefined> {
  const fitting = others.filter((generation) => fits(generation, definition));
  const begun = fitting.find(({ state }) => state === "building");
  if (begun !== undefined) return begun;
  if (fits(serving, definition)) return undefined;
  if (fitting.some(({ state }) => state === "rejected")) return undefined;
  const former = fitting.find(({ state }) => state === "retired");
  if (former !== undefined) {
    await store.write([stateWrite(former, "building")]);
    return { ...former, state: "building" };
  }
  const { generation, writes } = newGeneration(store, definition, nowMs, {
    needsApproval: definition.approval,
  });
  await store.write(writes);
  return generation;
}

function standingOf(generation: Generation, definition: AnyProjection): Standing {
  for (let each: AnyProjection | undefined = definition; each !== undefined; each = each.previous)
    if (fits(generation, each)) return { generation, definition: each };
  return { generation, definition: undefined };
}

/** Whether a definition can go on with a generation. */
export function fits({ version, fingerprint }: Generation, definition: AnyProjection): boolean {
  return version === definition.version && fingerprint === fingerprintOf(definition);
}
