/** The public door of Tidemark. */
export {
  aggregate,
  reject,
  ActorError,
  AskTimeoutError,
  DecideFailedError,
  EvolveFailedError,
  HydrationFailedError,
  MailboxFullError,
  PoolFullError,
  RuntimeClosedError,
  UnknownAggregateError,
  type Accepted,
  type ActorFigures,
  type Aggregate,
  type AggregateDefinition,
  type Answer,
  type AnyAggregate,
  type AskOptions,
  type ClaimedKey,
  type ClaimValue,
  type DeadLetter,
  type DecideContext,
  type Decision,
  type DryRunAccepted,
  type EventOf,
  type Moment,
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
export type { Clock, Ids, Timer } from "./kernel/clock.js";
export { hasCode, InvalidArgumentError, TidemarkError } from "./kernel/errors.js";
export type {
  DataOf,
  EmptyData,
  Message,
  Metadata,
  Position,
  RecordedEvent,
  RecordedFields,
  TypeOf,
  Version,
} from "./kernel/event.js";
export type { Limits } from "./kernel/limits.js";
export type { Logger } from "./kernel/log.js";
export {
  projection,
  type Documents,
  type EventSource,
  type Handler,
  type Projection,
  type ProjectionDefinition,
} from "./projections/projection.js";
export type { ListOptions, Progress, ReadOptions, View } from "./projections/view.js";
export {
  openRuntime,
  type OpenRuntimeOptions,
  type Runtime,
  type RuntimeOptions,
  type RuntimeStatus,
} from "./runtime.js";
export { backupStore } from "./maintenance/backup-store.js";
export { MaintenanceError } from "./maintenance/child.js";
export { salvageStore } from "./maintenance/salvage-store.js";
export { verifyStore, type MaintenanceOptions } from "./maintenance/verify-store.js";
export type {
  BackupReport,
  IncompleteStream,
  ProgressListener,
  SalvageReport,
  StoreProblem,
  VerifyReport,
} from "../journal/index.js";
