/** What is administered: the parts of one runtime, and what it was opened with. */
import type { ActorSystem, Answer, AnyAggregate } from "../../actors/index.js";
import type { Journal, ViewStore } from "../../journal/index.js";
import type { Saga, Sagas } from "../../sagas/index.js";
import type { Clock } from "../kernel/clock.js";
import type { CompactReport } from "../kernel/life-events.js";
import type { Logger } from "../kernel/log.js";
import type { Messaging } from "../messaging/messaging.js";
import type { RemoteAggregate } from "../messaging/remote.js";
import type { Privacy } from "../privacy/privacy.js";
import type { ExternalProjection } from "../projections/external-projection.js";
import type { AnyProjection } from "../projections/projection.js";
import type { Reactor } from "../projections/reactor.js";
import type { Readers } from "../projections/readers.js";
import type { Rules, RuleSet } from "../rules/index.js";

/** What a runtime was opened with. */
export interface Definitions {
  readonly aggregates: readonly AnyAggregate[];
  readonly sagas: readonly Saga[];
  readonly ruleSets: readonly RuleSet[];
  readonly projections: readonly AnyProjection[];
  readonly reactors: readonly Reactor[];
  readonly externals: readonly ExternalProjection[];
  readonly remotes: readonly RemoteAggregate[];
}

/** What operations need of the runtime as a whole. */
export interface RuntimePort {
  /** Figures in the form of Prometheus. */
  metrics(): readonly unknown[];
  /** Ends an entity for good. */
  tombstone(
    aggregate: AnyAggregate,
    entityId: string,
    options: { readonly reason?: string },
  ): Promise<Answer>;
  /** Archives an entity's events, and records the summary that its definition says. */
  compact(
    aggregate: AnyAggregate,
    entityId: string,
    options: { readonly archiveTo: string },
  ): Promise<CompactReport>;
}

/** The parts of a runtime, as operations need them. */
export interface Administered {
  readonly journal: Journal;
  readonly views: ViewStore;
  /** Another process runs the service; here it can be looked at. */
  readonly readOnly: boolean;
  readonly actors: ActorSystem;
  readonly readers: Readers;
  readonly messaging: Messaging<never>;
  readonly sagas: Sagas;
  readonly rules: Rules;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Undefined where a directory is looked at without its service's code. */
  readonly definitions: Definitions | undefined;
  readonly activationsMax: number;
  readonly stateBytesMax: number;
  readonly openedAtMs: number;
  /** Undefined where the service keeps nothing personal. */
  readonly privacy: Privacy | undefined;
  /** What the runtime itself does, once it runs. */
  readonly runtime: () => RuntimePort;
  /** Undefined in memory. */
  readonly directory: string | undefined;
  readonly service: string | undefined;
}
