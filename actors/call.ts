/** One command on its way through an actor: who asked, until when, and what they are told. Answered exactly once. */
import { JournalPoisonedError, type Commit, type CommitSink } from "../journal/index.js";
import type { Message, Metadata, Version } from "../src/kernel/event.js";
import type { DecidedEvent } from "./behavior.js";
import type { CallTrace } from "./call-trace.js";
import type { CommandRecorder } from "./command-figures.js";
import { provenanceOf } from "../src/kernel/provenance.js";
import type { PersonalValues } from "../src/kernel/personal-values.js";
import type { Answer, DryRunAccepted } from "./decision.js";
import { AskTimeoutError } from "./errors.js";
import type { StateCopy } from "./snapshotter.js";

/** What a caller may say about a command. */
export interface CommandOptions {
  /** What the runtime itself asks of the entity instead of a command. */
  readonly step?: LifeStep;
  /** The same id again gives the recorded answer and does nothing else. */
  readonly commandId?: string;
  /** Demands a version of the entity; a refusal is a VersionConflictError. */
  readonly expectedVersion?: Version;
  readonly metadata?: Metadata | undefined;
}

/** A step in an entity's life that its aggregate doesn't decide on; taken in the order of its commands. */
export interface LifeStep {
  /** The events to be recorded; none where there is nothing to do. */
  decide(state: unknown, isTombstoned: boolean): readonly DecidedEvent[];
  /** Whether reads of the stream begin with the first of these events from then on. */
  readonly truncates: boolean;
}

export type CallAnswer = Answer | DryRunAccepted<unknown, Message>;

/** An answer that records nothing, after what it rests on is durable, or failed with `cause`: then it rests on nothing. */
export function answerAfter(
  answer: CallAnswer | Error,
  cause: Error | undefined,
): CallAnswer | Error {
  const lost = cause !== undefined && !(answer instanceof Error);
  return lost ? new JournalPoisonedError({ cause }) : answer;
}

/** Who carries a call out: an activation. */
interface Owner {
  readonly streamId: string;
  onCommitted(call: Call, commit: Commit): void;
  onFailed(call: Call, error: Error): void;
}

export class Call implements CommitSink {
  readonly command: Message;
  /** The command's data, validated. */
  readonly data: unknown;
  readonly options: CommandOptions;
  readonly dryRun: boolean;
  /** Counts what becomes of it; undefined for a dry run. */
  readonly #recorder: CommandRecorder | undefined;
  /** Monotonic time of the call. */
  readonly startedAtMs: number;
  readonly #resolve: (answer: CallAnswer) => void;
  readonly #reject: (error: Error) => void;
  settled = false;
  deadlineMs = 0;
  /** Whose values are in the command, where that is known. */
  readonly personal: PersonalValues | undefined;
  /** Set once it is with an activation. */
  activation: Owner | undefined;
  /** Its events are on their way to the disk. */
  commitPending = false;
  /** Times it was handed to an activation whose state turned out to be behind the stream. */
  conflicts = 0;
  /** A copy of the state after this command, to be kept as a snapshot once the commit is durable. */
  snapshot: StateCopy | undefined;
  /** Its trace; undefined where it isn't recorded. */
  trace: CallTrace | undefined;
  /** Answers that rest on this commit, and leave after it. */
  followers: ((error: Error | undefined) => void)[] | undefined;

  constructor(
    readonly streamId: string,
    command: Message,
    data: unknown,
    options: CommandOptions,
    recorder: CommandRecorder | undefined,
    startedAtMs: number,
    resolve: (answer: CallAnswer) => void,
    reject: (error: Error) => void,
  ) {
    this.command = command;
    this.data = data;
    this.options = options;
    this.dryRun = recorder === undefined;
    this.#recorder = recorder;
    this.startedAtMs = startedAtMs;
    this.#resolve = resolve;
    this.#reject = reject;
    this.personal = provenanceOf(command);
  }

  resolve(answer: CallAnswer): void {
    if (this.settled) return;
    this.settled = true;
    this.#recorder?.answered(this.startedAtMs, answer);
    this.trace?.answered(answer);
    this.#resolve(answer);
  }

  reject(error: Error): void {
    if (this.settled) return;
    this.settled = true;
    this.#recorder?.failed(error);
    this.trace?.failed(error);
    this.#reject(error);
  }

  expire(timeoutMs: number): void {
    this.reject(new AskTimeoutError(this.streamId, this.command.type, timeoutMs));
  }

  committed(commit: Commit): void {
    if (!commit.duplicate) this.#recorder?.recorded(commit.events);
    this.trace?.committed(commit);
    this.activation?.onCommitted(this, commit);
  }

  failed(error: Error): void {
    this.trace?.notCommitted(error);
    this.activation?.onFailed(this, error);
  }
}
