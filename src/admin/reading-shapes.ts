/** What is read and coordinated, as an operator sees it. */

/** A document of a view. */
export interface ShownDocument {
  readonly id: string;
  readonly document?: unknown;
  readonly hidden?: true;
}

/** Which instances of a saga. */
export interface InstancesQuery {
  readonly name: string;
  readonly status?: "waiting" | "active" | "done" | "parked" | "ended";
  readonly state?: string;
  /** In one place for so long: the stuck ones. */ readonly sinceBeforeMs?: number;
  readonly limit?: number;
  readonly after?: string;
}

/** An instance of a saga, in a list. */
export interface ShownInstance {
  readonly instanceId: string;
  readonly status: string;
  readonly state: string;
  readonly version: number;
  readonly sinceMs: number;
  readonly problem?: string;
}

/** Names an instance of a saga. */
export interface InstanceRef {
  readonly name: string;
  readonly instanceId: string;
}

/** An instance of a saga as it stands, and the last 500 events of its history. */
export interface InstanceDetail extends ShownInstance {
  readonly value: unknown;
  readonly context?: unknown;
  readonly output?: unknown;
  readonly hidden?: true;
  readonly steps: number;
  readonly timers: readonly unknown[];
  readonly commands: readonly unknown[];
  readonly compensations: readonly unknown[];
  readonly kept: readonly unknown[];
  readonly history: readonly unknown[];
}
