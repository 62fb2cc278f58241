/**
 * One input to one session: what is recorded of it. Pure; a session is this function behind a mailbox.
 *
 * ```
 *   input --- repeated, or without an effect? ---> nothing
 *         \-- an answer ------------------------> rules.stepped
 *         \-- parked ---------------------------> rules.kept
 *         \-- taken ----------------------------> rules.stepped, and for each firing rules.fired and its alerts
 *         \-- a handler or a rule fails --------> rules.parked
 * ```
 */
import { isBehind } from "../delivery/index.js";
import { asError } from "../kernel/errors.js";
import { defaultLimits } from "../kernel/limits.js";
import type { Bounds } from "./dues.js";
import { namesWithout } from "./live-session.js";
import { listed } from "./listed.js";
import { liveOf, remember } from "./live-sessions.js";
import type { RunnableRules } from "./runnable-rules.js";
import { SessionDraft, type RecordLimits } from "./session-draft.js";
import { SessionRun, type Budget, type Firing } from "./session-run.js";
import type {
  AnswerInput,
  EventInput,
  KeptInput,
  RecordedInput,
  SessionInput,
  SessionState,
  StepRecord,
  WakeInput,
} from "./session.js";
import { timerChanges, Touched } from "./step-record.js";

export interface StepContext {
  readonly rules: RunnableRules;
  readonly sessionId: string;
  /** Wall time: what deadlines of commands count from. */
  readonly nowMs: number;
  /** What one commit may hold; the defaults where absent. */
  readonly limits?: RecordLimits;
}

/** Why an input wasn't taken; nothing was recorded. */
export type Refusal = "session-full" | "wake-first";

/** Events that wait at the most. */
export const KEPT_MAX = 1_000;

const BUDGET: Budget = { duesMax: 1_000, eventsMax: 250 };
const NO_BUDGET: Budget = { duesMax: Infinity, eventsMax: Infinity };

/** Takes one input into the draft. Undefined where it was taken, had been before, or has no effect. */
export function takeInput(
  draft: SessionDraft,
  input: SessionInput,
  context: StepContext,
): Refusal | undefined {
  if (input.kind === "answer") {
    takeAnswer(draft, input);
    return undefined;
  }
  const { state } = draft;
  if (input.kind === "event" && !isBehind(state, input.origin)) return undefined;
  if (state.status === "parked") return keep(draft, input);
  return stepOrPark(draft, input, context);
}

/** One input on a state in memory: nothing is recorded, alerts and commands go nowhere. Where a rule fails nothing changes. */
export function replayInput(
  rules: RunnableRules,
  sessionId: string,
  state: SessionState,
  input: SessionInput,
): {
  readonly state: SessionState;
  readonly fired: readonly Firing[];
  /** What failed. */
  readonly problem?: string;
} {
  if (input.kind === "answer") return { state, fired: [] };
  if (input.kind === "event" && !isBehind(state, input.origin)) return { state, fired: [] };
  const draft = new SessionDraft(state, undefined, true);
  try {
    const { fired } = step(draft, input, { rules, sessionId, nowMs: 0 }, NO_BUDGET);
    // What nobody sends isn't answered.
    const after: SessionState =
      draft.state.commands.length === 0 ? draft.state : { ...draft.state, commands: [] };
    if (draft.live !== undefined) remember(after, draft.live);
    return { state: after, fired };
  } catch (error) {
    return { state, fired: [], problem: asError(error).message };
  }
}

/** Takes an input that needn't wait. */
export function stepOrPark(
  draft: SessionDraft,
  input: EventInput | WakeInput,
  context: StepContext,
): "wake-first" | undefined {
  const mark = draft.mark();
  const { limits = defaultLimits } = context;
  try {
    const { isDone } = step(draft, input, context, budgetWithin(limits));
    if (!isDone && input.kind === "event") {
      draft.rewind(mark);
      return "wake-first";
    }
    // Found here, in the order of inputs: behind a commit that is refused later ones would go on.
    draft.checkFits(mark, limits);
  } catch (error) {
    draft.rewind(mark);
    const problem = asError(error).message;
    draft.record({ type: "rules.parked", data: { problem, input: keptInput(input) } });
  }
  return undefined;
}

/** How a session's timer is set anew, where it was put aside. */
export function timersAnew(draft: SessionDraft, rules: RunnableRules) {
  const live = (draft.live ??= liveOf(rules, draft.state));
  return timerChanges(live, draft.state.timers, false);
}

/** A part of what one commit may hold: the handling of the event comes on top. */
function budgetWithin({ commitEventsMax }: RecordLimits): Budget {
  return { ...BUDGET, eventsMax: Math.min(BUDGET.eventsMax, Math.ceil(commitEventsMax / 4)) };
}

function step(
  draft: SessionDraft,
  input: EventInput | WakeInput,
  { rules, sessionId, nowMs }: StepContext,
  budget: Budget,
): { readonly fired: readonly Firing[]; readonly isDone: boolean } {
  const { state } = draft;
  const live = draft.live ?? liveOf(rules, state);
  draft.live = live;
  live.guard.enter({ ruleSet: rules.name, sessionId, input: placeOf(input) });
  live.beliefs.seq = state.seq;
  const run = new SessionRun(live, state, sessionId, nowMs);
  const touched = new Touched();
  const isOther = state.version !== rules.version;
  const dropped = isOther ? namesWithout(rules, state) : undefined;
  if (isOther) live.matches.renew();
  if (isOther && state.version !== 0) run.carryOver();
  const bounds = boundsOf(input, rules);
  const isDone = run.passTime(bounds, budget);
  if (!isDone && input.kind === "event") return { fired: [], isDone };
  let isTouched = touched.take(live);
  let { clockMs } = run;
  const recorded = recordedInput(input, happenedMs(run.nextDueMs(bounds), bounds), state);
  if (input.kind === "event") {
    const firedBefore = run.firings.length;
    run.takeEvent(input);
    const hasFired = run.firings.length > firedBefore;
    const isEffective = touched.take(live) || hasFired || isLate(recorded);
    // An event without an effect leaves nothing behind, not even its time: as if time had passed by a wake.
    if (isEffective) ({ clockMs } = run);
    isTouched ||= isEffective;
  }
  const { firings } = run;
  if (!isTouched && firings.length === 0 && (state.version === 0 || !isOther))
    return { fired: [], isDone };
  const isSpent = input.kind === "wake" && (state.timers[0]?.dueAtMs ?? Infinity) <= input.toMs;
  const record: StepRecord = {
    input: recorded,
    step: state.step + 1,
    ...(isOther ? { version: rules.version } : {}),
    ...(dropped === undefined ? {} : { dropped }),
    ...(clockMs === state.clockMs ? {} : { clockMs }),
    ...(firings.length === 0 ? {} : { firings: firings.length }),
    ...touched.patch(live, state),
    ...listed("runs", [...run.runs.values()]),
    ...listed(
      "commands",
      firings.flatMap(({ commands }) => commands),
    ),
    ...timerChanges(live, state.timers, isSpent),
  };
  draft.record({ type: "rules.stepped", data: record });
  for (const { record: data, alerts } of firings) {
    draft.tell({ type: "rules.fired", data });
    for (const alert of alerts) draft.tell(alert);
  }
  return { fired: firings, isDone };
}

/**
 * What happens before an input. An event says that its session has come to its time; only what happens without an event waits for
 * those that may be late, and windows do, since samples may still be for them.
 */
function boundsOf(
  input: EventInput | WakeInput,
  { latenessMs }: Pick<RunnableRules, "latenessMs">,
): Bounds {
  if (input.kind === "event") {
    const { atMs, watermarkMs } = input;
    return { dueMs: Math.max(watermarkMs, atMs), closeMs: watermarkMs };
  }
  const dueMs = input.toMs - latenessMs;
  return { dueMs, closeMs: Math.min(dueMs, input.closeMs ?? dueMs) };
}

/** A wake up to an event: what is due before that, where it is more than fits into one step with it. */
export function wakeBefore(
  { atMs, watermarkMs }: EventInput,
  { latenessMs }: Pick<RunnableRules, "latenessMs">,
): WakeInput {
  const toMs = Math.max(watermarkMs, atMs) + latenessMs;
  return { kind: "wake", toMs, closeMs: watermarkMs };
}

/** Everything due before has happened. */
function happenedMs(nextMs: number | undefined, { dueMs, closeMs }: Bounds): number {
  return Math.min(nextMs ?? dueMs, closeMs);
}

function recordedInput(
  input: EventInput | WakeInput,
  toMs: number,
  { horizonMs }: SessionState,
): RecordedInput {
  if (input.kind === "wake") return { kind: "wake", toMs };
  const { origin, atMs, watermarkMs } = input;
  const event = { kind: "event" as const, origin, atMs };
  return atMs < Math.max(watermarkMs, horizonMs) ? { ...event, late: true } : event;
}

function isLate(input: RecordedInput): boolean {
  return input.kind === "event" && input.late === true;
}

function placeOf(input: EventInput | WakeInput): string {
  if (input.kind === "wake") return `what was due before ${input.toMs}`;
  return `${input.event.type} at position ${input.origin.position}`;
}

/** No rule hears of it, so it needn't wait. */
function takeAnswer(draft: SessionDraft, { commandId, answer }: AnswerInput): void {
  const { state } = draft;
  if (!state.commands.some(({ id }) => id === commandId)) return;
  const { outcome } = answer;
  const code = "code" in answer ? { code: answer.code } : {};
  const input: RecordedInput = { kind: "answer", commandId, outcome, ...code };
  draft.record({ type: "rules.stepped", data: { input, step: state.step + 1 } });
}

function keep(draft: SessionDraft, input: EventInput | WakeInput): Refusal | undefined {
  const { kept, timers } = draft.state;
  // That time has passed is known when the session goes on; its timer must not fire again until then.
  if (input.kind === "wake" && (timers[0]?.dueAtMs ?? Infinity) > input.toMs) return undefined;
  if (input.kind === "event" && kept.length >= KEPT_MAX) return "session-full";
  draft.record({ type: "rules.kept", data: { input: keptInput(input) } });
  return undefined;
}

function keptInput(input: EventInput | WakeInput): KeptInput {
  if (input.kind === "wake") return { kind: "wake", toMs: input.toMs };
  const { origin, atMs, watermarkMs } = input;
  return { kind: "event", origin, atMs, watermarkMs };
}
