/** One step of an instance: the machine takes one input, and all that comes of it becomes one record. Pure. */
import type { AnyMachineSnapshot, EventObject } from "xstate";
import type { CommandOutcome, PendingTimer } from "../src/delivery/index.js";
import { asError } from "../src/kernel/errors.js";
import { answerEvent, codeOf } from "./input-event.js";
import type { InstanceDraft, RecordLimits } from "./instance-draft.js";
import type { InstanceState, SagaInput, StepRecord } from "./instance.js";
import { taken } from "./instance-fold.js";
import { NotDurableError, type MachineRunner, type Transition } from "./machine-runner.js";
import { fateOf } from "./machine-versions.js";
import type { RunnableSaga } from "./runnable-saga.js";
import { stateName } from "./state-name.js";
import { StepEffects } from "./step-effects.js";

export interface StepContext {
  readonly saga: RunnableSaga;
  readonly instanceId: string;
  readonly nowMs: number;
  /** What one commit may hold; the defaults where absent. */
  readonly limits?: RecordLimits;
}

/** An answer that says that something went wrong, and that the machine has no transition for. */
class UnheardAnswerError extends NotDurableError {}

export class Step {
  readonly #draft: InstanceDraft;
  readonly #input: SagaInput;
  readonly #context: StepContext;
  readonly #waiting: readonly SagaInput[];
  readonly #number: number;
  /** The instance without what the input has dealt with. */
  readonly #before: InstanceState;
  #runner: MachineRunner;
  #effects: StepEffects;
  #snapshot: AnyMachineSnapshot | undefined;
  #moved = false;
  #machine: StepRecord["machine"];
  /** What a migration left set, in the place of what was set before. */
  #migrated: { readonly timers: readonly PendingTimer[]; readonly before: readonly string[] } = {
    timers: [],
    before: [],
  };

  /** @param waiting - Inputs that were kept, and are taken after this one. */
  constructor(
    draft: InstanceDraft,
    input: SagaInput,
    context: StepContext,
    waiting: readonly SagaInput[],
  ) {
    this.#draft = draft;
    this.#input = input;
    this.#context = context;
    this.#waiting = waiting;
    this.#runner = context.saga.runner;
    this.#number = draft.state.step + 1;
    this.#before = taken(draft.state, input);
    this.#effects = this.#effectsOn(withWaiting(this.#before, waiting));
  }

  /** @throws Whatever the machine's functions throw; NotDurableError. Then nothing is recorded. */
  run(): void {
    const { saga } = this.#context;
    if (this.#draft.state.machine === null) {
      this.#machine = [saga.version, saga.hash];
      this.#took(this.#runner.start(inputOf(this.#input)));
    } else {
      this.#resume();
      this.#feed();
    }
    this.#undoOnwards();
    this.#finish();
  }

  #effectsOn(before: InstanceState): StepEffects {
    const { saga, instanceId, nowMs } = this.#context;
    const { name, emits } = saga;
    return new StepEffects({ saga: name, instanceId, step: this.#number, nowMs, emits, before });
  }

  #resume(): void {
    const { saga } = this.#context;
    const { state, snapshot } = this.#draft;
    if (snapshot !== undefined && state.version === saga.version && state.hash === saga.hash) {
      this.#snapshot = snapshot;
      return;
    }
    const whole = withWaiting(state, [this.#input, ...this.#waiting]);
    const fate = fateOf(saga, whole);
    if (fate.fate === "parks") throw new NotDurableError(fate.problem);
    this.#runner = fate.runner;
    this.#snapshot = fate.snapshot;
    if (fate.fate === "runs" || fate.fate === "pinned") return;
    this.#machine = [saga.version, saga.hash];
    if (fate.fate !== "migrates") return;
    this.#moved = true;
    const before = taken(whole, this.#input);
    const { timers } = taken({ ...whole, timers: fate.timers }, this.#input);
    this.#migrated = { timers, before: before.timers.map(({ id }) => id) };
    this.#effects = this.#effectsOn({ ...before, timers });
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
        this.#feedAnswer(input);
    }
  }

  #feedAnswer({ commandId, answer, to }: Extract<SagaInput, { kind: "answer" }>): void {
    const event = to === undefined ? undefined : answerEvent(commandId, answer, to);
    if (event === undefined) return;
    if (to?.compensates !== undefined) this.#effects.compensating = false;
    this.#takeAnswer(event, answer);
  }

  #takeAnswer(event: EventObject, answer: CommandOutcome): void {
    const before = this.#snapshot as AnyMachineSnapshot;
    if (this.#runner.hears(before, event)) this.#take(event);
    else if (answer.outcome !== "accepted") throw unheard(before, event, codeOf(answer));
  }

  #take(event: EventObject): void {
    const transition = this.#runner.take(this.#snapshot as AnyMachineSnapshot, event);
    if (transition.snapshot.status === "error") throw asError(transition.snapshot.error);
    this.#took(transition);
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
    if (!effects.compensating || this.#isUndoneLater()) return;
    const { compensations } = this.#before;
    const next = compensations[compensations.length - 1];
    if (next !== undefined) {
      effects.undo(next);
      return;
    }
    effects.compensating = false;
    this.#take({ type: "compensated" });
    if (this.#isStuck())
      throw new NotDurableError(
        "the machine asks to compensate() in answer to compensated, where nothing is left to undo: leave it out there",
      );
  }

  /** It undoes, and nothing that is on its way would ever make it go on. */
  #isStuck(): boolean {
    return this.#effects.compensating && !this.#isUndoneLater();
  }

  /** Whether something is on its way that is undone, or undoes. */
  #isUndoneLater(): boolean {
    return [...this.#before.commands, ...this.#effects.commands].some(
      ({ compensation, compensates }) => compensation !== undefined || compensates !== undefined,
    );
  }

  #finish(): void {
    const { state } = this.#draft;
    const effects = this.#effects;
    const { commands, abandoned, compensating } = effects;
    const changed = compensating !== state.compensating;
    const isStep = this.#moved || this.#input.kind !== "event" || commands.length > 0 || changed;
    if (!isStep) {
      this.#draft.record({ type: "saga.ignored", data: { input: this.#input } });
      return;
    }
    const timers = this.#timers();
    const isTimed =
      timers.length > 0 || commands.some(({ deadlineAtMs }) => deadlineAtMs !== undefined);
    const record: StepRecord = {
      step: this.#number,
      input: this.#input,
      ...(isTimed ? { atMs: this.#context.nowMs } : {}),
      ...(this.#moved ? { state: this.#runner.stateOf(this.#snapshot as AnyMachineSnapshot) } : {}),
      ...(this.#machine === undefined ? {} : { machine: this.#machine }),
      ...listed("commands", commands),
      ...listed("timers", timers),
      ...listed("cancelled", [...new Set([...this.#migrated.before, ...effects.cancelled])]),
      ...listed("abandoned", abandoned),
      ...(changed ? { compensating } : {}),
      ...listed("notes", effects.notes),
    };
    this.#draft.record({ type: "saga.stepped", data: record });
    this.#draft.snapshot = this.#snapshot;
    for (const event of effects.emitted) this.#draft.emit(event);
  }

  /** What a migration left set, unless the step dealt with it, and what the step set. */
  #timers(): readonly PendingTimer[] {
    const { timers, cancelled } = this.#effects;
    const dealtWith = new Set([...cancelled, ...timers.map(({ id }) => id)]);
    return [...this.#migrated.timers.filter(({ id }) => !dealtWith.has(id)), ...timers];
  }
}

/** With what was taken off the lists when it was kept: a step that leaves its state ends it all the same. */
function withWaiting(state: InstanceState, waiting: readonly SagaInput[]): InstanceState {
  if (waiting.length === 0) return state;
  const timers = [...state.timers];
  const commands = [...state.commands];
  for (const input of waiting) {
    if (input.kind === "timer" && input.event !== undefined) {
      const { id, dueAtMs, event } = input;
      if (!timers.some((timer) => timer.id === id)) timers.push({ id, dueAtMs, event });
    } else if (input.kind === "answer" && input.to?.invocation !== undefined) {
      const { commandId: id, to } = input;
      if (!commands.some((command) => command.id === id)) commands.push({ ...ANSWERED, ...to, id });
    }
  }
  return { ...state, timers, commands };
}

/** What of a command isn't known any more once it is answered. */
const ANSWERED = { aggregate: "", entityId: "", command: { type: "" }, attemptsMax: 1 };

function unheard(before: AnyMachineSnapshot, event: EventObject, code: string): UnheardAnswerError {
  const state = stateName(before.value);
  const todo =
    before.status === "active"
      ? "give it a transition, deploy, and release this instance"
      : "the machine is at its end; see to it, and discard the answer";
  return new UnheardAnswerError(
    `in state ${state} nothing handles ${event.type} (${code}): ${todo}`,
  );
}

function listed<Name extends string, Item>(name: Name, items: readonly Item[]) {
  return items.length === 0 ? {} : { [name]: items };
}

function inputOf(input: SagaInput): unknown {
  return input.kind === "start" ? input.data : undefined;
}
