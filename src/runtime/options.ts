/** What a runtime is given, with its defaults. */
import type { AnyAggregate, Budget, Permits } from "../../actors/index.js";
import type { Saga } from "../../sagas/index.js";
import { adminEndpointName, checkAdminOptions, type AdminOptions } from "../admin/index.js";
import { checkName } from "../kernel/ids.js";
import { checkInteger } from "../kernel/check.js";
import type { Clock, Ids } from "../kernel/clock.js";
import { limitsOf, type Limits } from "../kernel/limits.js";
import { safeLogger, silentLogger, type Logger } from "../kernel/log.js";
import { safeTracer, type Tracer } from "../kernel/tracer.js";
import { systemClock, systemIds } from "../kernel/system-clock.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { RECORDS_STREAM_TYPE } from "../messaging/import-records.js";
import type { RemoteAggregate } from "../messaging/remote.js";
import type { Transport } from "../messaging/transport.js";
import type { ExternalProjection } from "../projections/external-projection.js";
import type { AnyProjection } from "../projections/projection.js";
import type { Turns } from "../projections/rebuild.js";
import type { Reactor } from "../projections/reactor.js";
import { checkPrivacyOptions, type PrivacyOptions } from "../privacy/options.js";
import { isPersonal } from "../privacy/open.js";
import type { RuleSet } from "../rules/index.js";
import type { AnyEndpoint } from "./endpoint.js";

/** What other services see of a runtime. */
export interface Exposed {
  /** Aggregates that take commands from other services; defaults to all. */
  readonly commands?: readonly AnyAggregate[];
  /** Aggregates whose events are published; defaults to all. */
  readonly events?: readonly AnyAggregate[];
}

/** What every runtime may be given, wherever its journal is. */
export interface RuntimeOptions {
  /** The aggregates whose commands it takes. */
  readonly aggregates: readonly AnyAggregate[];
  /** The sagas whose instances it runs; their names are distinct from those of aggregates. */
  readonly sagas?: readonly Saga[];
  /** The rule sets whose sessions it runs; their names are distinct from those of aggregates and sagas. */
  readonly ruleSets?: readonly RuleSet[];
  /** The projections it keeps up to date. */
  readonly projections?: readonly AnyProjection[];
  /** The reactors whose effects happen here. */
  readonly reactors?: readonly Reactor[];
  /** The projections into other databases that it keeps up to date; their names are distinct from those of all others. */
  readonly externalProjections?: readonly ExternalProjection[];
  /** How messages get to and from other services: `nats(…)`, or one hub for several runtimes of a process. */
  readonly messaging?: Transport;
  /**
   * Names this service where others must know it: its place in the log of all services is `<service>-<aggregate>`, for
   * permissions say. One journal a name. Defaults to the id of the store.
   */
  readonly service?: string;
  /** What other services see; defaults to all aggregates. Without `messaging` nobody sees anything. */
  readonly expose?: Exposed;
  /** Aggregates of other services whose events are recorded here, too, each once. */
  readonly remotes?: readonly RemoteAggregate[];
  /** Questions that it answers to other services. */
  readonly endpoints?: readonly AnyEndpoint[];
  /** Through which doors operators come in. */
  readonly admin?: AdminOptions;
  /** Generations that are built at a time; defaults to 1. */
  readonly rebuildsMax?: number;
  /** Share of the time that a generation being built takes while commands come in, in percent; defaults to 50. */
  readonly rebuildSharePercent?: number;
  /** A projection that has events to handle and hasn't looked for so long is unhealthy; defaults to 30,000. */
  readonly frozenAfterMs?: number;
  /** A handler of a projection that doesn't return is named on standard error after so long; defaults to 10,000, 0 for never. */
  readonly hangingAfterMs?: number;
  /** Changes to the bounds on input; see {@link Limits}. */
  readonly limits?: Partial<Limits>;
  /** How long `ask` waits for an answer; defaults to 5,000. */
  readonly askTimeoutMs?: number;
  /** Unanswered commands an entity may have; defaults to 1,000. */
  readonly mailboxCapacity?: number;
  /** Entities in memory at the most; defaults to 10,000. */
  readonly activationsMax?: number;
  /** Bytes of their states at the most; defaults to 256 MiB. */
  readonly stateBytesMax?: number;
  /** Commands that may wait while all activations are busy; defaults to 10,000. */
  readonly waitingMax?: number;
  /** Entities fetched from disk at a time; defaults to 64. */
  readonly hydrationsMax?: number;
  /** Idle time after which an entity leaves memory; defaults to 0: only when the room is wanted. */
  readonly passivateAfterMs?: number;
  /** Keys for the personal data of the aggregates; needed where one declares some. See `docs/guides/privacy.md`. */
  readonly privacy?: PrivacyOptions;
  readonly clock?: Clock;
  readonly ids?: Ids;
  /** Traces: `{ tracer: openTelemetry() }` of `tidemark/telemetry`; defaults to none. */
  readonly telemetry?: { readonly tracer?: Tracer };
  /** Anything with the methods of pino; defaults to silence. */
  readonly logger?: Logger;
}

/** What `openRuntime` is given. */
export interface OpenRuntimeOptions extends RuntimeOptions {
  /** Where the data is; made where it isn't there. */
  readonly directory: string;
  /** Reads beside the process that owns the directory: commands are refused, projections don't run here. */
  readonly readOnly?: boolean;
  /** Commands are refused while the disk has fewer bytes free; defaults to 256 MiB. */
  readonly freeBytesMin?: number;
}

/** What several runtimes of a process share instead of having bounds of their own. */
export interface SharedBounds {
  readonly budget: Budget;
  readonly permits: Permits;
  readonly turns: Turns;
}

/** What a runtime needs of the world. */
export interface RuntimePorts {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly limits: Limits;
  readonly logger: Logger;
  readonly tracer?: Tracer;
  readonly shared?: SharedBounds;
}

/**
 * The ports of a runtime, with the machine's own where none is given.
 *
 * @throws InvalidArgumentError - A limit or a door isn't valid.
 */
export function portsOf(options: RuntimeOptions): RuntimePorts {
  checkAdminOptions(options.admin ?? {});
  const given = options.telemetry?.tracer;
  const tracer = given === undefined ? undefined : safeTracer(given);
  return {
    clock: options.clock ?? systemClock,
    ids: options.ids ?? systemIds,
    limits: limitsOf(options.limits),
    logger: options.logger === undefined ? silentLogger : safeLogger(options.logger, tracer),
    ...(tracer === undefined ? {} : { tracer }),
  };
}

/** What projections and reactors are given. @throws InvalidArgumentError - An option isn't valid. */
export function readersOptionsOf(options: RuntimeOptions) {
  const { rebuildsMax = 1, rebuildSharePercent = 50, frozenAfterMs = 30_000 } = options;
  const { hangingAfterMs = 10_000 } = options;
  checkInteger("hangingAfterMs", hangingAfterMs, 0, 2 ** 31 - 1);
  checkInteger("rebuildsMax", rebuildsMax, 1, 1_000);
  checkInteger("rebuildSharePercent", rebuildSharePercent, 1, 100);
  checkInteger("frozenAfterMs", frozenAfterMs, 1, 2 ** 31 - 1);
  return {
    projections: options.projections ?? [],
    reactors: options.reactors ?? [],
    externalProjections: options.externalProjections ?? [],
    rebuildsMax,
    rebuildShare: rebuildSharePercent / 100,
    frozenAfterMs,
    hangingAfterMs,
  };
}

/**
 * What messaging is given.
 *
 * @throws InvalidArgumentError - Names clash, or what is exposed isn't there.
 */
export function messagingOptionsOf(options: RuntimeOptions) {
  const { aggregates, messaging: transport, expose = {}, remotes = [], endpoints = [] } = options;
  const names = aggregates.map(({ name }) => name);
  for (const { name } of [...(expose.commands ?? []), ...(expose.events ?? [])])
    if (!names.includes(name))
      throw new InvalidArgumentError("expose", "aggregates that the runtime is opened with", name);
  checkRemotes(remotes, names);
  const { service } = options;
  const own = service === undefined ? [] : [adminEndpointName(service)];
  checkDistinct("endpoints", [STATUS_ENDPOINT, ...own, ...endpoints.map(({ name }) => name)]);
  if (service !== undefined) checkName("service", service);
  return {
    service,
    transport,
    remotes,
    commands: (expose.commands ?? aggregates).map(({ name }) => name),
    events: (expose.events ?? aggregates).map(({ name }) => name),
  };
}

/** Name of the endpoint that every runtime with messaging has. */
export const STATUS_ENDPOINT = "status";

function checkRemotes(remotes: readonly RemoteAggregate[], own: readonly string[]): void {
  for (const { name, eventTypes } of remotes) {
    if (own.includes(name) || name === RECORDS_STREAM_TYPE)
      throw new InvalidArgumentError(
        "remotes",
        "aggregates of other services: this runtime has one of that name itself",
        name,
      );
    if (eventTypes === undefined)
      throw new InvalidArgumentError(`events of remote ${name}`, "the types to take", eventTypes);
  }
  const names = remotes.map(({ name }) => name);
  checkDistinct("remotes", names);
}

function checkDistinct(argument: string, names: readonly string[]): void {
  for (const [index, name] of names.entries())
    if (names.indexOf(name) !== index)
      throw new InvalidArgumentError(argument, "of distinct names", name);
}

const DEFAULT_BOUNDS = {
  askTimeoutMs: 5_000,
  mailboxCapacity: 1_000,
  activationsMax: 10_000,
  stateBytesMax: 256 * 1024 * 1024,
  waitingMax: 10_000,
  hydrationsMax: 64,
  passivateAfterMs: 0,
} as const;

/** The bounds of the actors. @throws InvalidArgumentError - One isn't valid. */
export function boundsOf(options: RuntimeOptions): Record<keyof typeof DEFAULT_BOUNDS, number> {
  const bounds: Record<keyof typeof DEFAULT_BOUNDS, number> = { ...DEFAULT_BOUNDS };
  for (const name of Object.keys(DEFAULT_BOUNDS) as (keyof typeof DEFAULT_BOUNDS)[]) {
    const given = options[name];
    if (given === undefined) continue;
    checkInteger(name, given, name === "passivateAfterMs" ? 0 : 1, 2 ** 40);
    bounds[name] = given;
  }
  checkInteger("askTimeoutMs", bounds.askTimeoutMs, 1, 2 ** 31 - 1);
  return bounds;
}

/** @throws InvalidArgumentError - Something is personal, and there are no keys for it. */
export function checkPrivacy({ privacy, aggregates, projections = [] }: RuntimeOptions): void {
  if (privacy !== undefined) {
    checkPrivacyOptions(privacy);
    return;
  }
  const expected = "given (privacy: { masterKey: … })";
  const personal = aggregates.find(isPersonal);
  if (personal !== undefined)
    throw new InvalidArgumentError(
      `privacy, which the personal fields of aggregate ${personal.name} need,`,
      expected,
      privacy,
    );
  for (const { name, collections } of projections)
    for (const { indexes } of Object.values(collections))
      if (indexes.some((index) => index.personal))
        throw new InvalidArgumentError(
          `privacy, which a personal index of projection ${name} needs,`,
          expected,
          privacy,
        );
}
