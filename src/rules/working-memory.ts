/** What handlers of events and rules do with a session's facts. */
import type { RuleSendOptions } from "./sending.js";
import type { CommandOf, CommandTarget } from "../kernel/command-port.js";
import type { Message } from "../kernel/event.js";
import type { DataOfKind, FactKind, Kind, SignalKind } from "./fact.js";
import type { WindowKind } from "./window.js";

/** What is added to a window. */
export interface Sample {
  /** Defaults to 1. */
  readonly value?: number;
  /** Counted by `distinct`: a country, a device. */
  readonly label?: string;
  /** Each group is a window of its own. Defaults to the empty text. */
  readonly group?: string;
  /** Defaults to the moment that is being handled. */
  readonly atMs?: number;
}

/**
 * The facts of one session. What is given is copied. Everything throws InvalidArgumentError where an id or data isn't valid, or a
 * kind isn't one of the rule set's: the session is then parked, and nothing of the step is recorded.
 */
export interface WorkingMemory {
  /** States a fact. One of that kind and id is replaced, in its place. */
  insert<Data>(
    kind: FactKind<Data>,
    id: string,
    data: NoInfer<Data>,
    options?: { readonly expiresAtMs?: number },
  ): void;
  /** States a fact anew, from its data so far; false where there is none. */
  update<Data>(kind: FactKind<Data>, id: string, change: (data: Data) => NoInfer<Data>): boolean;
  /** Takes back what was stated; false where nothing was. What rules conclude stays as long as they do. */
  retract(kind: FactKind, id: string): boolean;
  /** The data of a fact; undefined where there is none. Treat it as frozen. */
  get<K extends Kind>(kind: K, id: string): DataOfKind<K> | undefined;
  /** The data of all facts of a kind, in the order in which they came. */
  all<K extends Kind>(kind: K): readonly DataOfKind<K>[];
  /** Says that something has happened: a fact that goes once its consequences are drawn. `id` defaults to the empty text. */
  signal<Data>(kind: SignalKind<Data>, data: NoInfer<Data>, id?: string): void;
  /** Adds a sample to a window. One that is older than what its window still takes is let go. */
  add(window: WindowKind, sample?: Sample): void;
}

/** A fact as a match has it. */
export interface MatchedFact {
  /** The name that the rule gives it. */
  readonly as: string;
  readonly kind: string;
  readonly id: string;
  readonly data: unknown;
  /** When it was last inserted, updated or concluded. */
  readonly atMs: number;
}

/** What a rule may do when it fires. */
export interface Act<Alert extends Message = Message> extends WorkingMemory {
  /** The moment: of the event, or when it was due. */
  readonly atMs: number;
  readonly sessionId: string;
  readonly rule: string;
  /** The facts that it fires for: those of `when`, and the first 16 of each `collect`. */
  readonly match: readonly MatchedFact[];
  /** Records an event of that type in the session's stream, for projections, reactors, sagas and other rule sets. */
  alert(alert: Alert): void;
  /** A fact that is there because of this match: it goes when all matches that conclude it have, unless it is stated, too. */
  conclude<Data>(kind: FactKind<Data>, id: string, data: NoInfer<Data>): void;
  /**
   * Sends a command, once the step is on disk; its id is the same for every attempt, so it is carried out once.
   *
   * @param target - One of the rule set's `targets`.
   */
  send<Target extends CommandTarget>(
    target: Target,
    entityId: string,
    command: NoInfer<CommandOf<Target>>,
    options?: RuleSendOptions,
  ): void;
}
