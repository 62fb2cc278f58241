/**
 * An instance of a saga as its stream tells it: the fold of its events, plain data throughout. `<saga>/<instance id>` is the
 * stream; each step is one event (and those that the machine emitted), with all that came of one input.
 */
import {
  isBehind,
  type CommandAddress,
  type CommandOutcome,
  type Hand,
  type IndexChanges,
  type Origin,
  type PendingCommand,
  type PendingTimer,
  type TimerEvent,
} from "../src/delivery/index.js";
import type { Message, Position } from "../src/kernel/event.js";

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
      readonly event?: TimerEvent;
    }
  | {
      readonly kind: "answer";
      readonly commandId: string;
      readonly answer: CommandOutcome;
      /** Filled in from what is pending. */
      readonly to?: AnswerAddress;
    };

/** Who of an instance waits for an answer, and whose it is. */
export type AnswerAddress = Pick<PendingCommand, "as" | "entityId" | "invocation" | "compensates">;

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

/** How an instance stands. */
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
export type Place = readonly [status: InstanceStatus, version: number, hash: string, state: string];

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
  return origin !== undefined && !isBehind(state, origin);
}

/** Whether a timer is that of an `after`; others are set by `raise`. */
export function isDelay(timerId: string): boolean {
  return timerId.startsWith("xstate.after.");
}

export function originOf(input: SagaInput): Origin | undefined {
  return input.kind === "start" || input.kind === "event" ? input.origin : undefined;
}
