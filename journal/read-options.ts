/** Checks of what readers ask for, and the meaning of an event filter, shared by every journal. */
import { InvalidArgumentError } from "../src/kernel/errors.js";
import { checkId, checkStreamId, type StreamId } from "../src/kernel/ids.js";
import { checkInteger } from "../src/kernel/check.js";
import type { EventFilter, PageOptions, StreamReadOptions } from "./journal.js";

const MAX = Number.MAX_SAFE_INTEGER;

/** @throws InvalidArgumentError - Names the option. */
export function checkStreamReadOptions(streamId: StreamId, options: StreamReadOptions): void {
  checkStreamId("streamId", streamId);
  const { from, upTo, limit, direction } = options;
  if (from !== undefined) checkInteger("from", from, 0, MAX);
  if (upTo !== undefined) checkInteger("upTo", upTo, 0, MAX);
  if (limit !== undefined) checkInteger("limit", limit, 0, MAX);
  if (direction !== undefined && direction !== "forward" && (direction as string) !== "backward") {
    throw new InvalidArgumentError("direction", '"forward" or "backward"', direction);
  }
}

/** @throws InvalidArgumentError - Names the option. */
export function checkPageOptions(options: PageOptions): void {
  checkInteger("after", options.after, 0, MAX);
  if (options.upTo !== undefined) checkInteger("upTo", options.upTo, 0, MAX);
  checkInteger("limit", options.limit, 1, MAX);
  for (const name of ["eventTypes", "streamTypes"] as const) {
    const types: unknown = options.filter?.[name];
    if (types === undefined) continue;
    if (!Array.isArray(types))
      throw new InvalidArgumentError(`filter.${name}`, "an array of names", types);
    for (const type of types) checkId(`filter.${name}`, type);
  }
}

/** Whether an event is in both lists of the filter; a list that isn't there admits all. */
export function matches(
  filter: EventFilter | undefined,
  streamType: string,
  eventType: string,
): boolean {
  if (filter === undefined) return true;
  const { eventTypes, streamTypes } = filter;
  if (streamTypes !== undefined && !streamTypes.includes(streamType)) return false;
  return eventTypes === undefined || eventTypes.includes(eventType);
}
