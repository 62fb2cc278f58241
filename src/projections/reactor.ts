/**
 * The definition of a reactor: side effects on recorded events, such as a mail. An effect happens at least once, and carries
 * an id that is the same each time, by which its receiver can tell a repetition. A reactor reads each event
 * once: building views anew, hydrating and reading history don't reach it.
 */
import { checkSources, type EventOfSources, type EventSource } from "../../journal/index.js";
import { checkInteger, checkObject } from "../kernel/check.js";
import type { CommandAnswer, CommandOf, CommandTarget } from "../kernel/command-port.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Message, MessageOf, Position, RecordedEvent } from "../kernel/event.js";
import { checkName } from "../kernel/ids.js";
import { failurePolicyOf, type FailurePolicy } from "./failure-policy.js";
import { handlersOf, type AnyProjection } from "./projection.js";
import type { ViewOf } from "./view.js";

/** What a reaction gets besides the event. */
export interface ReactionContext {
  /** Names this effect of this event, for ever: give it to the receiver, which can then tell a repetition. */
  readonly effectId: string;
  /** Views of the runtime, for reading; with `after`, they show the event. */
  readonly view: ViewOf;
  /**
   * Sends a command to an aggregate, here or in another service, and waits for its answer. Its id is made of `effectId` and how many
   * commands the reaction has sent before: where the effect is tried again, the same command is carried out once.
   *
   * @throws What `runtime.ask` and `runtime.remote` throw.
   */
  ask<Target extends CommandTarget>(
    target: Target,
    entityId: string,
    command: NoInfer<CommandOf<Target>>,
    options?: { readonly timeoutMs?: number },
  ): Promise<CommandAnswer>;
  /** Aborted when the time allowed is over, or when the runtime closes. */
  readonly signal: AbortSignal;
}

/** Causes the effect of an event: at least once, with the same effect id each time. A throw or rejection means that it is tried again. */
export type Reaction<Event extends Message> = (
  event: RecordedEvent<Event>,
  context: ReactionContext,
) => Promise<void> | void;

/** What `reactor` is given. */
export interface ReactorDefinition<Sources extends readonly EventSource[]> {
  /** Names its place in the log: a reactor with another name begins anew. */
  readonly name: string;
  /** Whose events; their upcasters are applied. */
  readonly from: Sources;
  /** By event type. A rejection means that the effect may not have happened: it is tried again. */
  readonly on: {
    readonly [Type in EventOfSources<Sources>["type"]]?: Reaction<
      MessageOf<EventOfSources<Sources>, Type>
    >;
  };
  /** Reacts to an event only once this projection shows it. */
  readonly after?: AnyProjection;
  /**
   * Where its first run starts: at the `"head"` (the default: the past stays without effects), at the `"beginning"`, or behind
   * a position.
   */
  readonly start?: "head" | "beginning" | Position;
  /** What an event is about: effects of one key happen one after the other. Defaults to the entity's id. */
  readonly key?: (event: RecordedEvent<EventOfSources<Sources>>) => string;
  /**
   * Effects of different keys on their way at a time; defaults to 8. They are taken up to 100 events at a time: the next
   * ones begin when these are done, so one that hangs keeps the others waiting until its time is over.
   */
  readonly concurrency?: number;
  /** How long an effect may take before it counts as failed; defaults to 30,000. */
  readonly timeoutMs?: number;
  /** Defaults to five attempts, then `park`. */
  readonly onFailure?: FailurePolicy;
}

/** A reactor, checked and ready to run. */
export interface Reactor {
  readonly name: string;
  readonly sources: readonly EventSource[];
  readonly reactions: ReadonlyMap<string, ErasedReaction>;
  readonly after: AnyProjection | undefined;
  readonly start: "head" | "beginning" | Position;
  /** The key of an event: those of one key are handled in order, and parked together. */
  readonly keyOf: (event: RecordedEvent) => string;
  readonly concurrency: number;
  readonly timeoutMs: number;
  readonly failurePolicy: Required<FailurePolicy>;
}

/** @internal */
export type ErasedReaction = (event: never, context: ReactionContext) => Promise<void> | void;

/**
 * Defines a reactor.
 *
 * @throws InvalidArgumentError - A name or option isn't valid, there is no source, or a reaction isn't a function.
 */
export function reactor<const Sources extends readonly EventSource[]>(
  definition: ReactorDefinition<Sources>,
): Reactor {
  checkObject("definition of a reactor", definition);
  const { name, from, start = "head", concurrency = 8, timeoutMs = 30_000 } = definition;
  checkName("reactor name", name);
  checkSources(`from of reactor ${name}`, from);
  checkInteger(`concurrency of reactor ${name}`, concurrency, 1, 1_000);
  checkInteger(`timeoutMs of reactor ${name}`, timeoutMs, 1, 2 ** 31 - 1);
  if (start !== "head" && start !== "beginning")
    checkInteger(`start of reactor ${name}`, start, 0, Number.MAX_SAFE_INTEGER);
  const keyOf = definition.key as ((event: RecordedEvent) => string) | undefined;
  if (keyOf !== undefined && typeof keyOf !== "function")
    throw new InvalidArgumentError(`key of reactor ${name}`, "a function", keyOf);
  return Object.freeze({
    name,
    sources: Object.freeze([...from]),
    reactions: handlersOf<ErasedReaction>(`reactor ${name}`, definition.on),
    after: definition.after,
    start,
    keyOf: keyOf ?? ((event: RecordedEvent) => event.entityId),
    concurrency,
    timeoutMs,
    failurePolicy: failurePolicyOf(`onFailure of reactor ${name}`, definition.onFailure),
  });
}
