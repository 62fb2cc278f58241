/**
 * The rows of the index of sagas in the view store: all of it a fold of the instances' events, to be lost and made again.
 *
 * ```
 * ["sagas","at"]                                            position that the rows reflect
 * ["sagas","i", saga, status, version, hash, state, id]     an instance, under where it is: { atMs, problem? }
 * ["sagas","n", saga, status, version, hash, state]         how many there are
 * ["sagas","t", dueAtMs, saga, id, timer]                   a timer that is set
 * ["sagas","c", aggregate, saga, id, step, index, command]  a command that isn't answered, in the order of asking
 * ["sagas","r", saga]                                       position up to which its events are routed
 * ```
 */
import {
  VIEW_KEY_BYTES_MAX,
  viewKeyBytes,
  type ViewKey,
  type ViewRange,
} from "../journal/index.js";
import { commandOrderOf } from "./command-id.js";
import type { Place } from "./instance.js";

export const AT_KEY: ViewKey = ["sagas", "at"];

/** All rows of the index, but not how far routing is. */
export const INDEX_RANGES: readonly Pick<ViewRange, "from" | "before">[] = [
  { from: ["sagas", "at"], before: ["sagas", "r"] },
  { from: ["sagas", "t"], before: ["sagas", "u"] },
];

/** Which instance of which saga. */
export interface InstanceName {
  readonly saga: string;
  readonly instanceId: string;
}

export interface TimerName extends InstanceName {
  readonly id: string;
  readonly dueAtMs: number;
}

/** Names of a state are cut rather than that a row couldn't be written. */
export function instanceKey({ saga, instanceId }: InstanceName, place: Place): ViewKey {
  return fitting(["sagas", "i", saga, ...place, instanceId], 6);
}

export function countKey(saga: string, place: Place): ViewKey {
  return fitting(["sagas", "n", saga, ...place], 6);
}

export function timerKey({ saga, instanceId, id, dueAtMs }: TimerName): ViewKey {
  return ["sagas", "t", dueAtMs, saga, instanceId, id];
}

export function commandKey(
  aggregate: string,
  { saga, instanceId }: InstanceName,
  commandId: string,
): ViewKey {
  return ["sagas", "c", aggregate, saga, instanceId, ...commandOrderOf(commandId), commandId];
}

export function routedKey(saga: string): ViewKey {
  return ["sagas", "r", saga];
}

/** A key as text, for maps. Ids hold no control characters. */
export function textOf(key: ViewKey): string {
  return key.join("\u0000");
}

/** All rows that begin so. */
export function under(prefix: ViewKey): Pick<ViewRange, "from" | "before"> {
  const last = prefix[prefix.length - 1];
  const next = typeof last === "number" ? last + 1 : `${String(last)}\u0000`;
  return { from: prefix, before: [...prefix.slice(0, -1), next] };
}

/** The name of the state gives way: it is for people. */
function fitting(key: ViewKey, stateAt: number): ViewKey {
  const excess = viewKeyBytes(key) - VIEW_KEY_BYTES_MAX;
  if (excess <= 0) return key;
  const state = Buffer.from(String(key[stateAt]));
  const cut = state
    .subarray(0, Math.max(0, state.length - excess))
    .toString()
    .replaceAll("\uFFFD", "");
  return [...key.slice(0, stateAt), cut, ...key.slice(stateAt + 1)];
}
