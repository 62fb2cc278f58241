/** What an instance waits for, timers and answers, as its events tell it: what the index, the timers and the outbox go by. */
import type { CommandAnswer } from "../kernel/command-port.js";
import { allHandedOn, handedOn } from "../kernel/provenance.js";
import type { Message, Position } from "../kernel/event.js";

/** What the outbox makes known of a command. */
export type CommandOutcome =
  | {
      readonly outcome: "accepted";
      readonly version: number;
      readonly position: Position;
      readonly events: readonly Message[];
    }
  | { readonly outcome: "rejected"; readonly code: string; readonly details: unknown }
  /** The time allowed is over. It may be carried out all the same. */
  | { readonly outcome: "timed-out"; readonly attempts: number }
  /** It can't be carried out, or was tried often enough; where `uncertain`, it may have been. */
  | {
      readonly outcome: "given-up";
      readonly code: string;
      readonly message: string;
      readonly attempts: number;
      readonly uncertain: boolean;
    };

/** A timer that is set. */
export interface PendingTimer {
  readonly id: string;
  /** Wall time. */
  readonly dueAtMs: number;
  readonly event: TimerEvent;
}

/** What an instance gets when a timer fires. */
export interface TimerEvent {
  readonly type: string;
}

/** A command as somebody is to be asked it. */
export interface CommandAddress {
  readonly aggregate: string;
  readonly remote?: true;
  readonly entityId: string;
  readonly command: Message;
}

/** A command that was asked for and isn't answered. */
export interface PendingCommand extends CommandAddress {
  /** The same for every attempt. */
  readonly id: string;
  /** Names its answers: `<as>.accepted` and so on. */
  readonly as: string;
  /** Set where an invocation asked for it: its answer is that of the invoked actor. */
  readonly invocation?: string;
  readonly attemptsMax: number;
  /** Wall time after which it isn't tried any more. */
  readonly deadlineAtMs?: number;
  /** What undoes it once it is done. */
  readonly compensation?: CommandAddress;
  /** The command that this one undoes. */
  readonly compensates?: string;
}

/** What an instance is listed under: status, version of its definition, hash of that, state. */
export type Place = readonly [status: string, version: number, hash: string, state: string];

/** What of an index changes with an event, so that it can be kept without folding the instance. */
export interface IndexChanges {
  /** Where it was listed; absent where it wasn't, or where nothing changed. */
  readonly from?: Place;
  readonly to?: Place;
  /** Not pending any more: timers as id and moment, commands as aggregate and id. */
  readonly gone?: {
    readonly timers?: readonly (readonly [string, number])[];
    readonly commands?: readonly (readonly [string, string])[];
  };
}

/** What the index reads of an event of an instance. */
export interface IndexedEvent extends IndexChanges {
  /** Set, or set anew. */
  readonly timers?: readonly PendingTimer[];
  readonly commands?: readonly PendingCommand[];
  /** Why it is parked. */
  readonly problem?: string;
}

/** Who did something by hand, and why. */
export interface Hand {
  readonly by?: string;
  readonly reason?: string;
}

export function outcomeOf(answer: CommandAnswer): CommandOutcome {
  if (answer.status === "rejected") {
    const { code, details = null } = answer;
    return handedOn(answer, { outcome: "rejected", code, details });
  }
  const { version, position } = answer;
  const events = answer.events.map(({ type, data }) => ({ type, data }));
  const outcome = { outcome: "accepted", version, position, events } as const;
  return allHandedOn(answer.events, outcome);
}

/** Whether what a command was to do may have been done. */
export function mayBeDone(answer: CommandOutcome): boolean {
  if (answer.outcome === "given-up") return answer.uncertain;
  return answer.outcome !== "rejected";
}
