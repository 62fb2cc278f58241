/**
 * What an operator can ask of a runtime and do to it: one table, served alike to the command line (over the socket in the
 * data directory), to the panel (over HTTP) and to other machines (over NATS). Everything here is JSON once it went through
 * `toJsonForm`: dates, bigints and bytes have a form of their own there, and what is undefined is left out.
 */
import type { SagaGraph, SagaStatus } from "../../sagas/index.js";
import type { Position, Version } from "../kernel/event.js";
import type { CompactReport } from "../kernel/life-events.js";
import type { ForgetReport } from "../privacy/report.js";
import type { AuditRecord } from "../projections/audit.js";
import type { GenerationDiff } from "../projections/diff.js";
import type { ProjectionStatus, ReactorStatus, ExternalStatus } from "../projections/status.js";
import type { MessagingStatus } from "../messaging/messaging.js";
import type { RuleSetStatus } from "../rules/index.js";
import type { AuditEntry, AuditQuery } from "./audit-entry.js";
import type { EventsPage, EventsQuery } from "./event-shapes.js";
import type { Info } from "./info.js";
import type { ByName, ByStream, Done, Nothing, Operation, Reason } from "./operation-shapes.js";
import type {
  InstanceDetail,
  InstanceRef,
  InstancesQuery,
  ShownDocument,
  ShownInstance,
} from "./reading-shapes.js";
import type { At, ShownState, StateDiff, StreamInfo, TimelineEntry } from "./stream-shapes.js";
import type { ShownClaim, ShownOutboxEntry, ShownTimer } from "./waiting-shapes.js";
import type { Told } from "./told.js";

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

/** How everything stands. */
export interface Overview {
  readonly atMs: number;
  readonly upSinceMs: number;
  readonly health: "healthy" | "degraded" | "unhealthy";
  readonly problems: readonly Problem[];
  readonly head: Position;
  readonly eventsPerSecond: number;
  /** Commands to aggregates that were answered, whatever the answer. */
  readonly commandsPerSecond: number;
  readonly rejectedPerSecond: number;
  readonly failedPerSecond: number;
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

/** All operations. Those in `ADMIN_CHANGES` change something: they are audited, and refused to whoever may only read. */
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
    { readonly sessions: readonly unknown[]; readonly next?: string }
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
    AuditQuery,
    { readonly entries: readonly AuditEntry[]; readonly next?: Position }
  >;
  deadLetters: Operation<Nothing, { readonly deadLetters: readonly unknown[] }>;

  /** Figures in the form of Prometheus: families with their samples. */
  metrics: Operation<Nothing, { readonly families: readonly unknown[] }>;
  /** Destroys the keys of a subject: nothing can read what was sealed with them any more. With `dryRun` it only counts. */
  forget: Operation<
    Reason & { readonly subject: string; readonly dryRun?: boolean },
    { readonly report: ForgetReport }
  >;
  /** Wraps the keys of all subjects with the master key that is given now. */
  rotateKeys: Operation<Reason, { readonly masterKeyId: string }>;
  /** Ends an entity for good: it takes no more commands, and frees what it claims. */
  tombstone: Operation<ByStream & Reason, Done>;
  /**
   * Archives an entity's events in a file, and lets the summary that its definition gives stand for them. `archiveTo` is a full path on
   * the machine on which the runtime runs. Called again with the same file it goes on.
   */
  compact: Operation<
    ByStream & Reason & { readonly archiveTo: string },
    { readonly report: CompactReport }
  >;
  /**
   * Writes a copy of the journal into a folder that is empty or isn't there. `to` is a full path on the machine on which the runtime
   * runs.
   */
  backup: Operation<Reason & { readonly to: string }, { readonly report: unknown }>;
}

/** The name of an operation. */
export type OperationName = keyof AdminApi;
/** What an operation is given. */
export type InputOf<Name extends OperationName> = AdminApi[Name]["input"];
/** What an operation gives. */
export type OutputOf<Name extends OperationName> = AdminApi[Name]["output"];

/** A runtime to operate: in this process, over the socket of its directory, or over NATS. Errors come with their codes. */
export interface AdminClient {
  /**
   * Asks for an operation.
   *
   * @param options.by - Who asks, for the audit log.
   * @param options.signal - Aborted when nobody waits for the answer any more; what changes something may be done all the same.
   * @throws InvalidArgumentError, NotFoundError, OperationForbiddenError, OperationRejectedError, OperationRefusedError,
   *   OwnerNeededError, DefinitionsNeededError, UnknownOperationError - Nothing was done. Through a door it is an AdminError with
   *   that error's code.
   * @throws AdminClosedError - The connection ended first: what changes something may have been done.
   */
  call<Name extends OperationName>(
    operation: Name,
    input: InputOf<Name>,
    options?: { readonly by?: string; readonly signal?: AbortSignal },
  ): Promise<OutputOf<Name>>;
  /** Lets go of the connection, or of what was opened for looking. A runtime in this process goes on. */
  close(): Promise<void>;
}
