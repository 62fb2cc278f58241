/** The release of a parked session: takes the oldest of what was kept, one by one, until one parks it again or a commit is full. */
import type { Hand } from "../delivery/index.js";
import { defaultLimits } from "../kernel/limits.js";
import type { SessionDraft } from "./session-draft.js";
import { stepOrPark, timersAnew, wakeBefore, type StepContext } from "./session-step.js";
import type { EventInput, KeptEvent, SessionState } from "./session.js";

/** A kept event with what the journal has of it; without an input where upcasters drop it by now. */
export interface ReleasedEvent {
  readonly kept: KeptEvent;
  readonly input?: EventInput;
}

/** A part of what a commit may hold: one more step must fit. */
const FILLED = 0.5;

/** False where what is given isn't what was kept; then nothing is recorded. */
export function releaseKept(
  draft: SessionDraft,
  given: readonly ReleasedEvent[],
  hand: Hand,
  context: StepContext,
): boolean {
  if (!isOldest(draft.state, given)) return false;
  const { commitEventsMax } = context.limits ?? defaultLimits;
  let taken = 0;
  let problem: string | undefined;
  for (const { input } of given) {
    if (draft.events.length >= commitEventsMax * FILLED) break;
    if (input !== undefined) {
      const outcome = release(draft, input, context);
      problem = outcome.problem;
      if (!outcome.isTaken) break;
    }
    taken += 1;
  }
  const released = { ...hand, taken, ...timersAnew(draft, context.rules) };
  draft.record({ type: "rules.released", data: released });
  if (problem !== undefined) draft.record({ type: "rules.parked", data: { ...hand, problem } });
  return true;
}

/** What was due before comes first, where it doesn't fit into the same step. */
function release(
  draft: SessionDraft,
  input: EventInput,
  context: StepContext,
): { readonly isTaken: boolean; readonly problem?: string } {
  const mark = draft.mark();
  const refusal = stepOrPark(draft, input, context);
  if (refusal !== undefined) {
    stepOrPark(draft, wakeBefore(input, context.rules), context);
  }
  const { problem } = draft.state;
  if (draft.events.at(-1)?.type !== "rules.parked") return { isTaken: refusal === undefined };
  // It goes on waiting where it is.
  draft.rewind(mark);
  return { isTaken: false, problem };
}

function isOldest({ kept }: SessionState, given: readonly ReleasedEvent[]): boolean {
  if (given.length > kept.length || (given.length === 0 && kept.length > 0)) return false;
  return given.every(({ kept: { origin } }, index) => {
    const waiting = kept[index]?.origin;
    return waiting?.position === origin.position && waiting.part === origin.part;
  });
}
