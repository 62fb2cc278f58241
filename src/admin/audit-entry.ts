/** The audit log as an operator sees it. */
import type { Position } from "../kernel/event.js";

/** One change by an operator, asked for and carried out or refused; recorded in `tidemark/admin:log`. */
export interface AuditEntry {
  readonly position: Position;
  readonly atMs: number;
  /** The operation, or what was recorded of a reader (`RebuildRequested`). */
  readonly what: string;
  readonly subject: string;
  readonly by?: string;
  readonly via?: string;
  readonly reason?: string;
  /** Of what an operator did: `unfinished` where it was cut short by a crash, or is under way. Else `recorded`. */
  readonly outcome: "done" | "failed" | "unfinished" | "recorded";
  /** Of the error, where it failed. */
  readonly code?: string;
  readonly detail?: unknown;
}

/** Which entries. What is left out admits all. */
export interface AuditQuery {
  /** In `what`, whatever the case: `projection`, `rebuild`. */
  readonly what?: string;
  /** In `by`, whatever the case. */
  readonly by?: string;
  readonly outcome?: AuditEntry["outcome"];
  readonly before?: Position;
  /** Defaults to 100; at most 1,000. A page ends early, and gives `next`, where little fits. */
  readonly limit?: number;
}
