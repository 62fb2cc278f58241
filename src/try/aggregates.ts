/** Every stream of the log through candidate aggregates: which can't be read, and which come to another state than today's. */
import { readState, type AnyAggregate } from "../../actors/index.js";
import { readAll, type Journal } from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";
import { asError } from "../kernel/errors.js";
import { samePlainData } from "../kernel/same-plain-data.js";

/** A stream whose state isn't what it is today. */
export interface StateDifference {
  readonly streamId: string;
  readonly before: unknown;
  readonly after: unknown;
}

/** What a candidate aggregate makes of the streams there are. */
export interface AggregateTrial {
  readonly aggregate: string;
  /** Recorded types that it neither evolves nor has an upcaster for: a runtime wouldn't open. */
  readonly unreadableTypes: readonly string[];
  readonly streams: number;
  /** Streams that can't be folded, and the first of them with why. */
  readonly unreadable: number;
  readonly unreadableSamples: readonly { readonly streamId: string; readonly error: string }[];
  /** Of those that can be, how many come to another state; undefined where today's definition wasn't given. */
  readonly different: number | undefined;
  readonly differentSamples: readonly StateDifference[];
}

const SAMPLES_MAX = 5;
const AT_ONCE = 200;

/** One stream at a time is in memory. */
export async function tryAggregate(
  journal: Journal,
  clock: Clock,
  candidate: AnyAggregate,
  current: AnyAggregate | undefined,
): Promise<AggregateTrial> {
  const { name, behavior } = candidate;
  const unreadableTypes = journal.eventTypes(name).filter((type) => !behavior.reads(type));
  const unreadableSamples: { streamId: string; error: string }[] = [];
  const differentSamples: StateDifference[] = [];
  let [streams, unreadable, different] = [0, 0, 0];
  for (const { streamId, version } of readAll(journal, { filter: { streamTypes: [name] } })) {
    if (version !== 1) continue;
    streams += 1;
    if (streams % AT_ONCE === 0) await new Promise<void>((resolve) => clock.defer(resolve));
    const after = stateOf(journal, candidate, streamId);
    if (after instanceof Error) {
      unreadable += 1;
      if (unreadable <= SAMPLES_MAX) unreadableSamples.push({ streamId, error: after.message });
      continue;
    }
    const before = current === undefined ? after : stateOf(journal, current, streamId);
    if (before instanceof Error || samePlainData(before.state, after.state)) continue;
    different += 1;
    if (different <= SAMPLES_MAX)
      differentSamples.push({ streamId, before: before.state, after: after.state });
  }
  return {
    aggregate: name,
    unreadableTypes,
    streams,
    unreadable,
    unreadableSamples,
    different: current === undefined ? undefined : different,
    differentSamples,
  };
}

function stateOf(journal: Journal, { behavior }: AnyAggregate, streamId: string) {
  try {
    return readState(journal, behavior, streamId, undefined);
  } catch (error) {
    return asError(error);
  }
}
