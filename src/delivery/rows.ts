/**
 * The rows of one index in the view store: all of it a fold of the instances' events, to be lost and made again. Each index
 * has a prefix of its own, `sagas` for that of all sagas.
 *
 * ```
 * [prefix,"at"]                                            position that the rows reflect
 * [prefix,"i", owner, status, version, hash, state, id]    an instance, under where it is: { atMs, problem? }
 * [prefix,"n", owner, status, version, hash, state]        how many there are
 * [prefix,"t", dueAtMs, owner, id, timer]                  a timer that is set
 * [prefix,"c", aggregate, owner, id, step, index, command] a command that isn't answered, in the order of asking
 * [prefix,"r", owner]                                      how far its events are routed
 * ```
 */
import {
  VIEW_KEY_BYTES_MAX,
  viewKeyBytes,
  type ViewKey,
  type ViewRange,
} from "../../journal/index.js";
import { commandOrderOf } from "./command-id.js";
import type { Place } from "./pending.js";

/** Which instance, and of which saga or rule set it is one. */
export interface InstanceName {
  readonly owner: string;
  readonly instanceId: string;
}

export interface TimerName extends InstanceName {
  readonly id: string;
  readonly dueAtMs: number;
}

/** What {@link DeliveryRows.timerKey} made a key of. */
export function timerNameOf(key: ViewKey): TimerName {
  const [, , dueAtMs, owner, instanceId, id] = key as [
    string,
    string,
    number,
    string,
    string,
    string,
  ];
  return { owner, instanceId, id, dueAtMs };
}

/** The keys of one index. */
export class DeliveryRows {
  readonly prefix: string;
  readonly atKey: ViewKey;
  /** The first of all timers. */
  readonly timersKey: ViewKey;
  /** All rows of the index, but not how far routing is. */
  readonly ranges: readonly Pick<ViewRange, "from" | "before">[];

  constructor(prefix: string) {
    this.prefix = prefix;
    this.atKey = [prefix, "at"];
    this.timersKey = [prefix, "t"];
    this.ranges = [
      { from: this.atKey, before: [prefix, "r"] },
      { from: this.timersKey, before: [prefix, "u"] },
    ];
  }

  /** Where the instances of an owner are listed. */
  instancesKey(owner: string, ...place: readonly unknown[]): ViewKey {
    return [this.prefix, "i", owner, ...place] as ViewKey;
  }

  /** Names of a state are cut rather than that a row couldn't be written. */
  instanceKey({ owner, instanceId }: InstanceName, place: Place): ViewKey {
    return fitting([this.prefix, "i", owner, ...place, instanceId], 6);
  }

  countsKey(owner: string): ViewKey {
    return [this.prefix, "n", owner];
  }

  countKey(owner: string, place: Place): ViewKey {
    return fitting([this.prefix, "n", owner, ...place], 6);
  }

  timerKey({ owner, instanceId, id, dueAtMs }: TimerName): ViewKey {
    return [this.prefix, "t", dueAtMs, owner, instanceId, id];
  }

  commandsKey(aggregate?: string): ViewKey {
    return aggregate === undefined ? [this.prefix, "c"] : [this.prefix, "c", aggregate];
  }

  commandKey(aggregate: string, { owner, instanceId }: InstanceName, commandId: string): ViewKey {
    return [
      this.prefix,
      "c",
      aggregate,
      owner,
      instanceId,
      ...commandOrderOf(commandId),
      commandId,
    ];
  }

  routedKey(owner: string): ViewKey {
    return [this.prefix, "r", owner];
  }
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
