/**
 * A commit record as JSON and back, with nothing lost: a line of an export. `docs/internals/data-format.md` describes it for
 * strangers; a change here is a change of format.
 */
import { checkArray, checkInteger, checkObject } from "../src/kernel/check.js";
import { InvalidArgumentError } from "../src/kernel/errors.js";
import type { Metadata, Position, Version } from "../src/kernel/event.js";
import type { StreamId } from "../src/kernel/ids.js";
import { fromJsonForm, toJsonForm } from "../src/kernel/json-form.js";
import {
  NO_CLAIMS,
  type CommitRecord,
  type RecordClaim,
  type RecordEvent,
  type RecordPart,
} from "./record.js";

/** What a record is as JSON: the position of each stream's first event is spelled out, so that a part of it can be read alone. */
export interface RecordForm {
  readonly position: Position;
  readonly recordedAtMs: number;
  readonly streams: readonly {
    readonly streamId: StreamId;
    readonly position: Position;
    readonly firstVersion: Version;
    readonly truncateBefore?: Version;
    readonly events: readonly RecordEvent[];
  }[];
  readonly commandId?: string;
  readonly metadata?: unknown;
  readonly claims?: readonly ClaimForm[];
  readonly reply?: unknown;
}

interface ClaimForm {
  readonly op: RecordClaim["op"];
  readonly name: string;
  readonly key: string;
  readonly owner: StreamId;
  readonly expiresAtMs?: number | string;
  readonly to?: number | string;
}

/** JSON that stands for a record. */
export function recordForm(record: CommitRecord): RecordForm {
  let { position } = record;
  const streams = record.parts.map(({ streamId, firstVersion, truncateBefore, events }) => {
    const first = position;
    position += events.length;
    return {
      streamId,
      position: first,
      firstVersion,
      ...(truncateBefore === 0 ? {} : { truncateBefore }),
      events: events.map(eventForm),
    };
  });
  const { commandId, metadata, claims, reply } = record;
  return {
    position: record.position,
    recordedAtMs: record.recordedAtMs,
    streams,
    ...(commandId === undefined ? {} : { commandId }),
    ...(metadata === undefined ? {} : { metadata: toJsonForm(metadata) }),
    ...(claims.length === 0 ? {} : { claims: claims.map(claimForm) }),
    ...(reply === undefined ? {} : { reply: toJsonForm(reply[0]) }),
  };
}

function eventForm({ type, shape, data }: RecordEvent): RecordEvent {
  return { type, shape, data: toJsonForm(data) };
}

function claimForm({ op, name, key, owner, argument }: RecordClaim): ClaimForm {
  if (op === "move") return { op, name, key, owner, to: argument };
  return { op, name, key, owner, ...(argument === 0 ? {} : { expiresAtMs: argument }) };
}

/**
 * The record that JSON stands for.
 *
 * @throws InvalidArgumentError - It isn't the form of a record; names the part.
 */
export function recordOfForm(json: unknown): CommitRecord {
  checkObject("commit", json);
  const form = json as Record<string, unknown>;
  const position = integerIn(form, "position", 1);
  const parts: RecordPart[] = [];
  let next = position;
  for (const stream of listIn(form, "streams", 1)) {
    const part = partOf(stream, next);
    next += part.events.length;
    parts.push(part);
  }
  return {
    position,
    recordedAtMs: integerIn(form, "recordedAtMs", 0),
    parts,
    commandId: form["commandId"] === undefined ? undefined : textIn(form, "commandId"),
    metadata: form["metadata"] === undefined ? undefined : metadataOf(form["metadata"]),
    claims: form["claims"] === undefined ? NO_CLAIMS : listIn(form, "claims", 1).map(claimOf),
    reply: "reply" in form ? [fromJsonForm(form["reply"])] : undefined,
  };
}

function partOf(json: unknown, position: number): RecordPart {
  checkObject("stream", json);
  const form = json as Record<string, unknown>;
  const streamId = textIn(form, "streamId");
  if (form["position"] !== position)
    throw new InvalidArgumentError(`position of ${streamId}`, String(position), form["position"]);
  return {
    streamId,
    firstVersion: integerIn(form, "firstVersion", 1),
    truncateBefore: form["truncateBefore"] === undefined ? 0 : integerIn(form, "truncateBefore", 1),
    events: listIn(form, "events", 1).map(eventOf),
  };
}

function eventOf(json: unknown): RecordEvent {
  checkObject("event", json);
  const form = json as Record<string, unknown>;
  return {
    type: textIn(form, "type"),
    shape: integerIn(form, "shape", 1),
    data: fromJsonForm(form["data"]),
  };
}

function metadataOf(json: unknown): Metadata {
  const value = fromJsonForm(json);
  checkObject("metadata", value);
  return value;
}

function claimOf(json: unknown): RecordClaim {
  checkObject("claim", json);
  const form = json as Record<string, unknown>;
  const { op } = form;
  const rest = {
    name: textIn(form, "name"),
    key: textIn(form, "key"),
    owner: textIn(form, "owner"),
  };
  if (op === "move") return { op, ...rest, argument: textIn(form, "to") };
  if (op !== "take" && op !== "release")
    throw new InvalidArgumentError("claim op", '"take", "release" or "move"', op);
  const { expiresAtMs } = form;
  return {
    op,
    ...rest,
    argument: expiresAtMs === undefined ? 0 : integerIn(form, "expiresAtMs", 1),
  };
}

function integerIn(form: Record<string, unknown>, field: string, min: number): number {
  const value = form[field];
  checkInteger(field, value, min, Number.MAX_SAFE_INTEGER);
  return value;
}

function textIn(form: Record<string, unknown>, field: string): string {
  const value = form[field];
  if (typeof value === "string" && value !== "") return value;
  throw new InvalidArgumentError(field, "text", value);
}

function listIn(form: Record<string, unknown>, field: string, min: number): readonly unknown[] {
  const value = form[field];
  checkArray(field, value, min);
  return value as readonly unknown[];
}
