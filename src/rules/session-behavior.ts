/** A session as an actor: one command for each thing that can be done to it, its events as they are folded. */
import type { AnyAggregate } from "../../actors/index.js";
import type { Position } from "../kernel/event.js";
import type { Limits } from "../kernel/limits.js";
import type { Hand } from "./delivery.js";
import type { RunnableRules } from "./runnable-rules.js";
import type { EventInput, KeptEvent, SessionInput, SessionState } from "./session.js";

/** What one commit may hold. */
export type RecordLimits = Pick<
  Limits,
  "eventDataBytesMax" | "commitEventsMax" | "nestingDepthMax"
>;

/** What a step that can't be recorded within parks the session; the defaults where absent. */
interface Limited {
  readonly limits?: RecordLimits;
}

/** A kept event with what the journal has of it; without an input where upcasters drop it by now. */
export interface ReleasedEvent {
  readonly kept: KeptEvent;
  readonly input?: EventInput;
}

/** What can be asked of a session. */
export type SessionCommand =
  /**
   * Takes an input. Refused with `session-full` where too many wait already, and with `wake-first` where more is due before an
   * event than one commit can hold: give `wake` inputs up to its watermark, then the event again.
   */
  | { readonly type: "take"; readonly data: Limited & { readonly input: SessionInput } }
  | { readonly type: "park"; readonly data: Hand }
  /**
   * Takes the oldest of what was kept, as much of it as is given and fits into one commit. The session stays parked as long as
   * something is left: give the next, until `kept` is empty or `problem` is another one.
   */
  | {
      readonly type: "release";
      readonly data: Limited & {
        readonly hand: Hand;
        /** The oldest, in order; at least one where there is one. */
        readonly events: readonly ReleasedEvent[];
      };
    }
  /** Goes on without what was kept. */
  | { readonly type: "discard"; readonly data: Hand }
  /**
   * Takes over the working state that a replay of history up to `position` made; empties it where the replay has no such session.
   * Refused with `replay-behind` where the session has taken later inputs.
   */
  | {
      readonly type: "adopt";
      readonly data: Limited & {
        readonly version: number;
        readonly position: Position;
        readonly state?: SessionState;
      };
    };

export declare function sessionBehavior(rules: RunnableRules): AnyAggregate["behavior"];
