/** What projections and reactors tell of themselves, as data. */
import type { Clock } from "../kernel/clock.js";
import { counted } from "../kernel/counted.js";
import type { Position } from "../kernel/event.js";
import type { GenerationDiff } from "./diff.js";
import { HandlerFailedError } from "./errors.js";
import type { ExternalHost } from "./external-host.js";
import type { FollowerStatus } from "./follower-options.js";
import type { Lifecycle } from "./projection.js";
import type { ProjectionHost } from "./projection-host.js";
import type { ReactorHost } from "./reactor-host.js";
import type { Generation } from "./generations.js";
import type { RebuildPhase, Serving } from "./rebuild.js";
import type { SubscriptionState } from "../../journal/index.js";

/** The error that a reader met last, and where; gone once it got past it. */
export interface ReaderError {
  readonly message: string;
  /** The event; undefined where the failure had nothing to do with one. */
  readonly position: Position | undefined;
  readonly eventType: string | undefined;
  readonly streamId: string | undefined;
  readonly attempts: number;
}

/** How a reader of the log stands. */
export interface ReaderStatus {
  readonly state: SubscriptionState | "frozen";
  /** Everything up to here is handled. */
  readonly position: Position;
  readonly head: Position;
  readonly lagEvents: number;
  /** Since the oldest event that isn't handled was recorded; 0 at the head. Of a journal that can't be read any more, since the position moved last. */
  readonly lagMs: number;
  /** Positions a second, in the last ten seconds in which it worked. */
  readonly positionsPerSecond: number;
  /** Until the head at that rate; 0 at the head, undefined while it doesn't move. */
  readonly secondsLeft: number | undefined;
  readonly parked: number;
  /** Events handled since it was opened, those included that were handled again after a failure. */
  readonly handled: number;
  /** Times that handling failed since it was opened. */
  readonly failures: number;
  readonly error: ReaderError | undefined;
  /** Wall time at which it last looked at the log: alive. */
  readonly lastCycleAtMs: number | undefined;
  /** Wall time at which its position last moved: working. */
  readonly lastAdvanceAtMs: number | undefined;
}

export interface GenerationStatus extends ReaderStatus {
  readonly generation: number;
  readonly version: number;
  readonly role: "serving" | "building" | "retired";
}

/** How the last rebuild stands, or how it ended. */
export interface RebuildStatus {
  readonly generation: number;
  readonly phase: RebuildPhase;
  /** What it changes for readers; undefined until both were compared, or where they had no position in common. */
  readonly diff: GenerationDiff | undefined;
  readonly error: string | undefined;
  /** How long the view stood still while readers were pointed to it. */
  readonly flipMs: number | undefined;
}

/** How a projection stands. */
export interface ProjectionStatus {
  readonly name: string;
  readonly lifecycle: Lifecycle;
  readonly paused: boolean;
  /** Events passed over, by its policy or an operator, in the version that serves. */
  readonly skipped: number;
  /** The one that serves comes first. */
  readonly generations: readonly GenerationStatus[];
  readonly rebuild: RebuildStatus | undefined;
}

export interface ReactorStatus extends ReaderStatus {
  readonly name: string;
  readonly paused: boolean;
  readonly skipped: number;
}

export interface ExternalStatus extends ReaderStatus {
  readonly name: string;
  readonly version: number;
  readonly paused: boolean;
  readonly skipped: number;
}

export function projectionStatus(host: ProjectionHost, head: Position): ProjectionStatus {
  const { serving, retired, rebuild } = host.generations;
  const building = host.generations.isRebuilding() ? rebuild?.candidate : undefined;
  const generations: GenerationStatus[] = [];
  const add = (role: GenerationStatus["role"], of: Generation, status: ReaderStatus) =>
    generations.push({ generation: of.id, version: of.version, role, ...status });
  add("serving", serving.generation, standingStatus(serving, head));
  if (building !== undefined)
    add("building", building.generation, readerStatus(building.follower.status()));
  if (retired !== undefined) add("retired", retired.generation, standingStatus(retired, head));
  return {
    name: host.name,
    lifecycle: host.definition.lifecycle,
    paused: host.paused,
    skipped: host.skippedCount(),
    generations,
    rebuild: rebuildStatus(host),
  };
}

export function rebuildStatus(host: ProjectionHost): RebuildStatus | undefined {
  const { rebuild } = host.generations;
  if (rebuild === undefined) return undefined;
  return {
    generation: rebuild.candidate.generation.id,
    phase: rebuild.phase,
    diff: rebuild.diff,
    error: rebuild.error?.message,
    flipMs: rebuild.flipMs,
  };
}

function standingStatus(standing: Serving, head: Position): ReaderStatus {
  const { projector } = standing;
  return projector === undefined
    ? frozenStatus(standing.position(), head)
    : readerStatus(projector.follower.status());
}

export function reactorStatus(host: ReactorHost): ReactorStatus {
  return {
    name: host.name,
    paused: host.paused,
    skipped: host.skippedCount(),
    ...readerStatus(host.follower.status()),
  };
}

/** Before the database has told its checkpoint, the position is 0. */
export function externalStatus(host: ExternalHost, head: Position): ExternalStatus {
  const { name, definition, paused, follower, opening } = host;
  const { attempts, error } = opening;
  const standing: ReaderStatus =
    follower !== undefined
      ? readerStatus(follower.status())
      : {
          ...frozenStatus(0, head),
          state: error === undefined ? "catching-up" : "retrying",
          error: error === undefined ? undefined : readerError(error, attempts),
        };
  const { version } = definition;
  return { name, version, paused, skipped: host.skippedCount(), ...standing };
}

function readerStatus(status: FollowerStatus): ReaderStatus {
  const { lagEvents, positionsPerSecond, lastError, attempts } = status;
  return {
    state: status.state,
    position: status.position,
    head: status.head,
    lagEvents,
    lagMs: status.lagMs,
    positionsPerSecond,
    secondsLeft: secondsLeftOf(status),
    parked: status.parked,
    handled: status.handled,
    failures: status.failures,
    error: lastError === undefined ? undefined : readerError(lastError, attempts),
    lastCycleAtMs: status.lastCycleAtMs,
    lastAdvanceAtMs: status.lastAdvanceAtMs,
  };
}

/** The rate is kept through a pause and after a stop, when it says nothing of what is to come. */
function secondsLeftOf({ state, lagEvents, positionsPerSecond }: FollowerStatus) {
  if (lagEvents === 0) return 0;
  const moves = state === "catching-up" || state === "live";
  return moves && positionsPerSecond > 0 ? lagEvents / positionsPerSecond : undefined;
}

function readerError(error: Error, attempts: number): ReaderError {
  const event = error instanceof HandlerFailedError ? error : undefined;
  return {
    message: error.message,
    position: event?.position,
    eventType: event?.eventType,
    streamId: event?.streamId,
    attempts,
  };
}

/** Of a generation whose code is gone. */
function frozenStatus(position: Position, head: Position): ReaderStatus {
  return {
    state: "frozen",
    position,
    head,
    lagEvents: Math.max(0, head - position),
    lagMs: 0,
    positionsPerSecond: 0,
    secondsLeft: undefined,
    parked: 0,
    handled: 0,
    failures: 0,
    error: undefined,
    lastCycleAtMs: undefined,
    lastAdvanceAtMs: undefined,
  };
}

/** `unhealthy`: something doesn't work. `degraded`: it works, and wants somebody to look at it. */
export type HealthState = "healthy" | "degraded" | "unhealthy";

/** One thing that somebody should look at. */
export interface HealthProblem {
  readonly reader: string;
  readonly state: Exclude<HealthState, "healthy">;
  readonly problem: string;
}

/** How all readers stand, summed up for a probe: the worst of the problems. */
export interface Health {
  readonly state: HealthState;
  readonly problems: readonly HealthProblem[];
}

/** A reader is frozen when there is something to handle and it hasn't looked for so long; one that is idle isn't. */
export function healthOf(
  projections: readonly ProjectionStatus[],
  others: readonly (ReactorStatus | ExternalStatus)[],
  clock: Clock,
  frozenAfterMs: number,
): Health {
  const problems: HealthProblem[] = [];
  const nowMs = clock.nowMs();
  for (const { name, paused, lifecycle, generations, rebuild } of projections) {
    const [serving] = generations;
    const follows = lifecycle === "async" || lifecycle === "inline";
    if (serving !== undefined && follows)
      problems.push(...problemsOf(name, paused, serving, nowMs, frozenAfterMs));
    if (rebuild?.phase === "failed")
      problems.push(degraded(name, `its rebuild failed: ${rebuild.error ?? "unknown"}`));
    if (rebuild?.phase === "awaiting-approval")
      problems.push(degraded(name, `generation ${rebuild.generation} waits for approval`));
  }
  for (const status of others)
    problems.push(...problemsOf(status.name, status.paused, status, nowMs, frozenAfterMs));
  const state = problems.some((each) => each.state === "unhealthy")
    ? "unhealthy"
    : problems.length > 0
      ? "degraded"
      : "healthy";
  return { state, problems };
}

function problemsOf(
  name: string,
  paused: boolean,
  status: ReaderStatus,
  nowMs: number,
  frozenAfterMs: number,
): HealthProblem[] {
  const problems: HealthProblem[] = [];
  if (status.parked > 0)
    problems.push(degraded(name, `${counted(status.parked, "event is", "events are")} parked`));
  if (paused) return [...problems, degraded(name, "it is paused")];
  if (status.state === "stopped")
    problems.push(unhealthy(name, `it stopped: ${status.error?.message ?? "unknown"}`));
  else if (status.state === "retrying")
    problems.push(degraded(name, `it tries again: ${status.error?.message ?? "unknown"}`));
  else if (isFrozen(status, nowMs, frozenAfterMs))
    problems.push(
      unhealthy(
        name,
        `it has ${counted(status.lagEvents, "event", "events")} to handle, and doesn't move`,
      ),
    );
  return problems;
}

function isFrozen(status: ReaderStatus, nowMs: number, frozenAfterMs: number): boolean {
  if (status.lagEvents === 0 || status.lagMs <= frozenAfterMs) return false;
  const lastMs = Math.max(status.lastCycleAtMs ?? 0, status.lastAdvanceAtMs ?? 0);
  return status.state === "frozen" || nowMs - lastMs > frozenAfterMs;
}

function degraded(reader: string, problem: string): HealthProblem {
  return { reader, state: "degraded", problem };
}

function unhealthy(reader: string, problem: string): HealthProblem {
  return { reader, state: "unhealthy", problem };
}
