/** One input to one session: what is recorded of it. Pure; a session is this function behind a mailbox. */
import type { Message } from "../kernel/event.js";
import type { PendingCommand } from "./delivery.js";
import type { RunnableRules } from "./runnable-rules.js";
import type { RecordLimits } from "./session-behavior.js";
import type { SessionDraft } from "./session-draft.js";
import type { FiredRecord, SessionInput, SessionState } from "./session.js";

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

/** A firing, with what it asked for. */
export interface Firing {
  readonly record: FiredRecord;
  readonly alerts: readonly Message[];
  readonly commands: readonly PendingCommand[];
}

/** Takes one input into the draft. Undefined where it was taken, had been before, or changes nothing. */
export declare function takeInput(
  draft: SessionDraft,
  input: SessionInput,
  context: StepContext,
): Refusal | undefined;

/** One input on a state in memory: nothing is recorded, alerts and commands go nowhere. Where a rule fails nothing changes. */
export declare function replayInput(
  rules: RunnableRules,
  sessionId: string,
  state: SessionState,
  input: SessionInput,
): {
  readonly state: SessionState;
  readonly fired: readonly Firing[];
  readonly problem?: string;
};
