/**
 * One input to one instance: what is recorded of it. Pure; an instance is this function behind a mailbox.
 *
 * ```
 *   input --- repeated? ----------------------------> nothing
 *         \-- not started: start, or wait, or refuse
 *         \-- parked, or others wait before it -----> saga.kept
 *         \-- the machine takes it -----------------> saga.stepped (machine, commands, timers, all in one)
 *         \-- it throws, or an answer goes unheard -> saga.parked
 * ```
 */
import type { AnyMachineSnapshot, EventObject } from "xstate";
import { asError } from "../src/kernel/errors.js";
import type { Message } from "../src/kernel/event.js";
import type { InstanceDraft } from "./instance-draft.js";
import {
  isRepetition,
  originOf,
  type AnswerAddress,
  type CommandOutcome,
  type SagaInput,
  type StepRecord,
} from "./instance.js";
import { taken } from "./instance-fold.js";
import { NotDurableError, type MachineRunner, type Transition } from "./machine-runner.js";
import { fateOf, type Versions } from "./machine-versions.js";
import type { Saga } from "./saga.js";
import { stateName } from "./state-name.js";
import { StepEffects } from "./step-effects.js";

/** What a step must know of its saga. */
export type StepSaga = Versions & Pick<Saga, "onUnknown" | "onKnown" | "emits">;

/** Why an input wasn't taken; nothing was recorded. */
export type Refusal = "unknown-instance" | "known-instance" | "instance-full" | "instance-ended";

export interface StepContext {
  readonly saga: StepSaga;
  readonly instanceId: string;
  readonly nowMs: number;
}

/** Inputs that wait at the most: with what each leads to, they must fit into one commit when they are released. */
export const KEPT_MAX = 200;

/** Takes one input into the draft. Undefined where it was taken, had been before, or can't matter any more. */
export function takeInput(
  draft: InstanceDraft,
  given: SagaInput,
  context: StepContext,
): Refusal | undefined {
  const { state } = draft;
  if (isRepetition(state, given)) return undefined;
  const input = filledIn(draft, given);
  if (input === undefined) return undefined;
  if (state.status === "ended") return originOf(input) === undefined ? "instance-ended" : undefined;
  return state.status === "parked" ? keep(draft, input) : takeNow(draft, input, context);
}

/** Takes an input that needn't wait. */
function takeNow(
  draft: InstanceDraft,
  input: SagaInput,
  context: StepContext,
): Refusal | undefined {
  if (draft.state.machine === null) return takeUnstarted(draft, input, context);
  if (input.kind === "start") return takeStartAgain(draft, input, context);
  stepOrPark(draft, input, context);
  return undefined;
}

function takeStartAgain(
  draft: InstanceDraft,
  { event, origin, orResume }: Extract<SagaInput, { kind: "start" }>,
  context: StepContext,
): Refusal | undefined {
  const { onKnown } = context.saga;
  if (event !== undefined && origin !== undefined && (orResume === true || onKnown === "resume")) {
    stepOrPark(draft, { kind: "event", event, origin }, context);
    return undefined;
  }
  return onKnown === "refuse" || origin === undefined ? "known-instance" : undefined;
}

/** Takes inputs that waited, in order, until one parks the instance again: then the rest goes on waiting. */
export function takeKept(
  draft: InstanceDraft,
  kept: readonly SagaInput[],
  context: StepContext,
): void {
  for (const input of kept) {
    if (draft.state.status === "parked") draft.record({ type: "saga.kept", data: { input } });
    else if (takeNow(draft, input, context) !== undefined)
      draft.record({ type: "saga.ignored", data: { input } });
  }
}

/** What is needed of a pending timer or command goes with the input, which may have to wait. Undefined where it isn't pending. */
function filledIn({ state }: InstanceDraft, input: SagaInput): SagaInput | undefined {
  if (input.kind === "timer") {
    const timer = state.timers.find(
      ({ id, dueAtMs }) => id === input.id && dueAtMs === input.dueAtMs,
    );
    return timer === undefined ? undefined : { ...input, event: timer.event };
  }
  if (input.kind !== "answer") return input;
  const command = state.commands.find(({ id }) => id === input.commandId);
  if (command === undefined) return undefined;
  const { as, invocation, compensates } = command;
  const to: AnswerAddress = {
    as,
    ...(invocation === undefined ? {} : { invocation }),
    ...(compensates === undefined ? {} : { compensates }),
  };
  return { ...input, to };
}

function takeUnstarted(
  draft: InstanceDraft,
  input: SagaInput,
  context: StepContext,
): Refusal | undefined {
  if (input.kind === "start") {
    const { kept } = draft.state;
    stepOrPark(draft, input, context);
    if (kept.length === 0 || draft.state.machine === null) return undefined;
    draft.record({ type: "saga.released", data: {} });
    takeKept(draft, kept, context);
    return undefined;
  }
  // By hand nobody waits for a start that may never come.
  const { onUnknown } = context.saga;
  if (onUnknown === "refuse" || originOf(input) === undefined) return "unknown-instance";
  return onUnknown === "keep" ? keep(draft, input) : undefined;
}

function keep(draft: InstanceDraft, input: SagaInput): Refusal | undefined {
  if (draft.state.kept.length >= KEPT_MAX) return "instance-full";
  draft.record({ type: "saga.kept", data: { input } });
  return undefined;
}

function stepOrPark(draft: InstanceDraft, input: SagaInput, context: StepContext): void {
  try {
    new Step(draft, input, context).run();
  } catch (error) {
    draft.snapshot = undefined;
    draft.record({ type: "saga.parked", data: { problem: asError(error).message, input } });
  }
}

/** An answer that says that something went wrong, and that the machine has no transition for. */
class UnheardAnswerError extends NotDurableError {}

class Step {
  readonly #draft: InstanceDraft;
  readonly #input: SagaInput;
  readonly #context: StepContext;
  readonly #effects: StepEffects;
  readonly #number: number;
  #runner: MachineRunner;
  #snapshot: AnyMachineSnapshot | undefined;
  #moved = false;
  #record: {
    machine?: StepRecord["machine"];
    cancelled?: string[];
    timers?: StepRecord["timers"];
  } = {};

  constructor(draft: InstanceDraft, input: SagaInput, context: StepContext) {
    this.#draft = draft;
    this.#input = input;
    this.#context = context;
    this.#runner = context.saga.runner;
    this.#number = draft.state.step + 1;
    const { saga, instanceId, nowMs } = context;
    this.#effects = new StepEffects({
      saga: saga.name,
      instanceId,
      step: this.#number,
      nowMs,
      emits: saga.emits,
      before: taken(draft.state, input),
    });
  }

  run(): void {
    const { saga } = this.#context;
    if (this.#draft.state.machine === null) {
      this.#record.machine = [saga.version, saga.hash];
      this.#took(this.#runner.start(inputOf(this.#input)));
    } else {
      this.#resume();
      this.#feed();
    }
    this.#undoOnwards();
    this.#finish();
  }

  #resume(): void {
    const { saga } = this.#context;
    const { state, snapshot } = this.#draft;
    if (snapshot !== undefined && state.version === saga.version && state.hash === saga.hash) {
      this.#snapshot = snapshot;
      return;
    }
    const fate = fateOf(saga, state);
    if (fate.fate === "parks") throw new NotDurableError(fate.problem);
    this.#runner = fate.runner;
    this.#snapshot = fate.snapshot;
    if (fate.fate === "runs" || fate.fate === "pinned") return;
    this.#record.machine = [saga.version, saga.hash];
    if (fate.fate !== "migrates") return;
    this.#moved = true;
    this.#record.timers = fate.timers;
    this.#record.cancelled = state.timers.map(({ id }) => id);
  }

  #feed(): void {
    const input = this.#input;
    switch (input.kind) {
      case "start":
        // Only an instance that isn't started takes one.
        break;
      case "event":
        this.#take(input.event);
        break;
      case "timer":
        this.#take(input.event as EventObject);
        break;
      case "answer":
        this.#feedAnswer(input.commandId, input.answer, input.to as AnswerAddress);
    }
  }

  #feedAnswer(commandId: string, answer: CommandOutcome, to: AnswerAddress): void {
    if (to.compensates !== undefined) {
      if (answer.outcome === "accepted") return;
      this.#effects.compensating = false;
      this.#takeAnswer(
        {
          type: "compensation-failed",
          commandId: to.compensates,
          code: codeOf(answer),
        } as EventObject,
        answer,
      );
    } else if (to.invocation !== undefined) {
      this.#takeAnswer(invocationEvent(to.invocation, answer), answer);
    } else {
      const { outcome, ...rest } = answer;
      const event: EventObject = { type: `${to.as}.${outcome}`, ...{ commandId, ...rest } };
      this.#takeAnswer(event, answer);
    }
  }

  #takeAnswer(event: EventObject, answer: CommandOutcome): void {
    const before = this.#snapshot as AnyMachineSnapshot;
    const isTaken = this.#take(event);
    if (isTaken || answer.outcome === "accepted") return;
    throw new UnheardAnswerError(
      `in state ${stateName(before.value)} nothing handles ${event.type} (${codeOf(answer)}): give it a transition, deploy, and release this instance`,
    );
  }

  /** Whether the machine had a transition for it. */
  #take(event: EventObject): boolean {
    const transition = this.#runner.take(this.#snapshot as AnyMachineSnapshot, event);
    // XState's answer to an error event that nobody handles; the machine would be at its end.
    if (transition.snapshot.status === "error") {
      if (event.type.startsWith("xstate.error.actor.")) return false;
      throw asError(transition.snapshot.error);
    }
    this.#took(transition);
    return transition.taken;
  }

  #took(transition: Transition): void {
    for (const effect of transition.effects) this.#effects.add(effect);
    this.#snapshot = transition.snapshot;
    this.#moved ||= transition.taken;
    if (transition.taken) this.#effects.settle(this.#runner, transition.snapshot);
  }

  /** Undoes the next thing, once all that might have to be undone is known. */
  #undoOnwards(): void {
    const effects = this.#effects;
    if (!effects.compensating) return;
    const { compensations, commands } = taken(this.#draft.state, this.#input);
    const pending = [...commands, ...effects.commands];
    if (
      pending.some(
        (command) => command.compensation !== undefined || command.compensates !== undefined,
      )
    )
      return;
    const next = compensations[compensations.length - 1];
    if (next !== undefined) {
      effects.undo(next);
      return;
    }
    effects.compensating = false;
    this.#take({ type: "compensated" });
  }

  #finish(): void {
    const { state } = this.#draft;
    const effects = this.#effects;
    const { commands, timers, cancelled, abandoned, compensating } = effects;
    const changed = compensating !== state.compensating;
    const isStep = this.#moved || this.#input.kind !== "event" || commands.length > 0 || changed;
    if (!isStep) {
      this.#draft.record({ type: "saga.ignored", data: { input: this.#input } });
      return;
    }
    const record: StepRecord = {
      step: this.#number,
      input: this.#input,
      ...(this.#moved ? { state: this.#runner.stateOf(this.#snapshot as AnyMachineSnapshot) } : {}),
      ...(this.#record.machine === undefined ? {} : { machine: this.#record.machine }),
      ...(commands.length === 0 ? {} : { commands }),
      ...listed("timers", this.#timers(timers, cancelled)),
      ...listed("cancelled", [...(this.#record.cancelled ?? []), ...cancelled]),
      ...(abandoned.length === 0 ? {} : { abandoned }),
      ...(changed ? { compensating } : {}),
      ...listed("notes", effects.notes),
    };
    this.#draft.record({ type: "saga.stepped", data: record });
    this.#draft.snapshot = this.#snapshot;
    for (const event of effects.emitted) this.#draft.emit(event);
  }

  /** What a migration left set, unless the step dealt with it, and what the step set. */
  #timers(set: NonNullable<StepRecord["timers"]>, cancelled: readonly string[]) {
    const migrated = this.#record.timers ?? [];
    const dealtWith = new Set([...cancelled, ...set.map(({ id }) => id)]);
    if (this.#input.kind === "timer") dealtWith.add(this.#input.id);
    return [...migrated.filter(({ id }) => !dealtWith.has(id)), ...set];
  }
}

function listed<Name extends string, Item>(name: Name, items: readonly Item[]) {
  return items.length === 0 ? {} : { [name]: items };
}

function inputOf(input: SagaInput): unknown {
  return input.kind === "start" ? input.data : undefined;
}

function codeOf(answer: CommandOutcome): string {
  return "code" in answer ? answer.code : answer.outcome;
}

/** As XState tells that an invoked actor is done, or has failed. */
function invocationEvent(id: string, answer: CommandOutcome): EventObject {
  if (answer.outcome === "accepted") {
    const { version, position, events } = answer;
    return {
      type: `xstate.done.actor.${id}`,
      actorId: id,
      output: { version, position, events },
    } as EventObject;
  }
  const details: unknown = answer.outcome === "rejected" ? answer.details : null;
  const error = { outcome: answer.outcome, code: codeOf(answer), details };
  return { type: `xstate.error.actor.${id}`, actorId: id, error } as EventObject;
}

/** The event that an input is to the machine; for those who show histories. */
export function eventOfInput(input: SagaInput): Message {
  if (input.kind === "event") return input.event;
  if (input.kind === "start") return { type: "start", data: input.data };
  if (input.kind === "timer") return { type: input.event?.type ?? input.id };
  const { to, answer } = input;
  return { type: `${to?.invocation ?? to?.as ?? input.commandId}.${answer.outcome}` };
}
