/**
 * The public door of Tidemark.
 *
 * @packageDocumentation
 */
export {
  aggregate,
  reject,
  ActorError,
  AskTimeoutError,
  DecideFailedError,
  EvolveFailedError,
  HistoryArchivedError,
  HydrationFailedError,
  MailboxFullError,
  PoolFullError,
  RuntimeClosedError,
  SummaryMismatchError,
  UnknownAggregateError,
  type Accepted,
  type ActorCommandFigures,
  type ActorFigures,
  type Aggregate,
  type AggregateDefinition,
  type Answer,
  type AnyAggregate,
  type AskOptions,
  type ClaimDefinition,
  type ClaimedKey,
  type ClaimValue,
  type CommandFigures,
  type DeadLetter,
  type DecideContext,
  type Decision,
  type DryRunAccepted,
  type EventOf,
  type PoolFigures,
  type RecentCommandFigures,
  type Rejected,
  type SnapshotPolicy,
  type StateAt,
  type TellOptions,
} from "../actors/index.js";
export {
  AppendOutcomeUnknownError,
  ClaimNotHeldError,
  ClaimTakenError,
  CommandIdReusedError,
  JournalClosedError,
  KeyStoreError,
  JournalCorruptedError,
  JournalError,
  JournalFormatError,
  JournalFullError,
  JournalOverloadedError,
  JournalOwnedError,
  JournalPoisonedError,
  JournalReadOnlyError,
  SubscriptionStoppedError,
  SubscriptionTimeoutError,
  UnreadableEventError,
  upcaster,
  Upcaster,
  VersionConflictError,
  WriterFencedError,
  type EventFilter,
  type ExpectedVersion,
  type JournalFigures,
  type ReadAllOptions,
  type StreamReadOptions,
  type SubscriptionState,
  type SubscriptionStatus,
} from "../journal/index.js";
export type {
  AdminApi,
  AdminClient,
  InputOf,
  Latency,
  OperationName,
  OutputOf,
  Overview,
  Problem,
} from "./admin/api.js";
export type { AuditEntry, AuditQuery } from "./admin/audit-entry.js";
export type { EventsPage, EventsQuery, ShownEvent } from "./admin/event-shapes.js";
export type { Info } from "./admin/info.js";
export type {
  ByName,
  ByStream,
  Done,
  Nothing,
  Operation,
  Reason,
} from "./admin/operation-shapes.js";
export type {
  InstanceDetail,
  InstanceRef,
  InstancesQuery,
  ShownDocument,
  ShownInstance,
} from "./admin/reading-shapes.js";
export type {
  At,
  Change,
  ShownState,
  StateDiff,
  StreamInfo,
  StreamKind,
  TimelineEntry,
} from "./admin/stream-shapes.js";
export type { ShownClaim, ShownOutboxEntry, ShownTimer } from "./admin/waiting-shapes.js";
export type { AdminOptions } from "./admin/admin-options.js";
export type { Caller } from "./admin/caller.js";
export { connectAdmin, type ConnectAdminOptions } from "./admin/connect.js";
export {
  AdminClosedError,
  AdminError,
  DefinitionsNeededError,
  NoOwnerError,
  NotFoundError,
  OperationForbiddenError,
  OperationRejectedError,
  OwnerNeededError,
  UnknownOperationError,
} from "./admin/errors.js";
export { CHANGES as ADMIN_CHANGES, NAMES as ADMIN_OPERATIONS } from "./admin/operations.js";
export type { Told, ToldError } from "./admin/told.js";
export { fromJsonForm, toJsonForm } from "./kernel/json-form.js";
export type { Clock, Ids, Timer } from "./kernel/clock.js";
export type {
  CommandOutcome,
  CommandAddress,
  DeliveryStatus,
  Hand,
  LaneStatus,
  Origin as InputOrigin,
  PendingCommand,
  PendingTimer,
  RefusedInput,
  TimerEvent,
} from "./delivery/index.js";
export type { CommandAnswer, CommandOf, CommandTarget } from "./kernel/command-port.js";
export {
  hasCode,
  InvalidArgumentError,
  TidemarkError,
  type ErrorDetails,
} from "./kernel/errors.js";
export type {
  DataOf,
  EmptyData,
  Message,
  MessageOf,
  Metadata,
  OwnData,
  Position,
  RecordedEvent,
  RecordedFields,
  TypeOf,
  Version,
} from "./kernel/event.js";
export type { StreamId } from "./kernel/ids.js";
export { ARCHIVED, TOMBSTONED, type Archive, type CompactReport } from "./kernel/life-events.js";
export type { HistogramFigures } from "./kernel/histogram.js";
export type { Limits } from "./kernel/limits.js";
export type { Logger } from "./kernel/log.js";
export type { Span, SpanAttributes, SpanKind, TraceContext, Tracer } from "./kernel/tracer.js";
export type { LogMoment, Moment } from "./kernel/moment.js";
export type { Endpoint, EndpointDefinition } from "./messaging/endpoint.js";
export {
  BadMessageError,
  DisconnectedError,
  ImportFullError,
  JournalBehindLogError,
  LogFullError,
  MessagingClosedError,
  NoRespondersError,
  RemoteFailedError,
  RequestTimeoutError,
} from "./messaging/errors.js";
export type { ParkedMessage } from "./messaging/import-journal.js";
export type { WaitingFor } from "./messaging/import-page.js";
export type { Origin, StoreProgress } from "./messaging/import-records.js";
export type {
  DiscardQuery,
  ImportReplay,
  ImportStatus,
  ParkedQuery,
} from "./messaging/importer.js";
export type { Imports, RemoteRef } from "./messaging/imports.js";
export type { LogBounds } from "./messaging/in-process-log.js";
export { inProcessHub, type InProcessHub } from "./messaging/in-process.js";
export type { MessagingStatus } from "./messaging/messaging.js";
export type { RelayStatus } from "./messaging/relay.js";
export type { RemoteAskOptions } from "./messaging/remote-commands.js";
export {
  remote,
  type RemoteAggregate,
  type RemoteDefinition,
  type RemoteOptions,
  type RemoteSchemas,
} from "./messaging/remote.js";
export type {
  Address,
  Closable,
  ConnectionStatus,
  ConsumeOptions,
  Delivery,
  Handled,
  LogStanding,
  Publication,
  Service,
  Transport,
  TransportConnection,
  TransportHost,
  WireMessage,
} from "./messaging/transport.js";
export type { Actor, AuditRecord, AuditType } from "./projections/audit.js";
export {
  collection,
  type AnyCollection,
  type Collection,
  type Collections,
  type DocumentOf,
  type Indexes,
  type IndexesOf,
  type IndexField,
  type IndexValue,
  type ListField,
  type ListItem,
  type NameOf,
  type OnlyName,
  type OnlyOneOf,
  type ValuesOfFields,
  type WithIndex,
} from "./projections/collection.js";
export type { DocumentDifference, GenerationDiff } from "./projections/diff.js";
export type { Documents } from "./projections/documents.js";
export { EffectTimeoutError } from "./projections/effect-unit.js";
export {
  DocumentNotUniqueError,
  HandlerFailedError,
  OperationRefusedError,
  ViewBehindError,
  ViewNotBuiltError,
  WatchOverflowError,
} from "./projections/errors.js";
export type { EventOfSources, EventSource } from "../journal/index.js";
export {
  CheckpointBeyondLogError,
  CheckpointMovedError,
  ExternalTimeoutError,
  type Blame,
  type ExternalDatabase,
} from "./projections/external-database.js";
export {
  externalProjection,
  type ExternalHandler,
  type ExternalProjection,
  type ExternalProjectionDefinition,
} from "./projections/external-projection.js";
export type { FailurePolicy } from "./projections/failure-policy.js";
export type { Operations, ReaderRef } from "./projections/operations.js";
export type { PastView, PastViewOptions } from "./projections/past-view.js";
export type { ReplayResult } from "./projections/parked-replay.js";
export type { ParkedEvent } from "./projections/parking.js";
export type { RebuildOptions } from "./projections/projection-host.js";
export {
  projection,
  type AnyProjection,
  type DocumentsOf,
  type Handler,
  type Lifecycle,
  type Projection,
  type ProjectionDefinition,
} from "./projections/projection.js";
export type {
  CollectionReader,
  Cursor,
  DocumentPage,
  Entry,
  IdRange,
  IndexRange,
  LeadingValues,
  PageQuery,
  ReadOptions,
} from "./projections/query.js";
export {
  reactor,
  type Reaction,
  type ReactionContext,
  type Reactor,
  type ReactorDefinition,
} from "./projections/reactor.js";
export type { RebuildPhase } from "./projections/rebuild.js";
export type {
  ExternalStatus,
  GenerationStatus,
  Health,
  HealthProblem,
  HealthState,
  ProjectionStatus,
  ReactorStatus,
  ReaderError,
  ReaderStatus,
  RebuildStatus,
} from "./projections/status.js";
export { ViewCorruptedError } from "./projections/view-corrupted.js";
export type { CollectionReaders, View, ViewOf } from "./projections/view.js";
export type { WatchedChange } from "./projections/watch.js";
export {
  changeText,
  counter,
  fact,
  rule,
  RuleFailedError,
  ruleSet,
  sequence,
  SessionFullError,
  sessionWindow,
  signal,
  slidingWindow,
  tumblingWindow,
  type Act,
  type AlertQuery,
  type AlertOfRule,
  type AlertsOf,
  type Binding,
  type ChangePhase,
  type ChangeReport,
  type ChangeStatus,
  type CollectOptions,
  type CounterKind,
  type DataOfKind,
  type ExplainedFact,
  type Explanation,
  type FactInfo,
  type FactKind,
  type Fired,
  type FiredCause,
  type FiredFact,
  type FiredRecord,
  type FiringSample,
  type Flattened,
  type KeptEvent,
  type Kind,
  type ListedSession,
  type MatchedFact,
  type NamedAlert,
  type PatternOptions,
  type Predicate,
  type RaisedAlert,
  type Rule,
  type RuleBuilder,
  type RuleChange,
  type RuleProblem,
  type RuleSendOptions,
  type Rules,
  type RulesAnswer,
  type RuleSet,
  type RuleSetDefinition,
  type RuleSetStatus,
  type Sample,
  type SequenceEvent,
  type SequenceEventOf,
  type SequenceKind,
  type SequenceOptions,
  type SequenceStep,
  type SequenceValue,
  type Session,
  type SessionCount,
  type SessionFact,
  type SessionLimits,
  type SessionQuery,
  type SessionWindowKind,
  type SignalKind,
  type SlidingWindowKind,
  type TumblingWindowKind,
  type WaitingMatch,
  type WindowKind,
  type WindowValue,
  type WorkingMemory,
} from "./rules/index.js";
export type { CompactOptions, TombstoneOptions } from "./runtime/entity-life.js";
export type { Runtime } from "./runtime.js";
export type { RuntimeStatus } from "./runtime/status.js";
export type { MetricFamily, MetricSample } from "./runtime/metrics/metric.js";
export { openRuntime } from "./runtime/open.js";
export { openAdmin, type OpenAdminOptions } from "./runtime/open-admin.js";
export type { ClaimHolder } from "./runtime/claim-holder.js";
export {
  endpoint,
  type AnyEndpoint,
  type EndpointContext,
  type QueryOf,
} from "./runtime/endpoint.js";
export type { Exposed, OpenRuntimeOptions, RuntimeOptions } from "./runtime/options.js";
export type { RemoteHandle } from "./runtime/remote-handle.js";
export {
  TenantInUseError,
  TenantOpenFailedError,
  TenantsClosedError,
  TenantsFullError,
  UnknownTenantError,
} from "./tenants/errors.js";
export type { TenantFailure } from "./tenants/failures.js";
export type { TenantMetricsOptions } from "./tenants/metrics.js";
export type { TenantsOptions } from "./tenants/options.js";
export type { TenantsStatus, TenantStatus } from "./tenants/status.js";
export { openTenants, type TenantLease, type Tenants } from "./tenants/tenants.js";
export type { AggregateTrial, StateDifference } from "./try/aggregates.js";
export type { ProjectionTrial } from "./try/projections.js";
export type { SagaTrial, StepDifference, TriedCommand, TriedStep } from "./try/sagas.js";
export { tryOut, type Candidates, type TryOutOptions, type TryOutReport } from "./try/try-out.js";
export { backupKeys } from "./maintenance/backup-keys.js";
export { backupStore } from "./maintenance/backup-store.js";
export { MaintenanceError } from "./maintenance/child.js";
export {
  compareStores,
  type CommitDifference,
  type Comparison,
} from "./maintenance/compare-stores.js";
export { ExportDamagedError, type ExportHeader } from "./maintenance/export-format.js";
export type { ExportSelection } from "./maintenance/export-lines.js";
export type { ExportSource } from "./maintenance/export-reader.js";
export {
  checkExport,
  exportLines,
  exportStore,
  type ExportOptions,
  type ExportReport,
  type ExportSummary,
} from "./maintenance/export-store.js";
export {
  growthOf,
  type DayFigures,
  type GrowthOptions,
  type GrowthReport,
  type KindFigures,
} from "./maintenance/growth.js";
export { importStore, type ImportOptions, type ImportReport } from "./maintenance/import-store.js";
export type { ReclaimableStream, ReclaimPlan } from "./maintenance/reclaim-plan.js";
export {
  planReclaim,
  reclaimStore,
  type ReclaimOptions,
  type ReclaimPlanOptions,
  type ReclaimReport,
} from "./maintenance/reclaim-store.js";
export { restoreKeys } from "./maintenance/restore-keys.js";
export { restoreStore, type RestoreReport } from "./maintenance/restore-store.js";
export { salvageStore } from "./maintenance/salvage-store.js";
export { verifyStore, type MaintenanceOptions } from "./maintenance/verify-store.js";
export type {
  BackupReport,
  IncompleteStream,
  KeysReport,
  ProgressListener,
  SalvageReport,
  StoreProblem,
  VerifyReport,
} from "../journal/index.js";

export {
  commandTo,
  compensate,
  MachineRefusedError,
  NotDurableError,
  resume,
  saga,
  send,
  start,
  startOrResume,
  type AnswerAddress,
  type AnsweredCommand,
  type AnswerEvent,
  type CommandFailure,
  type CommandInput,
  type CommandOutput,
  type CompensatedEvent,
  type Compensation,
  type CompensationFailedEvent,
  type Correlation,
  type Correlations,
  type DeployGroup,
  type DeployReport,
  type EarlierVersion,
  type EventOfTarget,
  type Expression,
  type ExpressionArgs,
  type GraphEdge,
  type GraphState,
  type HistoryEntry,
  type InputOptions,
  type InstancePage,
  type InstanceQuery,
  type InstanceStatus,
  type ListedInstance,
  type MigratedInstance,
  type Saga,
  type SagaAction,
  type SagaAnswer,
  type SagaGraph,
  type SagaDefinition,
  type SagaInput,
  type SagaInstance,
  type SagaProblem,
  type Sagas,
  type SagaStatus,
  type SendingOptions,
  type SendOptions,
  type StateCount,
} from "../sagas/index.js";
export { SealBrokenError } from "./kernel/leaf-cipher.js";
export type {
  PersonalDeclaration,
  PersonalField,
  PersonalGroup,
} from "./kernel/personal-fields.js";
export type { LeafKind, Placeholder } from "./kernel/sealed.js";
export { MasterKeyError, PersonalDataError } from "./privacy/errors.js";
export type { ForeignKeyOf } from "./privacy/foreign-keys.js";
export { masterKeyFromEnvironment, type MasterKey, type MasterKeys } from "./privacy/master-key.js";
export type { PrivacyOptions } from "./privacy/options.js";
export type { ForgetOptions, Privacy, SubjectForgotten } from "./privacy/privacy.js";
export type { ForgetReport } from "./privacy/report.js";
export type { Placeholders } from "./privacy/sealer.js";
