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
import { asError } from "../src/kernel/errors.js";
import { defaultLimits } from "../src/kernel/limits.js";
import type { InstanceDraft } from "./instance-draft.js";
import {
  isRepetition,
  originOf,
  type AnswerAddress,
  type SagaInput,
  type StepRecord,
} from "./instance.js";
import { Step, type StepContext } from "./step.js";

/** Why an input wasn't taken; nothing was recorded. */
export type Refusal = "unknown-instance" | "known-instance" | "instance-full" | "instance-ended";

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

/**
 * Takes an input that needn't wait.
 *
 * @param waiting - Inputs that are taken after it.
 */
function takeNow(
  draft: InstanceDraft,
  input: SagaInput,
  context: StepContext,
  waiting: readonly SagaInput[] = [],
): Refusal | undefined {
  if (draft.state.machine === null) return takeUnstarted(draft, input, context);
  if (input.kind === "start") return takeStartAgain(draft, input, context, waiting);
  stepOrPark(draft, input, context, waiting);
  return undefined;
}

function takeStartAgain(
  draft: InstanceDraft,
  { event, origin, orResume }: Extract<SagaInput, { kind: "start" }>,
  context: StepContext,
  waiting: readonly SagaInput[],
): Refusal | undefined {
  const { onKnown } = context.saga;
  if (event !== undefined && origin !== undefined && (orResume === true || onKnown === "resume")) {
    stepOrPark(draft, { kind: "event", event, origin }, context, waiting);
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
  let rest = kept;
  for (let input = rest[0]; input !== undefined; input = rest[0]) {
    rest = rest.slice(1);
    if (draft.state.status === "parked") {
      draft.record({ type: "saga.kept", data: { input } });
      continue;
    }
    const before = draft.events.length;
    if (takeNow(draft, input, context, rest) !== undefined)
      draft.record({ type: "saga.ignored", data: { input } });
    for (const { type, data } of draft.events.slice(before))
      if (type === "saga.stepped") rest = stillWanted(rest, data as StepRecord);
  }
}

/** Without timers that a step has cancelled or set anew, and answers to what it has abandoned: they came too late. */
function stillWanted(
  waiting: readonly SagaInput[],
  { cancelled = [], timers = [], abandoned = [] }: StepRecord,
): readonly SagaInput[] {
  const ended = new Set([...cancelled, ...timers.map(({ id }) => id)]);
  const unwanted = new Set(abandoned);
  return waiting.filter((input) => {
    if (input.kind === "timer") return !ended.has(input.id);
    return input.kind !== "answer" || !unwanted.has(input.commandId);
  });
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
  const { as, entityId, invocation, compensates } = command;
  const to: AnswerAddress = {
    as,
    entityId,
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

/** Takes one input now. @param waiting - Inputs that are taken after it. */
export function stepOrPark(
  draft: InstanceDraft,
  input: SagaInput,
  context: StepContext,
  waiting: readonly SagaInput[] = [],
): void {
  const mark = draft.mark();
  try {
    new Step(draft, input, context, waiting).run();
    // Found here, in the order of inputs: behind a commit that is refused later ones would go on.
    draft.checkFits(mark, waiting.length, context.limits ?? defaultLimits);
  } catch (error) {
    draft.rewind(mark);
    draft.record({ type: "saga.parked", data: { problem: asError(error).message, input } });
  }
}
