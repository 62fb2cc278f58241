/**
 * An instance of a saga as its stream tells it: the fold of its events, plain data throughout. `<saga>/<instance id>` is the
 * stream; each step is one event (and those that the machine emitted), with all that came of one input.
 */
import type { CommandAnswer } from "../src/kernel/command-port.js";
import type { Message, Position } from "../src/kernel/event.js";

/** Where a routed input comes from. */
export interface Origin {
  readonly position: Position;
  /** One stored event may stand for several of today's: which of them, from 0. */
  readonly part: number;
  readonly eventId: string;
  readonly type: string;
  readonly streamId: string;
}

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

/** What can happen to an instance. */
export type SagaInput =
  | {
      readonly kind: "start";
      readonly data: unknown;
      readonly origin?: Origin;
      /** What the machine gets where the instance is there already and is to be resumed. */
      readonly event?: Message;
      /** It is to be resumed, whatever the policy says. */
      readonly orResume?: true;
    }
  | { readonly kind: "event"; readonly event: Message; readonly origin?: Origin }
  | {
      readonly kind: "timer";
      readonly id: string;
      readonly dueAtMs: number;
      /** Filled in from what is pending. */
      readonly event?: MachineEvent;
    }
  | {
      readonly kind: "answer";
      readonly commandId: string;
      readonly answer: CommandOutcome;
      /** Filled in from what is pending. */
      readonly to?: AnswerAddress;
    };

/** An event as the machine knows it. */
export interface MachineEvent {
  readonly type: string;
}

/** Who of an instance waits for an answer, and whose it is. */
export type AnswerAddress = Pick<PendingCommand, "as" | "entityId" | "invocation" | "compensates">;

/** A timer that is set. */
export interface PendingTimer {
  readonly id: string;
  /** Wall time. */
  readonly dueAtMs: number;
  readonly event: MachineEvent;
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

/** What would undo something that was done; the last one first. */
export interface Compensation extends CommandAddress {
  /** The command that it undoes. */
  readonly of: string;
}

/** Where the machine is. */
export interface MachineState {
  readonly value: unknown;
  readonly context: unknown;
  /** State node ids by history node. */
  readonly history?: Readonly<Record<string, readonly string[]>>;
  readonly status: "active" | "done" | "error";
  readonly output?: unknown;
}

export type InstanceStatus =
  /** Nothing has started it; inputs may wait for that. */
  | "waiting"
  | "active"
  | "done"
  /** It needs somebody: inputs are kept until it is released. */
  | "parked"
  /** Ended by hand. */
  | "ended";

/** What an instance is listed under: status, machine version, hash of the machine, state. */
export type Place = readonly [InstanceStatus, number, string, string];

/** What was recorded of one input. */
export interface StepRecord {
  readonly step: number;
  readonly input: SagaInput;
  /** When it was decided: what timers and deadlines count from. Absent where it sets none. */
  readonly atMs?: number;
  /** The machine after it; absent where it stayed as it was. */
  readonly state?: MachineState;
  /** What ran it, where that changed: version and hash. */
  readonly machine?: readonly [number, string];
  readonly commands?: readonly PendingCommand[];
  /** Set, or set anew. */
  readonly timers?: readonly PendingTimer[];
  /** Ids of timers. */
  readonly cancelled?: readonly string[];
  /** Ids of commands whose answers aren't wanted any more: they aren't tried again. */
  readonly abandoned?: readonly string[];
  /** Undoing began, went on, or came to its end. */
  readonly compensating?: boolean;
  /** What the machine's `log` actions said. */
  readonly notes?: readonly string[];
}

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

/** Who did something by hand, and why. */
export interface Hand {
  readonly by?: string;
  readonly reason?: string;
}

export type SagaEvent =
  | { readonly type: "saga.stepped"; readonly data: StepRecord & IndexChanges }
  /** An input had no effect; recorded so that its repetition has none either. */
  | { readonly type: "saga.ignored"; readonly data: { readonly input: SagaInput } & IndexChanges }
  /** An input waits: for the start of the instance, or for its release. */
  | { readonly type: "saga.kept"; readonly data: { readonly input: SagaInput } & IndexChanges }
  | {
      readonly type: "saga.parked";
      readonly data: Hand & IndexChanges & { readonly problem: string; readonly input?: SagaInput };
    }
  /** What was kept is tried again by the events that follow, or dropped where `discarded` says how much. */
  | {
      readonly type: "saga.released";
      readonly data: Hand & IndexChanges & { readonly discarded?: number };
    }
  | { readonly type: "saga.ended"; readonly data: Hand & IndexChanges };

export const SAGA_EVENT_TYPES = [
  "saga.stepped",
  "saga.ignored",
  "saga.kept",
  "saga.parked",
  "saga.released",
  "saga.ended",
] as const;

export interface InstanceState {
  readonly status: InstanceStatus;
  /** Of the machine that it runs on; 0 before it is started. */
  readonly version: number;
  readonly hash: string;
  readonly machine: MachineState | null;
  /** Steps so far. */
  readonly step: number;
  /** The last routed input handled: what isn't behind it is a repetition. */
  readonly position: Position;
  readonly part: number;
  readonly timers: readonly PendingTimer[];
  /** Ids of delays (`after`) that are over, while the state that they are of wasn't left. */
  readonly spent: readonly string[];
  readonly commands: readonly PendingCommand[];
  readonly compensations: readonly Compensation[];
  readonly compensating: boolean;
  /** Why it is parked; empty where it isn't. */
  readonly problem: string;
  /** Inputs that wait. */
  readonly kept: readonly SagaInput[];
}

export const NEW_INSTANCE: InstanceState = Object.freeze({
  status: "waiting",
  version: 0,
  hash: "",
  machine: null,
  step: 0,
  position: 0,
  part: 0,
  timers: [],
  spent: [],
  commands: [],
  compensations: [],
  compensating: false,
  problem: "",
  kept: [],
});

/** Whether a routed input was handled before. */
export function isRepetition(state: InstanceState, input: SagaInput): boolean {
  const origin = originOf(input);
  if (origin === undefined) return false;
  if (origin.position !== state.position) return origin.position < state.position;
  return origin.part <= state.part;
}

/** Whether a timer is that of an `after`; others are set by `raise`. */
export function isDelay(timerId: string): boolean {
  return timerId.startsWith("xstate.after.");
}

export function originOf(input: SagaInput): Origin | undefined {
  return input.kind === "start" || input.kind === "event" ? input.origin : undefined;
}

export function outcomeOf(answer: CommandAnswer): CommandOutcome {
  if (answer.status === "rejected") {
    const { code, details = null } = answer;
    return { outcome: "rejected", code, details };
  }
  const { version, position } = answer;
  const events = answer.events.map(({ type, data }) => ({ type, data }));
  return { outcome: "accepted", version, position, events };
}

/** Whether what a command was to do may have been done. */
export function mayBeDone(answer: CommandOutcome): boolean {
  if (answer.outcome === "given-up") return answer.uncertain;
  return answer.outcome !== "rejected";
}
