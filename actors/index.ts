/** The door of the actors: what the other parts may use. */
export { ActorSystem, type ActorFigures } from "./actor-system.js";
export {
  aggregate,
  type Aggregate,
  type AggregateDefinition,
  type AnyAggregate,
  type EventOf,
} from "./aggregate.js";
export type { AskOptions, TellOptions } from "./command-options.js";
export type { LifeStep } from "./call.js";
export type {
  ActorCommandFigures,
  CommandFigures,
  RecentCommandFigures,
} from "./command-figures.js";
export { Budget } from "./budget.js";
export { Permits } from "./permits.js";
export type { DeadLetter } from "./dead-letters.js";
export {
  isRejected,
  reject,
  type Accepted,
  type Answer,
  type DecideContext,
  type Decision,
  type DryRunAccepted,
  type Rejected,
} from "./decision.js";
export type { ClaimDefinition, ClaimedKey, ClaimValue } from "./entity-claims.js";
export {
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
} from "./errors.js";
export type { PoolFigures } from "./pool.js";
export type { SnapshotPolicy } from "./snapshot-policy.js";
export { StateFold } from "./state-fold.js";
export { readState, type StateAt } from "./state-reader.js";
