/** What `decide` is told about one command; ids are made only when asked for. */
import type { Ids } from "../src/kernel/clock.js";
import type { Version } from "../src/kernel/event.js";
import type { CommandOptions } from "./call.js";
import type { DecideContext } from "./decision.js";

interface Entity {
  readonly entityId: string;
  readonly streamId: string;
  readonly version: Version;
}

export class Context implements DecideContext {
  readonly nowMs: number;
  readonly entityId: string;
  readonly streamId: string;
  readonly version: Version;
  readonly #options: CommandOptions;
  readonly #ids: Ids;

  constructor(entity: Entity, options: CommandOptions, nowMs: number, ids: Ids) {
    this.nowMs = nowMs;
    this.entityId = entity.entityId;
    this.streamId = entity.streamId;
    this.version = entity.version;
    this.#options = options;
    this.#ids = ids;
  }

  get commandId(): string | undefined {
    return this.#options.commandId;
  }

  get correlationId(): string | undefined {
    return this.#options.metadata?.correlationId ?? this.#options.commandId;
  }

  get causationId(): string | undefined {
    return this.#options.metadata?.causationId ?? this.#options.commandId;
  }

  get headers(): Readonly<Record<string, unknown>> | undefined {
    return this.#options.metadata?.headers;
  }

  newId(): string {
    return this.#ids.newId();
  }
}
