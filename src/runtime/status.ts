/** What a runtime tells of itself. */
import type { ActorFigures, CommandFigures } from "../../actors/index.js";
import type { JournalFigures } from "../../journal/index.js";
import type { SagaStatus } from "../../sagas/index.js";
import type { DeliveryStatus } from "../delivery/index.js";
import type { MessagingStatus } from "../messaging/messaging.js";
import type { ExternalStatus, ProjectionStatus, ReactorStatus } from "../projections/status.js";
import type { RuleSetStatus } from "../rules/index.js";

/** Figures of a runtime as it stands. */
export interface RuntimeStatus {
  readonly journal: JournalFigures;
  readonly actors: ActorFigures;
  /** What commands led to since the runtime was opened, and in the last ten seconds. */
  readonly commands: CommandFigures;
  /** By name. */
  readonly projections: Readonly<Record<string, ProjectionStatus>>;
  /** By name. */
  readonly reactors: Readonly<Record<string, ReactorStatus>>;
  /** External projections by name. */
  readonly externals: Readonly<Record<string, ExternalStatus>>;
  /** By name. */
  readonly sagas: Readonly<Record<string, SagaStatus>>;
  /** Rule sets by name. */
  readonly rules: Readonly<Record<string, RuleSetStatus>>;
  /** Timers, and commands that instances asked for: under `sagas` those of all sagas, and of each rule set under its name. */
  readonly delivery: Readonly<Record<string, DeliveryStatus>>;
  /** Undefined where no messages were needed so far. */
  readonly messaging: MessagingStatus | undefined;
}
