/**
 * What a machine may ask for besides XState's own actions: commands, and that what was done is undone. They are actions that do
 * nothing when a machine runs elsewhere; in a saga the step finds them among the actions of a transition.
 */
import { InvalidArgumentError } from "../src/kernel/errors.js";
import { checkInteger } from "../src/kernel/check.js";
import { checkName } from "../src/kernel/ids.js";
import type { CommandOf, CommandTarget } from "../src/kernel/command-port.js";
import type { Message } from "../src/kernel/event.js";
import type { ActorLogic, EventObject, Snapshot } from "xstate";

/** What an expression in a machine sees. */
export interface ExpressionArgs<Context, Event> {
  readonly context: Context;
  readonly event: Event;
}

/** A value, or how it comes from context and event. */
export type Expression<Context, Event, Value> =
  Value | ((args: ExpressionArgs<Context, Event>) => Value);

/** How long and how often a command is tried. */
export interface SendingOptions {
  /**
   * Attempts at the most, with growing pauses of 100 ms to 30 s; defaults to 20, about seven minutes. Then
   * the machine gets `<as>.given-up`.
   */
  readonly attemptsMax?: number;
  /** Time from its request after which it isn't tried any more, and the machine gets `<as>.timed-out`. Defaults to none. */
  readonly timeoutMs?: number;
}

/** What may be said of a command that an action sends. */
export interface SendOptions<Context, Event, Command> extends SendingOptions {
  /** Names its answers: `<as>.accepted`, `<as>.rejected`, `<as>.timed-out`, `<as>.given-up`. Defaults to the command's type. */
  readonly as?: string;
  /** The command to the same entity that undoes it; sent by {@link compensate} once this one is, or may be, done. */
  readonly compensateWith?: Expression<Context, Event, Command>;
}

/** What `send` asks for, for one context and event. */
export interface SendRequest extends SendingOptions {
  readonly target: CommandTarget;
  readonly entityId: string;
  readonly command: Message;
  readonly as: string;
  readonly compensateWith: Message | undefined;
}

type Args = ExpressionArgs<unknown, unknown>;
type RequestOf = (args: Args) => SendRequest;

const requests = new WeakMap<object, RequestOf>();
const receivers = new WeakMap<object, CommandTarget>();
const compensations = new WeakSet<object>();
const invocable = new WeakMap<object, CommandTarget>();

/** Endings of the types of answers: no other event of a saga may have them. */
export const ANSWER_ENDINGS = [".accepted", ".rejected", ".timed-out", ".given-up"] as const;

/** The type of an action, as far as a machine must know it. */
export type SagaAction<Context, Event, Params> = (
  args: ExpressionArgs<Context, Event>,
  params: Params,
) => void;

/**
 * An action that sends a command. It is recorded with the step and leaves once that is on disk; its id is the same for every
 * attempt, so it is carried out once. What becomes of it comes back as an event of the machine: see {@link AnswerEvent}. An
 * answer other than `accepted` that the machine has no transition for parks the instance.
 *
 * @param target - An aggregate of this runtime, or a remote one.
 */
export function send<
  Target extends CommandTarget,
  Context,
  Event extends EventObject,
  Params = undefined,
>(
  target: Target,
  // Inferred from the machine around it only: a guess from here would make strings of its literals.
  entityId: NoInfer<Expression<Context, Event, string>>,
  command: NoInfer<Expression<Context, Event, CommandOf<Target>>>,
  options: NoInfer<SendOptions<Context, Event, CommandOf<Target>>> = {},
): SagaAction<Context, Event, Params> {
  checkTarget("target of send", target);
  checkSendingOptions(options);
  const { as, compensateWith, attemptsMax, timeoutMs } = options;
  if (as !== undefined) checkName("as of send", as);
  function sendCommand(): void {
    // Carried out by the saga that the machine is part of.
  }
  receivers.set(sendCommand, target);
  requests.set(sendCommand, (args) => {
    const given = args as ExpressionArgs<Context, Event>;
    const message = valueOf(command, given) as Message;
    return {
      target,
      entityId: valueOf(entityId, given),
      command: message,
      as: as ?? message.type,
      compensateWith: compensateWith === undefined ? undefined : valueOf(compensateWith, given),
      ...(attemptsMax === undefined ? {} : { attemptsMax }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    };
  });
  return sendCommand;
}

/**
 * An action that undoes what commands with `compensateWith` have done: the last one first, each after the one before is answered,
 * and after those still on their way are. The machine then gets {@link CompensatedEvent}, or
 * {@link CompensationFailedEvent} where one couldn't be undone; `compensate()` again goes on with what is left.
 */
export function compensate<Context, Event extends EventObject, Params = undefined>(): SagaAction<
  Context,
  Event,
  Params
> {
  function compensateDone(): void {
    // Carried out by the saga that the machine is part of.
  }
  compensations.add(compensateDone);
  return compensateDone;
}

/** The input of an invocation of {@link commandTo}. */
export interface CommandInput<Command extends Message> extends SendingOptions {
  readonly entityId: string;
  readonly command: Command;
}

/** The output of an invocation of {@link commandTo}. */
export interface CommandOutput<Event extends Message = Message> {
  readonly version: number;
  readonly position: number;
  readonly events: readonly Event[];
}

/** The error of an invocation of {@link commandTo}, as its `onError` gets it. */
export interface CommandFailure {
  readonly outcome: "rejected" | "timed-out" | "given-up";
  /** Of the refusal or of the error; `timed-out` where the time was over. */
  readonly code: string;
  readonly details: unknown;
}

/** The events that a target's commands lead to. */
export type EventOfTarget<Target extends CommandTarget> = NonNullable<Target["types"]>["event"];

/**
 * An actor to be invoked: asks an aggregate a command. `onDone` gets the {@link CommandOutput} of an accepted one, `onError` a
 * {@link CommandFailure}. It is durable: the command leaves after the step is on disk, survives restarts, and is
 * carried out once. Leaving the state stops further attempts.
 */
export function commandTo<Target extends CommandTarget>(
  target: Target,
): ActorLogic<
  Snapshot<CommandOutput<EventOfTarget<Target>>>,
  EventObject,
  CommandInput<CommandOf<Target>>
> {
  checkTarget("target of commandTo", target);
  type Output = CommandOutput<EventOfTarget<Target>>;
  const waiting: Snapshot<Output> = { status: "active", output: undefined, error: undefined };
  const logic = {
    transition: (snapshot: Snapshot<Output>) => snapshot,
    getInitialSnapshot: () => waiting,
    getPersistedSnapshot: (snapshot: Snapshot<Output>) => snapshot,
  };
  invocable.set(logic, target);
  return logic;
}

/** Of which command an answer is. */
export interface AnsweredCommand {
  readonly commandId: string;
  /** Whom it was sent to: several commands may share their `as`. */
  readonly entityId: string;
}

/** The events that answer a command sent with `as`, or with that type. */
export type AnswerEvent<As extends string, Target extends CommandTarget = CommandTarget> =
  | (AnsweredCommand & { readonly type: `${As}.accepted` } & CommandOutput<EventOfTarget<Target>>)
  | (AnsweredCommand & {
      readonly type: `${As}.rejected`;
      readonly code: string;
      readonly details: unknown;
    })
  /** It may be carried out all the same. */
  | (AnsweredCommand & { readonly type: `${As}.timed-out`; readonly attempts: number })
  /** `uncertain`: it may have been carried out. */
  | (AnsweredCommand & {
      readonly type: `${As}.given-up`;
      readonly code: string;
      readonly message: string;
      readonly attempts: number;
      readonly uncertain: boolean;
    });

/** Everything that could be undone is. */
export interface CompensatedEvent {
  readonly type: "compensated";
}

/** Something couldn't be undone; it and what was done before it are still on the list. */
export interface CompensationFailedEvent {
  readonly type: "compensation-failed";
  /** The command that should have been undone. */
  readonly commandId: string;
  readonly code: string;
}

export function requestOf(action: unknown): RequestOf | undefined {
  return typeof action === "function" ? requests.get(action) : undefined;
}

/** Whom an action sends commands to. */
export function receiverOf(action: unknown): CommandTarget | undefined {
  return typeof action === "function" ? receivers.get(action) : undefined;
}

export function isCompensation(action: unknown): boolean {
  return typeof action === "function" && compensations.has(action);
}

/** Whom an actor to be invoked asks; undefined where it isn't one of {@link commandTo}. */
export function targetOf(logic: unknown): CommandTarget | undefined {
  return typeof logic === "object" && logic !== null ? invocable.get(logic) : undefined;
}

function valueOf<Context, Event, Value>(
  expression: Expression<Context, Event, Value>,
  args: ExpressionArgs<Context, Event>,
): Value {
  return typeof expression === "function"
    ? (expression as (args: ExpressionArgs<Context, Event>) => Value)(args)
    : expression;
}

function checkTarget(argument: string, target: unknown): void {
  if (typeof (target as Partial<CommandTarget> | null | undefined)?.name !== "string")
    throw new InvalidArgumentError(argument, "an aggregate, or a remote one", target);
}

export function checkSendingOptions({ attemptsMax, timeoutMs }: SendingOptions): void {
  if (attemptsMax !== undefined)
    checkInteger("attemptsMax of a command", attemptsMax, 1, 1_000_000);
  if (timeoutMs !== undefined)
    checkInteger("timeoutMs of a command", timeoutMs, 1, Number.MAX_SAFE_INTEGER);
}
