/** Hands stored events to a unit as today's, and says of each failure which event it belongs to. */
import type { SourceReader } from "../../journal/index.js";
import type { RecordedEvent } from "../kernel/event.js";
import { provenanceOf, withProvenance } from "../kernel/provenance.js";
import { traceOf } from "../kernel/tracer.js";
import { HandlerFailedError } from "./errors.js";
import type { Unit } from "./unit.js";

export interface EventApplierOptions {
  /** Names the reader in errors. */
  readonly name: string;
  readonly source: SourceReader;
  readonly keyOf: (event: RecordedEvent) => string;
  /** Asked before an event is handled; a throw means that it fails. */
  beforeEvent?(event: RecordedEvent): void;
}

export class EventApplier {
  readonly #unit: Unit;
  readonly #options: EventApplierOptions;

  constructor(unit: Unit, options: EventApplierOptions) {
    this.#unit = unit;
    this.#options = options;
  }

  /** @throws HandlerFailedError - Or as a rejection. */
  apply(event: RecordedEvent): Promise<void> | undefined {
    try {
      this.#options.beforeEvent?.(event);
      let pending: Promise<void> | undefined;
      for (const current of this.#options.source.upcast(event)) {
        if (pending !== undefined) {
          pending = pending.then(() => this.#unit.apply(current));
          continue;
        }
        const taken = this.#unit.apply(current);
        if (taken !== undefined) pending = taken;
      }
      return pending?.catch((error: unknown) => {
        throw this.#failed(event, error);
      });
    } catch (error) {
      throw this.#failed(event, error);
    }
  }

  #failed(event: RecordedEvent, cause: unknown): HandlerFailedError {
    // A unit that works on several events at a time says itself which of them failed.
    if (cause instanceof HandlerFailedError) return cause;
    const { position, streamId, type } = event;
    const { name } = this.#options;
    const trace = traceOf(event.headers);
    const failed = new HandlerFailedError(name, position, streamId, type, cause, trace);
    // What it threw may tell what it was told.
    return withProvenance(failed, provenanceOf(cause) ?? provenanceOf(event));
  }

  /** A key function may fail, too; then the event is known by its entity. */
  keyOf(event: RecordedEvent): string {
    try {
      const key: unknown = this.#options.keyOf(event);
      return typeof key === "string" && key !== "" ? key : event.entityId;
    } catch {
      return event.entityId;
    }
  }
}
