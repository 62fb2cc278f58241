/** What a caller may say about a command, and as the journal is told. */
import { checkMetadata } from "../journal/index.js";
import { checkInteger } from "../src/kernel/check.js";
import type { Metadata, RecordedEvent, Version } from "../src/kernel/event.js";
import { checkId } from "../src/kernel/ids.js";
import type { Limits } from "../src/kernel/limits.js";
import type { CommandOptions } from "./call.js";

/** What a caller may say about a told command. */
export interface TellOptions {
  /** The same id again gives the recorded answer and does nothing else. Unique in the whole journal. */
  readonly commandId?: string;
  /** Refuses the command with a VersionConflictError unless the entity is at this version. */
  readonly expectedVersion?: Version;
  readonly correlationId?: string;
  readonly causationId?: string;
  /** The event that leads to this command: gives its correlation, and its id as the causation. */
  readonly causedBy?: RecordedEvent;
  /** The user's own plain data, recorded with every event. */
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** What a caller may say about an asked command. */
export interface AskOptions extends TellOptions {
  /** How long to wait for the answer; defaults to the runtime's `askTimeoutMs`. */
  readonly timeoutMs?: number;
}

/** @throws InvalidArgumentError - One of them isn't valid. */
export function commandOptionsOf(options: TellOptions, limits: Limits): CommandOptions {
  const { commandId, expectedVersion, causedBy, headers } = options;
  if (commandId !== undefined) checkId("commandId", commandId);
  if (expectedVersion !== undefined)
    checkInteger("expectedVersion", expectedVersion, 0, Number.MAX_SAFE_INTEGER);
  const correlationId = options.correlationId ?? causedBy?.correlationId;
  const causationId = options.causationId ?? causedBy?.eventId;
  const given = {
    ...(commandId === undefined ? {} : { commandId }),
    ...(expectedVersion === undefined ? {} : { expectedVersion }),
  };
  if (correlationId === undefined && causationId === undefined && headers === undefined)
    return given;
  const metadata: Metadata = {
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(causationId === undefined ? {} : { causationId }),
    ...(headers === undefined ? {} : { headers }),
  };
  checkMetadata(metadata, limits);
  return { ...given, metadata };
}
