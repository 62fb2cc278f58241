/**
 * The definition of a saga: coordination over time. An ordinary XState machine says what happens when; the definition says
 * from whose events its instances learn, and which event is for which instance.
 */
import type { AnyStateMachine } from "xstate";
import type { AnyAggregate } from "../actors/index.js";
import { checkSources, type EventOfSources, type EventSource } from "../journal/index.js";
import { checkArray, checkInteger, checkObject } from "../src/kernel/check.js";
import type { CommandTarget } from "../src/kernel/command-port.js";
import { InvalidArgumentError } from "../src/kernel/errors.js";
import type { Message, MessageOf, Position, RecordedEvent } from "../src/kernel/event.js";
import { checkId, checkName } from "../src/kernel/ids.js";
import { checkMachine, isReservedType } from "./machine-check.js";
import { machineHash } from "./machine-hash.js";
import { MachineRunner } from "./machine-runner.js";
import type { MigratedInstance, Migration, RunnableSaga } from "./runnable-saga.js";
import { sagaBehavior } from "./saga-behavior.js";

/** For which instance an event is, and what it does there; made by {@link start}, {@link resume}, {@link startOrResume}. */
export interface Correlation {
  readonly action: "start" | "resume" | "start-or-resume";
  readonly instanceId: string;
  /** The machine's input of a start; what the event's data is by default. */
  readonly input?: unknown;
  /** What the machine gets; the event's type and data by default. */
  readonly event?: Message;
}

/** Begins an instance, with the event's data as the machine's input unless another is given. */
export function start(instanceId: string, input?: unknown): Correlation {
  return { action: "start", instanceId, ...(input === undefined ? {} : { input }) };
}

/** Gives the event to an instance that was started. The machine sees `{ type, data }`, or what is given. */
export function resume(instanceId: string, event?: Message): Correlation {
  return { action: "resume", instanceId, ...(event === undefined ? {} : { event }) };
}

/** Begins an instance where there is none; gives it the event where there is. */
export function startOrResume(
  instanceId: string,
  options: { readonly input?: unknown; readonly event?: Message } = {},
): Correlation {
  return { action: "start-or-resume", instanceId, ...options };
}

/** What a correlation may say: several instances, one, or none. */
export type Correlations = Correlation | readonly Correlation[] | undefined;

/** What becomes of instances that an earlier version of the machine began. */
export type EarlierVersion =
  | {
      /** They go to their end on that machine. */
      readonly machine: AnyStateMachine;
    }
  | {
      /** Each is turned into one of today's, with its next input. Pure. */
      readonly migrate: (instance: MigratedInstance) => MigratedInstance;
    };

/** What `saga` is given. */
export interface SagaDefinition<Sources extends readonly EventSource[]> {
  /** Names its streams and its place in the log: never change it once instances live. */
  readonly name: string;
  /** Raise it with each change of the machine that is deployed; see `earlier`. Defaults to 1. */
  readonly version?: number;
  /** An XState v5 machine. What it can't keep over a restart is refused here. */
  readonly machine: AnyStateMachine;
  /** Whose events it learns from: aggregates, remote ones, other sagas. May be empty for one that is driven by hand. */
  readonly from?: Sources;
  /** By event type: for which instances an event is. Pure. What isn't named here isn't read. */
  readonly correlate?: {
    readonly [Type in EventOfSources<Sources>["type"]]?: (
      event: RecordedEvent<MessageOf<EventOfSources<Sources>, Type>>,
    ) => Correlations;
  };
  /**
   * An event for an instance that nothing has started: `"refuse"` (the default) puts it on the list of refused inputs; `"keep"`
   * lets it wait, in order, for the start: for sources whose events may overtake each other; `"ignore"` lets it go.
   */
  readonly onUnknown?: "refuse" | "keep" | "ignore";
  /** A start of an instance that there is: `"ignore"` (the default), `"resume"` gives it the event, `"refuse"` lists it. */
  readonly onKnown?: "ignore" | "resume" | "refuse";
  /** Types of events that the machine emits: recorded in the instance's stream, for projections, reactors and other sagas. */
  readonly emits?: readonly string[];
  /** Where its first run starts: at the `"head"` (the default), at the `"beginning"`, or behind a position. */
  readonly start?: "head" | "beginning" | Position;
  /** By version: what becomes of instances that it began. */
  readonly earlier?: Readonly<Record<number, EarlierVersion>>;
}

/** A saga, checked and ready to run. */
export interface Saga<Emitted extends Message = Message> extends RunnableSaga {
  readonly machine: AnyStateMachine;
  /** Whom its machine asks. */
  readonly targets: ReadonlySet<CommandTarget>;
  readonly sources: readonly EventSource[];
  readonly correlations: ReadonlyMap<string, ErasedCorrelate>;
  readonly start: "head" | "beginning" | Position;
  /** An instance is an actor like any other: this is what runs it. */
  readonly behavior: AnyAggregate["behavior"];
  /** Only for the compiler. */
  readonly types?: { readonly event: Emitted; readonly command: never; readonly state: unknown };
}

/** @internal */
export type ErasedCorrelate = (event: RecordedEvent) => Correlations;

const POLICIES_UNKNOWN = ["refuse", "keep", "ignore"];
const POLICIES_KNOWN = ["ignore", "resume", "refuse"];

/**
 * Defines a saga.
 *
 * @throws InvalidArgumentError - A name or option isn't valid.
 * @throws MachineRefusedError - The machine holds something that a restart would lose; says where, and what to write instead.
 */
export function saga<
  const Sources extends readonly EventSource[] = readonly [],
  Emitted extends Message = Message,
>(definition: SagaDefinition<Sources>): Saga<Emitted> {
  checkObject("definition of a saga", definition);
  const { name, version = 1, machine, onUnknown = "refuse", onKnown = "ignore" } = definition;
  checkName("saga name", name);
  checkInteger(`version of saga ${name}`, version, 1, 1_000_000);
  checkOption(`onUnknown of saga ${name}`, onUnknown, POLICIES_UNKNOWN);
  checkOption(`onKnown of saga ${name}`, onKnown, POLICIES_KNOWN);
  const { start: begin = "head" } = definition;
  if (begin !== "head" && begin !== "beginning")
    checkInteger(`start of saga ${name}`, begin, 0, Number.MAX_SAFE_INTEGER);
  const sources = definition.from ?? [];
  if (sources.length > 0) checkSources(`from of saga ${name}`, sources);
  const fields = {
    name,
    version,
    machine,
    hash: machineHash(machine),
    ...runOf(name, machine),
    sources: Object.freeze([...sources]),
    correlations: correlationsOf(name, definition.correlate),
    onUnknown,
    onKnown,
    emits: emitsOf(name, definition.emits),
    start: begin,
    ...earlierOf(name, version, definition.earlier),
  };
  return Object.freeze({ ...fields, behavior: sagaBehavior(fields) });
}

function runOf(name: string, machine: AnyStateMachine) {
  const root = (machine as Partial<AnyStateMachine> | undefined)?.root;
  if (root === undefined)
    throw new InvalidArgumentError(`machine of saga ${name}`, "an XState v5 machine", machine);
  const targets = checkMachine(name, machine);
  return { targets, runner: new MachineRunner(machine) };
}

function correlationsOf(name: string, correlate: unknown): ReadonlyMap<string, ErasedCorrelate> {
  if (correlate === undefined) return new Map();
  checkObject(`correlate of saga ${name}`, correlate);
  for (const [type, value] of Object.entries(correlate)) {
    checkId(`a type in correlate of saga ${name}`, type);
    if (typeof value !== "function")
      throw new InvalidArgumentError(`correlate of saga ${name}, ${type}`, "a function", value);
  }
  return new Map(Object.entries(correlate as Record<string, ErasedCorrelate>));
}

function emitsOf(name: string, emits: readonly string[] = []): ReadonlySet<string> {
  checkArray(`emits of saga ${name}`, emits, 0);
  for (const type of emits) {
    checkId(`a type in emits of saga ${name}`, type);
    if (isReservedType(type))
      throw new InvalidArgumentError(`emits of saga ${name}`, "types that aren't Tidemark's", type);
  }
  return new Set(emits);
}

function earlierOf(
  name: string,
  version: number,
  earlier: Readonly<Record<number, EarlierVersion>> = {},
) {
  checkObject(`earlier of saga ${name}`, earlier);
  const pinned = new Map<number, MachineRunner>();
  const migrations = new Map<number, Migration>();
  for (const [key, given] of Object.entries(earlier)) {
    const argument = `earlier of saga ${name}, version ${key}`;
    checkInteger(argument, Number(key), 1, version - 1);
    if ("machine" in given) pinned.set(Number(key), runOf(name, given.machine).runner);
    else if (typeof given.migrate === "function") migrations.set(Number(key), given.migrate);
    else throw new InvalidArgumentError(argument, "{ machine } or { migrate }", given);
  }
  return { pinned, migrations };
}

function checkOption(argument: string, value: string, options: readonly string[]): void {
  if (!options.includes(value))
    throw new InvalidArgumentError(argument, `one of ${options.join(", ")}`, value);
}
