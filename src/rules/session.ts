/**
 * A session of a rule set as its stream tells it: the fold of its events, plain data throughout. `<rule set>/<session id>` is the
 * stream; each input that has an effect is one event with all that it changed, followed by the firings of rules and their alerts.
 */
import type { Position, RecordedEvent } from "../kernel/event.js";
import type {
  CommandOutcome,
  Hand,
  IndexChanges,
  Origin,
  PendingCommand,
  PendingTimer,
} from "../delivery/index.js";
import { EMPTY_MAP, type PersistentMap } from "./persistent-map.js";
import type { StoredWindow, WindowChange } from "./window-store.js";

/** An event that is routed to a session. */
export interface EventInput {
  readonly kind: "event";
  readonly event: RecordedEvent;
  readonly origin: Origin;
  /** Its time, as the rule set says. */
  readonly atMs: number;
  /**
   * The latest time of all events that the rule set has seen, up to and including this one, less its `latenessMs`. It never
   * goes back from one input to the next.
   */
  readonly watermarkMs: number;
}

/**
 * Time has come to a moment without an event: what is due before `toMs` less the rule set's `latenessMs` happens, up to some
 * hundred firings; the timer that is then set says whether there is more.
 */
export interface WakeInput {
  readonly kind: "wake";
  readonly toMs: number;
  /** Windows close only before this. */
  readonly closeMs?: number;
}

/** What became of a command. */
export interface AnswerInput {
  readonly kind: "answer";
  readonly commandId: string;
  readonly answer: CommandOutcome;
}

export type SessionInput = EventInput | WakeInput | AnswerInput;

/** An event input, as it is recorded: without the event. */
export interface RecordedEventInput {
  readonly kind: "event";
  readonly origin: Origin;
  readonly atMs: number;
  /** It came behind the watermark. */
  readonly late?: true;
}

/** An input, as it is recorded. Of a wake the moment before which everything due has happened. */
export type RecordedInput =
  | RecordedEventInput
  | WakeInput
  | {
      readonly kind: "answer";
      readonly commandId: string;
      readonly outcome: CommandOutcome["outcome"];
      /** Of a refusal, or of what it was given up for. */
      readonly code?: string;
    };

/** An event that contributed to a fact: its position, which part of what it stands for today, and its type. */
export type Cause = readonly [position: Position, part: number, type: string];

/** The events that made a fact: the first and the newest, at most 16, in order. */
export interface Causes {
  readonly causes: readonly Cause[];
  readonly causesDropped?: number;
}

/** A reason for a fact: a match of a rule that concluded it. */
export interface Support extends Causes {
  readonly rule: string;
  readonly key: string;
  readonly firing: number;
  readonly data: unknown;
  readonly atMs: number;
}

/** What was stated of a fact. */
export interface Stated extends Causes {
  readonly data: unknown;
  readonly atMs: number;
  readonly expiresAtMs?: number;
}

/** A fact: stated, concluded, or both. What is stated counts; else the latest of its supports. */
export interface StoredFact {
  /** How many facts came before it in the session: the order of collections. */
  readonly seq: number;
  readonly stated?: Stated;
  readonly supports?: readonly Support[];
}

/** A match that holds: one that has fired, or one that waits for its time. */
export type StoredMatch =
  | {
      readonly firing: number;
      /** Kind and id of what it concluded. */
      readonly concluded?: readonly (readonly [string, string])[];
    }
  | {
      readonly sinceMs: number;
      /** Absent where it has none: then it waits for one. */
      readonly dueAtMs?: number;
    };

/** A sequence that has begun. */
export interface StoredPartial {
  readonly events: readonly {
    readonly type: string;
    readonly data: unknown;
    readonly atMs: number;
    readonly cause: Cause;
  }[];
}

/** How often matches have fired, by `<rule>\n<key>`. Of those that haven't for long it is forgotten: older goes when newer is full. */
export interface Runs {
  readonly newer: PersistentMap<number>;
  readonly older: PersistentMap<number>;
  /** Of `newer`. */
  readonly size: number;
}

type ByName<T> = Readonly<Record<string, PersistentMap<T>>>;

export interface SessionState {
  readonly status: "active" | "parked";
  /** Of the rule set that its facts and matches are of; 0 before the first step. */
  readonly version: number;
  /** Steps so far. */
  readonly step: number;
  /** Firings so far. */
  readonly firing: number;
  /** Facts so far. */
  readonly seq: number;
  /** The last routed input handled: what isn't behind it is a repetition. */
  readonly position: Position;
  readonly part: number;
  /** The session's latest moment: of an event, or when something was due. */
  readonly clockMs: number;
  /** Everything that was due before has happened, by a wake. */
  readonly horizonMs: number;
  /** Events so far that came behind the watermark. */
  readonly late: number;
  /** By kind and id. */
  readonly facts: ByName<StoredFact>;
  /** By kind and id. */
  readonly windows: ByName<StoredWindow>;
  /** By sequence and the position of the first event. */
  readonly partials: ByName<StoredPartial>;
  /** By rule and key. */
  readonly matches: ByName<StoredMatch>;
  readonly runs: Runs;
  readonly commands: readonly PendingCommand[];
  readonly timers: readonly PendingTimer[];
  /** Why it is parked; empty where it isn't. */
  readonly problem: string;
  /** Events that wait for its release. */
  readonly kept: readonly KeptEvent[];
}

/** An event that waits: it is read again from the journal. */
export interface KeptEvent {
  readonly origin: Origin;
  readonly atMs: number;
  readonly watermarkMs: number;
}

/** By kind, id; null for what is gone. */
type Changed<T> = readonly (readonly [string, string, T | null])[];

/** What changed of the working state. */
export interface StatePatch {
  readonly facts?: Changed<StoredFact>;
  readonly windows?: readonly WindowChange[];
  readonly partials?: Changed<StoredPartial>;
  readonly matches?: Changed<StoredMatch>;
  /** Rule, key, and how often it has fired. */
  readonly runs?: readonly (readonly [string, string, number])[];
}

/** Names that today's rule set doesn't have any more. */
export interface DroppedNames {
  readonly facts?: readonly string[];
  readonly windows?: readonly string[];
  readonly partials?: readonly string[];
  readonly matches?: readonly string[];
}

/** What was recorded of one input. */
export interface StepRecord extends StatePatch {
  readonly input: RecordedInput;
  readonly step: number;
  /** Of the rule set, where that changed. */
  readonly version?: number;
  /** Of the rule set that it was before; they go before anything else changes. */
  readonly dropped?: DroppedNames;
  /** The session's latest moment, where that changed. */
  readonly clockMs?: number;
  /** How many firings follow. */
  readonly firings?: number;
  readonly commands?: readonly PendingCommand[];
  /** Set, or set anew. */
  readonly timers?: readonly PendingTimer[];
  /** Ids of timers. */
  readonly cancelled?: readonly string[];
}

/** A fact of a firing. */
export interface FiredFact {
  /** The name that the rule gives it. */
  readonly as: string;
  readonly kind: string;
  readonly id: string;
  readonly data: unknown;
  readonly atMs: number;
  /** The events that made it: the first and the newest, at most 16. */
  readonly causes: readonly FiredCause[];
  readonly causesDropped?: number;
  /** Whose conclusion it is; firing 0 where a replay of history has concluded it. */
  readonly by?: { readonly rule: string; readonly firing: number };
}

/** An event that contributed to a fact. */
export interface FiredCause {
  readonly position: Position;
  readonly type: string;
  /** Which of the events that the recorded one stands for today; absent for the first. */
  readonly part?: number;
}

/** That a rule fired, and why. */
export interface FiredRecord {
  /** Counts the firings of the session, from 1. */
  readonly firing: number;
  readonly rule: string;
  /** Of the rule set. */
  readonly version: number;
  /** Names the match among those of the rule: the ids of its facts. */
  readonly key: string;
  /** How often this rule has fired for this key, with this firing. */
  readonly nth: number;
  /** The moment: of the event, or when it was due. */
  readonly atMs: number;
  /** Those of `when`, and the first 16 of each `collect`. */
  readonly facts: readonly FiredFact[];
  /** Collected facts that aren't listed. */
  readonly omitted?: number;
  /** Types of the alerts that follow it. */
  readonly alerts: readonly string[];
  /** Ids of the commands that it sent. */
  readonly commands: readonly string[];
  /** Kinds and ids of the facts that it concluded. */
  readonly concluded?: readonly (readonly [string, string])[];
}

/** The event that a rule set records for each firing. */
export interface Fired {
  readonly type: "rules.fired";
  readonly data: FiredRecord;
}

/** What was recorded of taking over the state that a replay of history made: the first clears, each carries a part. */
export interface AdoptedRecord extends StatePatch {
  /** Present in the first of them. */
  readonly base?: {
    readonly version: number;
    readonly position: Position;
    readonly firing: number;
    readonly seq: number;
    readonly clockMs: number;
    readonly late: number;
  };
  readonly timers?: readonly PendingTimer[];
  readonly cancelled?: readonly string[];
}

export type SessionEvent =
  | { readonly type: "rules.stepped"; readonly data: StepRecord & IndexChanges }
  | Fired
  | {
      readonly type: "rules.parked";
      readonly data: Hand & IndexChanges & { readonly problem: string; readonly input?: KeptInput };
    }
  /** An input waits. */
  | { readonly type: "rules.kept"; readonly data: { readonly input: KeptInput } & IndexChanges }
  /** So many of the oldest that were kept don't wait any more: the steps before have taken them, or they are let go where `discarded`. */
  | {
      readonly type: "rules.released";
      readonly data: Hand &
        IndexChanges & {
          readonly taken: number;
          readonly discarded?: true;
          readonly timers?: readonly PendingTimer[];
        };
    }
  | { readonly type: "rules.adopted"; readonly data: AdoptedRecord & IndexChanges };

/** What waits, as it is recorded. That time has passed needn't be kept: the timer is set again. */
export type KeptInput = ({ readonly kind: "event" } & KeptEvent) | WakeInput;

export const RULES_EVENT_TYPES = [
  "rules.stepped",
  "rules.fired",
  "rules.parked",
  "rules.kept",
  "rules.released",
  "rules.adopted",
] as const;

/** Those that tell an index of sessions something: what a firing says of commands is for people. */
export const INDEXED_EVENT_TYPES = RULES_EVENT_TYPES.filter((type) => type !== "rules.fired");

/** Before every moment that there is. */
export const BEFORE_TIME_MS = -8_640_000_000_000_000;

export const NEW_SESSION: SessionState = Object.freeze({
  status: "active",
  version: 0,
  step: 0,
  firing: 0,
  seq: 0,
  position: 0,
  part: 0,
  clockMs: BEFORE_TIME_MS,
  horizonMs: BEFORE_TIME_MS,
  late: 0,
  facts: {},
  windows: {},
  partials: {},
  matches: {},
  runs: { newer: EMPTY_MAP, older: EMPTY_MAP, size: 0 },
  commands: [],
  timers: [],
  problem: "",
  kept: [],
});

/** The one timer of a session. */
export const WAKE_TIMER = "wake";
