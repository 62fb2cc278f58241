/**
 * Given / when / then for a saga: inputs, and what the machine made of them, in virtual time, with no runtime and no promises.
 * Every input, event and state goes through the codec once and is frozen, so what couldn't be recorded fails here already.
 */
import { AssertionError, deepStrictEqual } from "node:assert";
import { inspect, isDeepStrictEqual } from "node:util";
import { throughCodec } from "../../journal/index.js";
import {
  checkGivenEvent,
  type InstanceState,
  type MachineState,
  type Saga,
  type SagaInput,
  type StepRecord,
} from "../../sagas/index.js";
import type { CommandOutcome, PendingCommand, PendingTimer } from "../delivery/index.js";
import type { Message } from "../kernel/event.js";
import { InstanceRun, type InstanceOutcome } from "./instance-run.js";

/** A command as an instance asks for it. */
export interface AskedCommand {
  /** The aggregate's name. */
  readonly aggregate: string;
  readonly entityId: string;
  readonly command: Message;
}

/**
 * An instance of a saga, somewhere in its life. Each input gives the next one; this one stays as it is, so that several tests
 * may go on from it. Methods that begin with `then` look at what the last input did, and throw an AssertionError where
 * that is something else.
 */
export interface SagaSpecification {
  /**
   * Starts the instance, as an event that `correlate` answers with `start` does. Where it is started already, `onKnown` says
   * what happens.
   */
  start(input?: unknown): SagaSpecification;
  /**
   * Gives it an event, as one that `correlate` answers with `resume` does; before the start `onUnknown` says what happens.
   *
   * @throws InvalidArgumentError - Only XState and Tidemark may give events of that type.
   */
  when(event: Message): SagaSpecification;
  /**
   * Answers the oldest pending command of that name: the `as` of its `send`, the id of its invocation, or `compensation`.
   *
   * @throws AssertionError - None is pending.
   */
  answer(name: string, outcome: CommandOutcome): SagaSpecification;
  /** The command was carried out, and these events were recorded. */
  accepted(name: string, events?: readonly Message[]): SagaSpecification;
  /** The command was refused. */
  rejected(name: string, code: string, details?: unknown): SagaSpecification;
  /** The command's `timeoutMs` is over. Virtual time doesn't do this by itself: answers may arrive until they are waited for no more. */
  timedOut(name: string): SagaSpecification;
  /** The command was tried in vain. `uncertain` (false by default) where it may have been carried out all the same. */
  givenUp(
    name: string,
    options?: { readonly code?: string; readonly uncertain?: boolean },
  ): SagaSpecification;
  /** Lets time pass; timers that become due fire in order, each at its own moment, those that are set on the way too. */
  advance(ms: number): SagaSpecification;
  /** Lets a parked instance go on with what was kept, as `runtime.sagas.release`. */
  release(): SagaSpecification;

  /** The state value: `"paying"`, `{ shipping: "packing" }`. */
  thenState(value: unknown): this;
  /** The context has these fields, with these values; or the function says that it is right. */
  thenContext(
    expected: Readonly<Record<string, unknown>> | ((context: never) => boolean | undefined),
  ): this;
  /** The commands that the last input asked for, in order; those of all timers where it was `advance`. */
  thenCommands(...expected: readonly AskedCommand[]): this;
  /** All timers that are set: the milliseconds left, by id. That of an `after` is `xstate.after.<delay>.<state id>`. */
  thenTimers(expected: Readonly<Record<string, number>>): this;
  /** The events that the machine emitted on the last input, as they are recorded. */
  thenEmitted(...expected: readonly Message[]): this;
  /** The machine is at its end, with this output where one is given. */
  thenDone(output?: unknown): this;
  /** The instance waits for somebody; the problem has this in it. */
  thenParked(problem?: string | RegExp): this;
  /** The last input was taken, and changed nothing. */
  thenIgnored(): this;
  /** The last input wasn't taken: `unknown-instance`, `known-instance`, `instance-full`, `instance-ended`, `not-parked`. */
  thenRefused(code: string): this;
}

/** Timers that one `advance` fires at the most: a machine that sets them for now would never come to an end. */
const FIRED_MAX = 10_000;

/**
 * Begins with an instance that nothing has started.
 *
 * @param options.instanceId - Defaults to `instance-1`.
 * @param options.startMs - The moment that virtual time begins at; defaults to 0.
 */
export function givenSaga(
  saga: Saga,
  options: { readonly instanceId?: string; readonly startMs?: number } = {},
): SagaSpecification {
  const { instanceId = "instance-1", startMs = 0 } = options;
  return new Specification(new InstanceRun(saga, instanceId), startMs, 1, []);
}

class Specification implements SagaSpecification {
  readonly #run: InstanceRun;
  readonly #nowMs: number;
  /** Of the next event that is routed to it. */
  readonly #position: number;
  /** What came of the last input; several where it was time. */
  readonly #outcomes: readonly InstanceOutcome[];

  constructor(
    run: InstanceRun,
    nowMs: number,
    position: number,
    outcomes: readonly InstanceOutcome[],
  ) {
    this.#run = run;
    this.#nowMs = nowMs;
    this.#position = position;
    this.#outcomes = outcomes;
  }

  start(input: unknown = {}): SagaSpecification {
    const event = { type: "start", data: input };
    return this.#take({ kind: "start", data: input, event, origin: this.#origin(event.type) });
  }

  when(event: Message): SagaSpecification {
    checkGivenEvent(event);
    return this.#take({ kind: "event", event, origin: this.#origin(event.type) });
  }

  answer(name: string, outcome: CommandOutcome): SagaSpecification {
    const { id } = this.#pending(name);
    return this.#take({ kind: "answer", commandId: id, answer: outcome });
  }

  accepted(name: string, events: readonly Message[] = []): SagaSpecification {
    const version = Math.max(1, events.length);
    return this.answer(name, { outcome: "accepted", version, position: this.#position, events });
  }

  rejected(name: string, code: string, details: unknown = null): SagaSpecification {
    return this.answer(name, { outcome: "rejected", code, details });
  }

  timedOut(name: string): SagaSpecification {
    return this.answer(name, { outcome: "timed-out", attempts: 1 });
  }

  givenUp(
    name: string,
    { code = "unavailable", uncertain = false }: { code?: string; uncertain?: boolean } = {},
  ): SagaSpecification {
    const attempts = this.#pending(name).attemptsMax;
    const message = `${name} was tried ${attempts} times`;
    return this.answer(name, { outcome: "given-up", code, message, attempts, uncertain });
  }

  advance(ms: number): SagaSpecification {
    const untilMs = this.#nowMs + ms;
    const outcomes: InstanceOutcome[] = [];
    let run = this.#run;
    for (let timer = nextDue(run.state, untilMs); timer; timer = nextDue(run.state, untilMs)) {
      if (outcomes.length === FIRED_MAX)
        fail(`at most ${FIRED_MAX} timers within ${ms} ms`, `${timer.id} is set again and again`);
      const { id, dueAtMs } = timer;
      const [next, outcome] = run.take(
        { kind: "timer", id, dueAtMs },
        Math.max(dueAtMs, this.#nowMs),
      );
      run = next;
      outcomes.push(outcome);
    }
    return new Specification(run, untilMs, this.#position, outcomes);
  }

  release(): SagaSpecification {
    const [run, outcome] = this.#run.command({ type: "release", data: { hand: {} } }, this.#nowMs);
    return new Specification(run, this.#nowMs, this.#position, [outcome]);
  }

  thenState(value: unknown): this {
    this.#equals(this.#machine().value, throughCodec(value));
    return this;
  }

  thenContext(
    expected: Readonly<Record<string, unknown>> | ((context: never) => boolean | undefined),
  ): this {
    const context = this.#machine().context as Readonly<Record<string, unknown>>;
    if (typeof expected === "function") {
      if (expected(context as never) === false)
        fail("a context of which the function is true", inspect(context));
      return this;
    }
    const fields = Object.keys(expected).map((name) => [name, context[name]]);
    this.#equals(Object.fromEntries(fields), plain(expected));
    return this;
  }

  thenCommands(...expected: readonly AskedCommand[]): this {
    const asked = this.#steps().flatMap(({ commands = [] }) => commands);
    const commands = asked.map(({ aggregate, entityId, command }) => ({
      aggregate,
      entityId,
      command,
    }));
    this.#equals(commands, throughCodec(expected));
    return this;
  }

  thenTimers(expected: Readonly<Record<string, number>>): this {
    const timers = this.#run.state.timers.map(({ id, dueAtMs }) => [id, dueAtMs - this.#nowMs]);
    this.#equals(Object.fromEntries(timers), expected);
    return this;
  }

  thenEmitted(...expected: readonly Message[]): this {
    const emitted = this.#events().filter(({ type }) => !type.startsWith("saga."));
    this.#equals(emitted, throughCodec(expected));
    return this;
  }

  thenDone(output?: unknown): this {
    const machine = this.#machine();
    if (machine.status !== "done")
      fail("a machine at its end", `in state ${inspect(machine.value)}`);
    if (output !== undefined) this.#equals(machine.output, throughCodec(output));
    return this;
  }

  thenParked(problem?: string | RegExp): this {
    const { status, problem: actual } = this.#run.state;
    if (status !== "parked") fail("parked", this.#where());
    if (problem === undefined) return this;
    const matches = typeof problem === "string" ? actual.includes(problem) : problem.test(actual);
    if (!matches) fail(`parked with ${String(problem)}`, `parked with ${actual}`);
    return this;
  }

  thenIgnored(): this {
    const effects = this.#events().filter(({ type }) => type !== "saga.ignored");
    if (effects.length > 0)
      fail("nothing changed", `recorded ${effects.map(({ type }) => type).join(", ")}`);
    return this;
  }

  thenRefused(code: string): this {
    const refused = this.#outcomes.map(({ refused: actual }) => actual);
    if (refused.length === 1 && refused[0] === code) return this;
    return fail(`refused with ${code}`, refused[0] === undefined ? "taken" : refused[0]);
  }

  #origin(type: string) {
    const position = this.#position;
    return { position, part: 0, eventId: `test:${position}`, type, streamId: "test/test" };
  }

  #take(input: SagaInput): SagaSpecification {
    const [run, outcome] = this.#run.take(input, this.#nowMs);
    return new Specification(run, this.#nowMs, this.#position + 1, [outcome]);
  }

  #pending(name: string): PendingCommand {
    const { commands } = this.#run.state;
    const found = commands.find(({ as }) => as === name);
    if (found !== undefined) return found;
    const names = commands.map(({ as }) => as);
    return fail(
      `a pending command ${name}`,
      names.length === 0 ? "none is pending" : `pending are ${names.join(", ")}`,
    );
  }

  /** What was recorded of the last input. */
  #events(): readonly Message[] {
    return this.#outcomes.flatMap((outcome) => {
      if (outcome.refused !== undefined) return fail("taken", `refused with ${outcome.refused}`);
      return outcome.events;
    });
  }

  #steps(): StepRecord[] {
    return this.#events()
      .filter(({ type }) => type === "saga.stepped")
      .map(({ data }) => data as StepRecord);
  }

  /** One that was parked on the way tells why, since that is why it differs. */
  #equals(actual: unknown, expected: unknown): void {
    if (this.#run.state.status === "parked" && !isDeepStrictEqual(actual, expected))
      fail(inspect(expected), `${inspect(actual)}, ${this.#where()}`);
    deepStrictEqual(actual, expected);
  }

  #machine(): MachineState {
    const { machine } = this.#run.state;
    return machine ?? fail("an instance that is started", this.#where());
  }

  #where(): string {
    const { status, problem, machine } = this.#run.state;
    if (status === "parked") return `parked: ${problem}`;
    const { value } = machine ?? {};
    return value === undefined ? `${status}, never started` : `${status} in ${inspect(value)}`;
  }
}

/** The timer that fires first, of those due by then. */
function nextDue({ timers }: InstanceState, untilMs: number): PendingTimer | undefined {
  let next: PendingTimer | undefined;
  for (const timer of timers)
    if (timer.dueAtMs <= untilMs && timer.dueAtMs < (next?.dueAtMs ?? Infinity)) next = timer;
  return next;
}

/** As it is read back, with fields that are said to be undefined. */
function plain(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const entries = Object.entries(fields).map(([name, value]) => [
    name,
    value === undefined ? undefined : throughCodec(value),
  ]);
  return Object.fromEntries(entries) as Record<string, unknown>;
}

function fail(expected: string, actual: string): never {
  throw new AssertionError({
    message: `expected: ${expected}; actual: ${actual}`,
    expected,
    actual,
  });
}
