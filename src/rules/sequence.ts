/** Sequences: kinds of facts that say that certain events have come one after the other. */
import { checkArray, checkObject } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { DataOf, Message, MessageOf } from "../kernel/event.js";
import { checkId } from "../kernel/ids.js";
import { checkDuration, checkKindName, type Kind } from "./fact.js";

/** An event as a sequence knows it: one of several types, with the data of that type. */
export type SequenceEvent<Event extends Message = Message> = Event extends Message
  ? {
      readonly type: Event["type"];
      readonly data: DataOf<Event, Event["type"]>;
      readonly atMs: number;
    }
  : never;

/** The events of one type, as the steps of a sequence see them. */
export type SequenceEventOf<Event extends Message, Type extends Event["type"]> = SequenceEvent<
  MessageOf<Event, Type>
>;

/** A step: an event of a type, or one of which `where` is true. `earlier` are those of the steps before. */
export type SequenceStep<Event extends Message = Message> =
  | Event["type"]
  | {
      [Type in Event["type"]]: {
        readonly type: Type;
        /** Whether an event is meant; `earlier` are those of the steps before. Pure. */
        readonly where?: (
          event: SequenceEventOf<Event, Type>,
          earlier: readonly SequenceEvent<Event>[],
        ) => boolean;
      };
    }[Event["type"]];

/** What `sequence` is given. */
export interface SequenceOptions<Event extends Message = Message> {
  /** At least two. Other events may come in between. */
  readonly steps: readonly SequenceStep<Event>[];
  /** From the first event to the last, both inclusive. */
  readonly withinMs: number;
  /** Types of events that, coming in between, end it. */
  readonly without?: readonly Event["type"][];
  /**
   * Of several beginnings: `"latest"` (the default) goes on, from each step, with the one that began last; `"first"` with one at a
   * time; `"each"` with all of them.
   */
  readonly overlap?: "latest" | "first" | "each";
}

/** The data of a sequence's fact. */
export interface SequenceValue<Event extends Message = Message> {
  /** One for each step. */
  readonly events: readonly SequenceEvent<Event>[];
  readonly firstAtMs: number;
  readonly lastAtMs: number;
}

/** A step, without its types. @internal */
export interface ErasedStep {
  readonly type: string;
  readonly where:
    ((event: SequenceEvent, earlier: readonly SequenceEvent[]) => unknown) | undefined;
}

/** A kind of facts that are there while the event that completes a sequence is handled. */
export interface SequenceKind<Event extends Message = Message> extends Kind<SequenceValue<Event>> {
  readonly form: "sequence";
  readonly steps: readonly ErasedStep[];
  readonly withinMs: number;
  readonly without: ReadonlySet<string>;
  readonly overlap: "latest" | "first" | "each";
}

const OVERLAPS = ["latest", "first", "each"];

/**
 * Defines a sequence of events. When its last step comes, a fact is there while that event is handled; its id is the position of the
 * first event. Events count in the order in which the session gets them; one that is older than the step before it doesn't count.
 *
 * @throws InvalidArgumentError - A name, a step or a time isn't valid.
 */
export function sequence<Event extends Message = Message>(
  name: string,
  options: SequenceOptions<Event>,
): SequenceKind<Event> {
  checkKindName(name);
  checkObject(`options of sequence ${name}`, options);
  const { withinMs, overlap = "latest" } = options;
  checkArray(`steps of sequence ${name}`, options.steps, 2, 100);
  const steps = options.steps.map((step, index) =>
    stepOf(`step ${index} of sequence ${name}`, step),
  );
  checkDuration(`withinMs of sequence ${name}`, withinMs);
  const without: readonly string[] = options.without ?? [];
  checkArray(`without of sequence ${name}`, without);
  for (const type of without) {
    checkId(`a type in without of sequence ${name}`, type);
    if (steps.some((step) => step.type === type))
      throw new InvalidArgumentError(`without of sequence ${name}`, "types that no step has", type);
  }
  if (!OVERLAPS.includes(overlap))
    throw new InvalidArgumentError(
      `overlap of sequence ${name}`,
      `one of ${OVERLAPS.join(", ")}`,
      overlap,
    );
  return Object.freeze({
    name,
    form: "sequence",
    steps: Object.freeze(steps),
    withinMs,
    without: new Set(without),
    overlap,
  } as const);
}

function stepOf(argument: string, given: unknown): ErasedStep {
  if (typeof given === "string") {
    checkId(argument, given);
    return { type: given, where: undefined };
  }
  checkObject(argument, given);
  const { type, where } = given as Partial<ErasedStep>;
  checkId(`type of ${argument}`, type);
  if (where !== undefined && typeof where !== "function")
    throw new InvalidArgumentError(`where of ${argument}`, "a function", where);
  return { type, where };
}
