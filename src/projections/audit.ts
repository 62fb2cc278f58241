/**
 * What was done to projections and reactors, as events in a stream for each: `tidemark/<name>`. It is a record, and the truth:
 * whether a projection is paused and which events it was told to pass over is the fold of its stream, so it survives
 * the loss of the views.
 */
import type { Journal } from "../../journal/index.js";
import { asError } from "../kernel/errors.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import { handedOn } from "../kernel/provenance.js";
import { streamIdOf } from "../kernel/ids.js";
import type { HandlerFailedError } from "./errors.js";

/** Name of the streams; no aggregate may have it. */
export const AUDIT_STREAM_TYPE = "tidemark";

/** Who did something, and why; recorded with it. */
export interface Actor {
  readonly by?: string;
  readonly reason?: string;
}

/** What was done to a reader. */
export type AuditType =
  | "Paused"
  | "Resumed"
  | "RebuildRequested"
  | "RebuildApproved"
  | "RebuildCancelled"
  | "GenerationServes"
  | "RolledBack"
  | "GenerationDropped"
  | "EventSkipped"
  | "ParkedReplayed"
  | "ParkedDiscarded"
  | "KeyRebuilt"
  | "ReactorStarted"
  | "ReactorAdvanced";

/** Something that was done, as recorded. */
export interface AuditRecord {
  readonly type: AuditType;
  readonly atMs: number;
  readonly position: Position;
  readonly data: Readonly<Record<string, unknown>>;
}

/** The fold of a stream. */
export interface Controls {
  readonly paused: boolean;
  /** Positions to pass over, by version of the projection; a reactor has version 0. */
  readonly skipped: ReadonlyMap<number, Set<Position>>;
  /** Position that a reactor is known to have reached at least. */
  readonly reached: Position | undefined;
}

export class Audit {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Resolves once it is on disk. */
  async record(
    name: string,
    type: AuditType,
    data: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    const events = [{ type, data }];
    const streams = [{ streamId: streamIdOf(AUDIT_STREAM_TYPE, name), events }];
    await this.#journal.append(handedOn(data, { streams }));
  }

  /** Oldest first. */
  records(name: string): AuditRecord[] {
    return [...this.#journal.readStream(streamIdOf(AUDIT_STREAM_TYPE, name))].map(recordOf);
  }

  controls(name: string): Controls {
    let paused = false;
    let reached: Position | undefined;
    const skipped = new Map<number, Set<Position>>();
    for (const { type, data } of this.records(name)) {
      if (type === "Paused") paused = true;
      else if (type === "Resumed") paused = false;
      else if (type === "EventSkipped") {
        const { version, at } = data as { version: number; at: Position };
        skipped.set(version, (skipped.get(version) ?? new Set<Position>()).add(at));
      } else if (type === "ReactorStarted" || type === "ReactorAdvanced") {
        reached = (data as { at: Position }).at;
      }
    }
    return { paused, skipped, reached };
  }
}

function recordOf({ type, recordedAtMs, position, data }: RecordedEvent): AuditRecord {
  return {
    type: type as AuditType,
    atMs: recordedAtMs,
    position,
    data: data as Readonly<Record<string, unknown>>,
  };
}

/** The fields of an actor that are given, to be recorded. */
export function actorFields({ by, reason }: Actor): Readonly<Record<string, string>> {
  return { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
}

/** The records that every reader has, of one reader. */
export class ReaderAudit {
  readonly #audit: Audit;
  readonly #name: string;

  constructor(audit: Audit, name: string) {
    this.#audit = audit;
    this.#name = name;
  }

  /** Resolves once it is on disk. */
  record(type: AuditType, data: Readonly<Record<string, unknown>>): Promise<void> {
    return this.#audit.record(this.#name, type, data);
  }

  skipped(version: number, at: Position, actor: Actor): Promise<void> {
    return this.record("EventSkipped", { ...actorFields(actor), version, at });
  }

  /** Its policy passes an event over. */
  skippedByPolicy(version: number, error: HandlerFailedError): Promise<void> {
    const { position: at, eventType, streamId, cause } = error;
    const reason = `its policy passes over what fails: ${asError(cause).message}`;
    const data = { version, at, eventType, streamId, reason };
    return this.record("EventSkipped", handedOn(error, data));
  }

  /** @param key - Undefined for all keys. */
  replayed(key: string | undefined, actor: Actor): Promise<void> {
    const keys = key === undefined ? {} : { key };
    return this.record("ParkedReplayed", { ...actorFields(actor), ...keys });
  }

  /** @param position - Undefined for all of the key. */
  discarded(key: string, position: Position | undefined, actor: Actor): Promise<void> {
    const at = position === undefined ? {} : { at: position };
    return this.record("ParkedDiscarded", { ...actorFields(actor), key, ...at });
  }
}
