/**
 * What operators did, as events of the stream `tidemark/admin:log`: the action before it is carried out, and then how it ended.
 * An action without an end was cut short by a crash, or is under way.
 *
 * ```
 * AdminAction      { operation, input, via, by?, reason? }
 * AdminActionDone  { of }           of: position of the action
 * AdminActionFailed{ of, code }
 * ```
 */
import type { Journal } from "../../journal/index.js";
import type { Position } from "../kernel/event.js";
import { streamIdOf } from "../kernel/ids.js";
import { AUDIT_STREAM_TYPE } from "../projections/audit.js";

export const ADMIN_STREAM = streamIdOf(AUDIT_STREAM_TYPE, "admin:log");

/** An action, as recorded. */
export interface AdminAction {
  readonly operation: string;
  /** Without payloads. */
  readonly input: unknown;
  readonly via: string;
  readonly by?: string;
  readonly reason?: string;
}

/** How an action ended, as recorded. */
export interface AdminActionEnd {
  /** Position of the action. */
  readonly of: Position;
  /** Of the error, where it failed. */
  readonly code?: string;
}

export class AdminLog {
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
  }

  /** Resolves once it is on disk, with its position. */
  async begin(action: AdminAction): Promise<Position> {
    return this.#append("AdminAction", action);
  }

  async done(of: Position): Promise<void> {
    await this.#append("AdminActionDone", { of } satisfies AdminActionEnd);
  }

  async failed(of: Position, code: string): Promise<void> {
    await this.#append("AdminActionFailed", { of, code } satisfies AdminActionEnd);
  }

  async #append(type: string, data: unknown): Promise<Position> {
    const { position } = await this.#journal.append({
      streams: [{ streamId: ADMIN_STREAM, events: [{ type, data }] }],
    });
    return position;
  }
}
