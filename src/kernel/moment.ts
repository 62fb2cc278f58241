/** Moments of the past, for whoever looks back: each is inclusive, and names the events that had been recorded by then. */
import { checkInteger } from "./check.js";
import { InvalidArgumentError } from "./errors.js";
import type { Position, StoredEvent, Version } from "./event.js";

/** A moment of the whole journal. */
export type LogMoment =
  | { readonly position: Position }
  /** Wall time in milliseconds since 1970, compared with when events were recorded. */
  | { readonly timeMs: number };

/** A moment of one stream. */
export type Moment = LogMoment | { readonly version: Version };

/** @throws InvalidArgumentError - It is none of these. */
export function checkMoment(at: Moment): void {
  const name = nameIn(at, ["version", "position", "timeMs"]);
  if (name === undefined)
    throw new InvalidArgumentError("at", "{ version }, { position } or { timeMs }", at);
}

/** @throws InvalidArgumentError - It is none of these. */
export function checkLogMoment(at: LogMoment): void {
  const name = nameIn(at, ["position", "timeMs"]);
  if (name === undefined) throw new InvalidArgumentError("at", "{ position } or { timeMs }", at);
}

function nameIn(at: unknown, names: readonly string[]): string | undefined {
  const given: unknown = typeof at === "object" && at !== null ? at : {};
  const fields = given as Readonly<Record<string, unknown>>;
  const name = names.find((each) => each in fields);
  if (name !== undefined) checkInteger(`at.${name}`, fields[name], 0, Number.MAX_SAFE_INTEGER);
  return name;
}

/** Whether an event had been recorded by then. */
export function isRecordedBy(
  at: Moment | undefined,
  event: Pick<StoredEvent, "version" | "position" | "recordedAtMs">,
): boolean {
  if (at === undefined) return true;
  if ("version" in at) return event.version <= at.version;
  if ("position" in at) return event.position <= at.position;
  return event.recordedAtMs <= at.timeMs;
}
