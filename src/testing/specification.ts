/**
 * Given / when / then for an aggregate, with no runtime, no promises and no clock: the domain is two pure functions.
 * Every event, command and state goes through the codec once, so what couldn't be recorded fails here already; and states
 * are frozen, so a handler that changes them in place fails, too.
 */
import { asError } from "../kernel/errors.js";
import { AssertionError, deepStrictEqual } from "node:assert";
import {
  isRejected,
  type Aggregate,
  type DecideContext,
  type Rejected,
} from "../../actors/index.js";
import { throughCodec } from "../../journal/index.js";
import { EMPTY_DATA, type Message } from "../kernel/event.js";
import { streamIdOf } from "../kernel/ids.js";
import { frozenCopy } from "./frozen-copy.js";

/** What `decide` finds in its context; the rest has fixed values. */
export interface SpecificationContext {
  readonly nowMs?: number;
  readonly commandId?: string;
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly headers?: Readonly<Record<string, unknown>>;
  /** What `newId` returns, in order; when they run out, `id-1`, `id-2`, …. */
  readonly ids?: readonly string[];
}

/** An event decided, its data frozen. */
interface Decided {
  readonly type: string;
  readonly data: unknown;
}

type Outcome = Rejected | readonly Decided[] | Error;

/** A history, before a command. */
export interface Given<State, Command extends Message, Event extends Message> {
  /** The command to decide. */
  when(command: Command, context?: SpecificationContext): Then<State, Command, Event>;
  /** The state after the history. @throws AssertionError - It is another. */
  thenState(expected: State): this;
}

/** What came of a command. Each method throws an AssertionError where something else did. */
export interface Then<State, Command extends Message, Event extends Message> {
  /** Accepted, with exactly these events. */
  thenEvents(...expected: readonly Event[]): this;
  /** Accepted, with nothing to record. */
  thenNothing(): this;
  /** Refused with this code and, where given, these details. */
  thenRejected(code: string, details?: unknown): this;
  /** `decide` or `evolve` threw an error whose message has this in it. */
  thenThrows(message: string | RegExp): this;
  /** The state after the events of the command. */
  thenState(expected: State): this;
  /** The next command, on the state after this one. */
  when(command: Command, context?: SpecificationContext): Then<State, Command, Event>;
}

const ENTITY_ID = "entity-1";

/**
 * Begins with a history.
 *
 * @param options.entityId - Defaults to `entity-1`.
 * @throws InvalidArgumentError - An event isn't plain data, or its type isn't one that `evolve` handles.
 */
export function given<State, Command extends Message, Event extends Message>(
  aggregate: Aggregate<State, Command, Event>,
  history: readonly Event[] = [],
  options: { readonly entityId?: string } = {},
): Given<State, Command, Event> {
  const { entityId = ENTITY_ID } = options;
  const { behavior } = aggregate;
  let state = frozenCopy("initial state", behavior.initialState(entityId));
  for (const event of history) state = evolved(aggregate, state, event);
  return new Specification<State, Command, Event>(aggregate, entityId, state, history.length, []);
}

class Specification<State, Command extends Message, Event extends Message>
  implements Given<State, Command, Event>, Then<State, Command, Event>
{
  readonly #aggregate: Aggregate<State, Command, Event>;
  readonly #entityId: string;
  readonly #state: unknown;
  readonly #version: number;
  readonly #outcome: Outcome;

  constructor(
    aggregate: Aggregate<State, Command, Event>,
    entityId: string,
    state: unknown,
    version: number,
    outcome: Outcome,
  ) {
    this.#aggregate = aggregate;
    this.#entityId = entityId;
    this.#state = state;
    this.#version = version;
    this.#outcome = outcome;
  }

  when(command: Command, context: SpecificationContext = {}): Then<State, Command, Event> {
    let state = this.#state;
    let outcome: Outcome;
    try {
      outcome = this.#decide(command, context);
      if (Array.isArray(outcome))
        for (const event of outcome as readonly Message[])
          state = evolved(this.#aggregate, state, event);
    } catch (error) {
      outcome = asError(error);
      state = this.#state;
    }
    const version = this.#version + (Array.isArray(outcome) ? outcome.length : 0);
    return new Specification(this.#aggregate, this.#entityId, state, version, outcome);
  }

  #decide(command: Command, given: SpecificationContext): Rejected | readonly Decided[] {
    const { behavior, name } = this.#aggregate;
    const data = frozenCopy(`data of command ${command.type}`, behavior.commandData(command));
    let made = 0;
    const context: DecideContext = {
      nowMs: given.nowMs ?? 0,
      entityId: this.#entityId,
      streamId: streamIdOf(name, this.#entityId),
      version: this.#version,
      commandId: given.commandId,
      correlationId: given.correlationId,
      causationId: given.causationId,
      headers: given.headers,
      newId: () => {
        const at = made++;
        return given.ids?.[at] ?? `id-${at + 1}`;
      },
    };
    const decision = behavior.decide(this.#state, command.type, data, context);
    if (isRejected(decision)) return decision;
    return decision.map(({ type, data: decided }) => ({
      type,
      data: frozenCopy(`data of event ${type}`, decided),
    }));
  }

  thenEvents(...expected: readonly Event[]): this {
    const wanted = expected.map(({ type, data }) => ({
      type,
      data: throughCodec(data ?? EMPTY_DATA),
    }));
    deepStrictEqual(this.#accepted(), wanted);
    return this;
  }

  thenNothing(): this {
    return this.thenEvents();
  }

  thenRejected(code: string, details?: unknown): this {
    const outcome = this.#outcome;
    if (outcome instanceof Error) throw outcome;
    if (!isRejected(outcome))
      fail(
        `rejected with ${code}`,
        `accepted with ${JSON.stringify(outcome.map(({ type }) => type))}`,
      );
    deepStrictEqual(outcome.code, code);
    if (details !== undefined) deepStrictEqual(outcome.details, details);
    return this;
  }

  thenThrows(message: string | RegExp): this {
    const outcome = this.#outcome;
    if (!(outcome instanceof Error))
      fail(
        `an error with ${String(message)}`,
        isRejected(outcome) ? `rejected with ${outcome.code}` : "accepted",
      );
    const matches =
      typeof message === "string"
        ? outcome.message.includes(message)
        : message.test(outcome.message);
    if (!matches) fail(`an error with ${String(message)}`, outcome.message);
    return this;
  }

  thenState(expected: State): this {
    if (this.#outcome instanceof Error) throw this.#outcome;
    deepStrictEqual(this.#state, throughCodec(expected));
    return this;
  }

  #accepted(): readonly Decided[] {
    const outcome = this.#outcome;
    if (outcome instanceof Error) throw outcome;
    if (isRejected(outcome))
      fail("accepted", `rejected with ${outcome.code} ${JSON.stringify(outcome.details ?? null)}`);
    return outcome;
  }
}

function evolved(
  aggregate: Aggregate<unknown, Message, Message>,
  state: unknown,
  event: Message,
): unknown {
  const data = frozenCopy(`data of event ${event.type}`, event.data ?? EMPTY_DATA);
  const next = aggregate.behavior.evolve(state, event.type, data);
  aggregate.behavior.checkState(next);
  return frozenCopy(`state after ${event.type}`, next);
}

function fail(expected: string, actual: string): never {
  throw new AssertionError({
    message: `expected: ${expected}; actual: ${actual}`,
    expected,
    actual,
  });
}
