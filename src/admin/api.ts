/**
 * What an operator can ask of a runtime and do to it: one table, served alike to the command line (over the socket in the
 * data directory), to the panel (over HTTP) and to other machines (over NATS). Everything here is JSON once it went through
 * `toJsonForm`: dates, bigints and bytes have a form of their own there, and what is undefined is left out.
 */
import type { SagaGraph, SagaStatus } from "../../sagas/index.js";
import type { Position, Version } from "../kernel/event.js";
import type { AuditRecord } from "../projections/audit.js";
import type { GenerationDiff } from "../projections/diff.js";
import type { ProjectionStatus, ReactorStatus, ExternalStatus } from "../projections/status.js";
import type { MessagingStatus } from "../messaging/messaging.js";
import type { RuleSetStatus } from "../rules/index.js";
import type { Told } from "./told.js";

/** One operation: what it is given and what it gives. */
export interface Operation<Input, Output> {
  readonly input: Input;
  readonly output: Output;
}

/** Given to every operation that changes something; recorded with it in the audit log. */
export interface Reason {
  readonly reason?: string;
}

export type Nothing = Readonly<Record<string, never>>;
export interface ByName {
  readonly name: string;
}
export interface ByStream {
  readonly stream: string;
}
export interface Done {
  readonly done: true;
}

/** A moment of a stream: of the three at most one; none is now. */
export interface At {
  readonly version?: Version;
  readonly position?: Position;
  readonly timeMs?: number;
}

/** An event as an operator sees it. */
export interface ShownEvent {
  readonly position: Position;
  readonly stream: string;
  readonly version: Version;
  readonly type: string;
  readonly shape: number;
  readonly recordedAtMs: number;
  readonly correlationId: string;
  readonly causationId?: string;
  readonly headers?: unknown;
  /** Left out, with `hidden`, where whoever asks may not see payloads. */
  readonly data?: unknown;
  readonly hidden?: true;
}

export interface EventsQuery {
  readonly stream?: string;
  readonly streamTypes?: readonly string[];
  readonly types?: readonly string[];
  readonly fromMs?: number;
  readonly toMs?: number;
  readonly correlationId?: string;
  /** In the stream's id, the type or the data, whatever the case; costs a scan. */
  readonly text?: string;
  /** Exclusive bounds. */
  readonly after?: Position;
  readonly before?: Position;
  /** Newest first with `backward`; defaults to `forward`. */
  readonly direction?: "forward" | "backward";
  /** Defaults to 100; at most 1,000. */
  readonly limit?: number;
  /** Where nothing is found, waits so long for something that fits: following is asking again. At most 30,000. */
  readonly waitMs?: number;
}

export interface EventsPage {
  readonly events: readonly ShownEvent[];
  readonly head: Position;
  /** `after` (or, going backward, `before`) of the next page; undefined where the journal ends there. */
  readonly next?: Position;
  /** Every event that fits up to here is in this page or one before it. A scan ends early after `scannedMax` events. */
  readonly scannedTo: Position;
}

/** What a stream is of: what its state means, and whether it can be folded here. */
export type StreamKind = "aggregate" | "saga" | "rules" | "tidemark" | "other";

export interface StreamInfo {
  readonly stream: string;
  readonly kind: StreamKind;
  readonly version: Version;
  readonly truncatedBefore?: Version;
  readonly first?: { readonly position: Position; readonly recordedAtMs: number };
  readonly last?: { readonly position: Position; readonly recordedAtMs: number };
  readonly snapshot?: { readonly version: Version; readonly takenAtMs: number };
}

export interface ShownState {
  readonly stream: string;
  readonly kind: StreamKind;
  readonly version: Version;
  readonly state?: unknown;
  readonly hidden?: true;
}

/** One leaf that differs. `path` is `address.city` or `items.0.price`; a side that isn't there is left out. */
export interface Change {
  readonly path: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface StateDiff {
  readonly stream: string;
  readonly from: Version;
  readonly to: Version;
  readonly changes: readonly Change[];
  readonly hidden?: true;
}

/** One version of a stream: the event, and what it changed. */
export interface TimelineEntry {
  readonly event: ShownEvent;
  /** What the event changed of the state. */
  readonly changes: readonly Change[];
  readonly hidden?: true;
}

/** Something an operator should look at, most urgent first, with what can be done about it. */
export interface Problem {
  readonly severity: "unhealthy" | "degraded";
  /** `projection cars`, `saga transfer`, `nats`, `disk`, … */
  readonly subject: string;
  /** What is wrong, in a sentence. */
  readonly problem: string;
  /** What helps, in a sentence. */
  readonly advice: string;
  /** Operations that are offered as buttons. */
  readonly actions: readonly {
    readonly operation: OperationName;
    readonly input: unknown;
    readonly label: string;
  }[];
}

/** How long commands took. */
export interface Latency {
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly samples: number;
}

export interface Overview {
  readonly atMs: number;
  readonly upSinceMs: number;
  readonly health: "healthy" | "degraded" | "unhealthy";
  readonly problems: readonly Problem[];
  readonly head: Position;
  readonly eventsPerSecond: number;
  /** Left out, with the next three, where nothing measures commands. */
  readonly commandsPerSecond?: number;
  readonly rejectedPerSecond?: number;
  readonly failedPerSecond?: number;
  /** Of commands answered in the last ten seconds; left out where none was. */
  readonly latency?: Latency;
  readonly pool: {
    readonly activations: number;
    readonly activationsMax: number;
    readonly bytes: number;
    readonly bytesMax: number;
    readonly waiting: number;
    readonly evictedPerSecond: number;
    readonly hydratedPerSecond: number;
  };
  readonly journal: {
    readonly diskBytes: Readonly<Record<string, number>>;
    readonly growthBytesPerDay?: number;
    readonly freeBytes?: number;
    readonly inFlightBytes: number;
    readonly indexLag: number;
  };
  readonly memory: { readonly processBytes: number; readonly heapBytes: number };
  readonly readers: readonly {
    readonly name: string;
    readonly kind: "projection" | "reactor" | "external";
    readonly state: string;
    readonly paused: boolean;
    readonly lagEvents: number;
    readonly lagMs: number;
    readonly positionsPerSecond: number;
    readonly parked: number;
  }[];
  readonly sagas: readonly {
    readonly name: string;
    readonly active: number;
    readonly parked: number;
    readonly lagEvents: number;
  }[];
  readonly rules: readonly {
    readonly name: string;
    readonly sessions: number;
    readonly parked: number;
    readonly lagEvents: number;
  }[];
  readonly nats?: {
    readonly connected: boolean;
    readonly relayLag?: number;
    readonly parkedImports: number;
  };
}

export interface Info {
  readonly tidemark: string;
  readonly storeId: string;
  readonly service?: string;
  readonly directory?: string;
  readonly format: number;
  readonly node: string;
  readonly pid: number;
  readonly openedAtMs: number;
  readonly readOnly: boolean;
  readonly head: Position;
  readonly lastRecordedAtMs?: number;
  readonly diskBytes: Readonly<Record<string, number>>;
  readonly aggregates: readonly {
    readonly name: string;
    readonly eventTypes: readonly string[];
    readonly commandTypes: readonly string[];
  }[];
  readonly projections: readonly {
    readonly name: string;
    readonly version: number;
    readonly collections: readonly string[];
  }[];
  readonly reactors: readonly string[];
  readonly externals: readonly string[];
  readonly sagas: readonly { readonly name: string; readonly version: number }[];
  readonly ruleSets: readonly { readonly name: string; readonly version: number }[];
  readonly remotes: readonly string[];
  /** What whoever asks may do. */
  readonly may: { readonly change: boolean; readonly payloads: boolean };
}

export interface ShownDocument {
  readonly id: string;
  readonly document?: unknown;
  readonly hidden?: true;
}

export interface InstancesQuery {
  readonly name: string;
  readonly status?: "waiting" | "active" | "done" | "parked" | "ended";
  readonly state?: string;
  /** In one place for so long: the stuck ones. */ readonly sinceBeforeMs?: number;
  readonly limit?: number;
  readonly after?: string;
}
export interface ShownInstance {
  readonly instanceId: string;
  readonly status: string;
  readonly state: string;
  readonly version: number;
  readonly sinceMs: number;
  readonly problem?: string;
}
export interface InstanceRef {
  readonly name: string;
  readonly instanceId: string;
}
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

export interface ShownTimer {
  readonly owner: string;
  readonly instanceId: string;
  readonly timer: string;
  readonly dueAtMs: number;
}
export interface ShownOutboxEntry {
  /** Whose commands: `sagas`, or `rules/<rule set>`. */
  readonly owner: string;
  /** The aggregate that they are for. */
  readonly lane: string;
  readonly waiting: number;
  readonly attempts: number;
  readonly nextAtMs?: number;
  readonly error?: string;
}
export interface ShownClaim {
  readonly claim: string;
  readonly key: string;
  readonly owner: string;
  readonly expiresAtMs?: number;
  readonly position: Position;
}

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

/** All operations. Those under `ChangeName` change something: they are audited, and refused to whoever may only read. */
export interface AdminApi {
  info: Operation<Nothing, Info>;
  overview: Operation<Nothing, Overview>;

  events: Operation<EventsQuery, EventsPage>;
  /** Streams whose id begins like that, in order. */
  streams: Operation<
    { readonly prefix?: string; readonly after?: string; readonly limit?: number },
    {
      readonly streams: readonly { readonly stream: string; readonly version: Version }[];
      readonly next?: string;
    }
  >;
  stream: Operation<ByStream, StreamInfo>;
  state: Operation<ByStream & { readonly at?: At }, ShownState>;
  diff: Operation<ByStream & { readonly from: Version; readonly to?: Version }, StateDiff>;
  timeline: Operation<
    ByStream & { readonly from?: Version; readonly limit?: number },
    { readonly entries: readonly TimelineEntry[] }
  >;

  projections: Operation<
    Nothing,
    {
      readonly projections: readonly Told<ProjectionStatus>[];
      readonly reactors: readonly Told<ReactorStatus>[];
      readonly externals: readonly Told<ExternalStatus>[];
    }
  >;
  "projection.diff": Operation<ByName, { readonly diff?: Told<GenerationDiff> }>;
  "projection.parked": Operation<
    ByName & { readonly key?: string; readonly limit?: number },
    { readonly parked: readonly unknown[] }
  >;
  "projection.audit": Operation<ByName, { readonly records: readonly AuditRecord[] }>;
  "projection.documents": Operation<
    ByName & {
      readonly collection?: string;
      readonly id?: string;
      readonly after?: string;
      readonly limit?: number;
    },
    { readonly documents: readonly ShownDocument[]; readonly next?: string }
  >;
  "projection.pause": Operation<ByName & Reason, Done>;
  "projection.resume": Operation<ByName & Reason, Done>;
  "projection.rebuild": Operation<
    ByName & Reason & { readonly approve?: boolean },
    { readonly generation: number }
  >;
  "projection.approve": Operation<ByName & Reason, Done>;
  "projection.cancelRebuild": Operation<ByName & Reason, Done>;
  "projection.rollback": Operation<ByName & Reason, Done>;
  "projection.dropRetired": Operation<ByName & Reason, Done>;
  "projection.skip": Operation<ByName & Reason & { readonly position: Position }, Done>;
  "projection.replayParked": Operation<
    ByName & Reason & { readonly key?: string },
    { readonly result: unknown }
  >;
  "projection.discardParked": Operation<
    ByName & Reason & { readonly key: string; readonly position?: Position },
    { readonly discarded: number }
  >;
  "projection.rebuildKey": Operation<
    ByName & Reason & { readonly key: string },
    { readonly handled: number }
  >;

  sagas: Operation<Nothing, { readonly sagas: readonly Told<SagaStatus>[] }>;
  "saga.diagram": Operation<ByName, SagaGraph>;
  "saga.instances": Operation<
    InstancesQuery,
    { readonly instances: readonly ShownInstance[]; readonly next?: string }
  >;
  "saga.instance": Operation<InstanceRef, InstanceDetail>;
  "saga.check": Operation<ByName, { readonly report: unknown }>;
  "saga.refused": Operation<ByName, { readonly refused: readonly unknown[] }>;
  "saga.send": Operation<
    InstanceRef & Reason & { readonly event: { readonly type: string; readonly data?: unknown } },
    Done
  >;
  "saga.park": Operation<InstanceRef & Reason, Done>;
  /** A parked instance tries again what it was parked for, and goes on. */
  "saga.retry": Operation<InstanceRef & Reason, Done>;
  "saga.discard": Operation<InstanceRef & Reason, Done>;
  "saga.end": Operation<InstanceRef & Reason, Done>;

  rules: Operation<Nothing, { readonly ruleSets: readonly Told<RuleSetStatus>[] }>;
  "rules.sessions": Operation<
    ByName & {
      readonly status?: "active" | "parked";
      readonly after?: string;
      readonly limit?: number;
    },
    { readonly sessions: readonly unknown[] }
  >;
  "rules.session": Operation<
    ByName & { readonly sessionId: string },
    { readonly session?: unknown; readonly hidden?: true }
  >;
  "rules.alerts": Operation<
    ByName & { readonly rule?: string; readonly before?: Position; readonly limit?: number },
    { readonly alerts: readonly unknown[]; readonly next?: Position }
  >;
  "rules.explain": Operation<
    ByName & { readonly position: Position },
    { readonly explanation: unknown }
  >;
  "rules.park": Operation<ByName & Reason & { readonly sessionId: string }, Done>;
  "rules.release": Operation<ByName & Reason & { readonly sessionId: string }, Done>;
  "rules.discard": Operation<ByName & Reason & { readonly sessionId: string }, Done>;

  timers: Operation<{ readonly limit?: number }, { readonly timers: readonly ShownTimer[] }>;
  outbox: Operation<Nothing, { readonly lanes: readonly ShownOutboxEntry[] }>;
  claims: Operation<
    {
      readonly claim?: string;
      readonly prefix?: string;
      readonly after?: string;
      readonly limit?: number;
    },
    { readonly claims: readonly ShownClaim[]; readonly next?: string }
  >;
  nats: Operation<Nothing, { readonly messaging?: Told<MessagingStatus> }>;
  "imports.parked": Operation<
    ByName & { readonly limit?: number },
    { readonly parked: readonly unknown[] }
  >;
  "imports.replay": Operation<ByName & Reason, { readonly replayed: unknown }>;
  "imports.discard": Operation<
    ByName & Reason & { readonly entityId?: string },
    { readonly discarded: number }
  >;
  "imports.acceptGaps": Operation<ByName & Reason, { readonly accepted: readonly unknown[] }>;
  audit: Operation<
    { readonly before?: Position; readonly limit?: number },
    { readonly entries: readonly AuditEntry[]; readonly next?: Position }
  >;
  deadLetters: Operation<Nothing, { readonly deadLetters: readonly unknown[] }>;

  /** Writes a copy of the journal into a folder of the machine on which the runtime runs. */
  backup: Operation<Reason & { readonly to: string }, { readonly report: unknown }>;
}

export type OperationName = keyof AdminApi;
export type InputOf<Name extends OperationName> = AdminApi[Name]["input"];
export type OutputOf<Name extends OperationName> = AdminApi[Name]["output"];

/** A runtime to operate: in this process, over the socket of its directory, or over NATS. Errors come with their codes. */
export interface AdminClient {
  call<Name extends OperationName>(
    operation: Name,
    input: InputOf<Name>,
    options?: { readonly by?: string; readonly signal?: AbortSignal },
  ): Promise<OutputOf<Name>>;
  close(): Promise<void>;
}
