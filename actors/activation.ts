/**
 * One life of an entity in memory: one mailbox, one writer.
 *
 * ```
 *             first message                     decide or evolve threw, or the stream moved on
 *  (nothing) ---------------> hydrating --> running --------------------------------> draining
 *      ^                          ^            | idle, and chosen to give way             | all commits answered
 *      |                          +------------|------------------------------------------+
 *      +---------------------------------------+
 * ```
 *
 * Pipelined: a running activation goes on to its next command on the state it just computed, while the commit is on its
 * way. Answers wait: for their own commit, or, where a command records nothing, for the last commit they rest on. So
 * nobody hears of a state that a crash could take back.
 */
import {
  CommandIdReusedError,
  VersionConflictError,
  type Commit,
  type Journal,
} from "../journal/index.js";
import type { Clock, Ids } from "../src/kernel/clock.js";
import { asError } from "../src/kernel/errors.js";
import type { Position, Version } from "../src/kernel/event.js";
import type { StreamId } from "../src/kernel/ids.js";
import { TOMBSTONED } from "../src/kernel/life-events.js";
import { provenanceOf, withProvenance } from "../src/kernel/provenance.js";
import type { Behavior, DecidedEvent } from "./behavior.js";
import { answerAfter, type Call } from "./call.js";
import { Context } from "./context.js";
import { acceptedOf, unchangedAt, type Rejected } from "./decision.js";
import { claimRefusalOf } from "./entity-claims.js";
import { DecideFailedError, EvolveFailedError, MailboxFullError } from "./errors.js";
import { FREQUENCY_MAX, type Evictable } from "./eviction-queue.js";
import type { Fold } from "./fold.js";
import type { Hydrator } from "./hydrator.js";
import type { Snapshotter, StateCopy } from "./snapshotter.js";
import { KnownValues, type IsGone } from "./known-values.js";
import { SnapshotPace } from "./snapshot-policy.js";
import { appendRequestOf, decideLifeStep, decideStep, dryRunStep, evolveStep } from "./step.js";
import { stateAt, type StateAt } from "./state-reader.js";
import { workingCopy } from "./state-copy.js";
import { isWeighingDue, weightOf } from "./weight.js";

/** What activations share. */
export interface ActivationPorts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly hydrator: Hydrator;
  readonly snapshotter: Snapshotter;
  readonly mailboxCapacity: number;
  /** The activation has unanswered commands, or none any more. */
  onBusy(activation: Activation): void;
  onIdle(activation: Activation): void;
  /** It was fetched again with nobody waiting for it: it can give way now. */
  onRested(activation: Activation): void;
  onWeighed(activation: Activation, changeBytes: number): void;
  /** Its history can't be folded: it must be forgotten. */
  onFailed(activation: Activation): void;
}

type Phase = "hydrating" | "running" | "draining" | "ended";

const CONFLICTS_MAX = 3;

export class Activation implements Evictable {
  readonly behavior: Behavior;
  readonly entityId: string;
  readonly streamId: StreamId;
  readonly #ports: ActivationPorts;
  #phase: Phase = "hydrating";
  #state: unknown;
  #version: Version = 0;
  #position: Position = 0;
  #recordedAtMs = 0;
  #isTombstoned = false;
  readonly #known = new KnownValues();
  #waiting: Call[] = [];
  #unanswered = 0;
  #called = false;
  #commitsPending = 0;
  #lastPending: Call | undefined;
  readonly #snapshotPace = new SnapshotPace();
  #weighedAtVersion: Version = 0;
  weightBytes = 0;
  usedAtMs = 0;

  // Evictable
  frequency = 0;
  queuedIn: Evictable["queuedIn"];
  previous: Evictable | undefined;
  next: Evictable | undefined;

  constructor(behavior: Behavior, entityId: string, streamId: StreamId, ports: ActivationPorts) {
    this.behavior = behavior;
    this.entityId = entityId;
    this.streamId = streamId;
    this.#ports = ports;
    this.#hydrate();
  }

  canBeEvicted(): boolean {
    return this.#unanswered === 0 && this.#phase === "running";
  }

  get version(): Version {
    return this.#version;
  }

  /** A copy of the state, where all of it is durable; undefined where hydration or commits are on their way. */
  durableState(): StateAt<unknown> | undefined {
    if (this.#phase !== "running" || this.#commitsPending > 0) return undefined;
    const fold = { state: workingCopy(this.#state), version: this.#version };
    return stateAt({ ...fold, position: this.#position, isTombstoned: this.#isTombstoned });
  }

  /** @throws MailboxFullError - The call was not taken. */
  deliver(call: Call): void {
    if (this.#unanswered >= this.#ports.mailboxCapacity)
      throw new MailboxFullError(this.streamId, this.#ports.mailboxCapacity);
    call.activation = this;
    // The call that brought it into memory isn't a use again.
    if (this.#called && this.frequency < FREQUENCY_MAX) this.frequency += 1;
    this.#called = true;
    this.#unanswered += 1;
    if (this.#unanswered === 1) this.#ports.onBusy(this);
    if (this.#phase === "running" && this.#waiting.length === 0) this.#handle(call);
    else this.#waiting.push(call);
  }

  /** The end of this life. The caller has made sure that nothing is unanswered. */
  passivate(): void {
    const wanted = this.behavior.snapshotRules?.onPassivation === true;
    // A state that is just being fetched again can't be trusted.
    const trusted = this.#phase === "running" && this.#version > this.#snapshotPace.version;
    if (wanted && trusted) this.#keepSnapshot();
    this.#phase = "ended";
    this.#state = undefined;
  }

  /** Of a state that is durable as it is. */
  #keepSnapshot(): void {
    // It couldn't say that the entity has ended.
    if (this.#isTombstoned) return;
    const copy = withProvenance(this.#copyOf(this.#state), this.#known.copy());
    void this.#ports.snapshotter.take(this.behavior, copy);
  }

  #copyOf(state: unknown): StateCopy {
    return {
      streamId: this.streamId,
      version: this.#version,
      position: this.#position,
      recordedAtMs: this.#recordedAtMs,
      state,
    };
  }

  /** Fetches its state again where something of these keys went into it. */
  forget(isGone: IsGone): void {
    if (this.#known.forget(isGone, this.#phase === "hydrating")) this.#restart();
  }

  #hydrate(): void {
    this.#phase = "hydrating";
    this.#ports.hydrator.hydrate(
      this.behavior,
      this.streamId,
      (fold) => this.#onHydrated(fold),
      (error) => this.#onHydrationFailed(error),
    );
  }

  #onHydrated(fold: Fold): void {
    // Ended meanwhile, by the close of the runtime.
    if (this.#phase !== "hydrating") return;
    if (!this.#known.hydrated(fold.personal)) return this.#hydrate();
    this.#phase = "running";
    this.#state = fold.state;
    this.#version = fold.version;
    this.#position = fold.position;
    this.#recordedAtMs = fold.recordedAtMs;
    this.#isTombstoned = fold.isTombstoned;
    this.#weigh();
    this.#snapshotPace.taken(fold.version - fold.replayed, this.#ports.clock.nowMs());
    if (fold.replayed >= (this.behavior.snapshotRules?.everyEvents || Infinity)) {
      // A slow hydration: its snapshot was missing, or made by other code.
      this.#keepSnapshot();
      this.#snapshotPace.taken(fold.version, this.#ports.clock.nowMs());
    }
    this.#handleWaiting();
    if (this.#unanswered === 0) this.#ports.onRested(this);
  }

  #onHydrationFailed(error: Error): void {
    this.#phase = "ended";
    this.#ports.onFailed(this);
    for (const call of this.#waiting.splice(0)) this.#answer(call, error);
  }

  #handleWaiting(): void {
    // Taken one at a time: handling one may end this phase.
    let handled = 0;
    while (this.#phase === "running" && handled < this.#waiting.length) {
      this.#handle(this.#waiting[handled] as Call);
      handled += 1;
    }
    this.#waiting = handled === this.#waiting.length ? [] : this.#waiting.slice(handled);
  }

  /** One command, from decide to its place in the journal's queue. */
  #handle(call: Call): void {
    if (call.settled) {
      // It expired while it waited: nobody listens, so nothing is done.
      this.#finished();
      return;
    }
    try {
      if (this.#joinRecorded(call)) return;
      const { expectedVersion } = call.options;
      if (expectedVersion !== undefined && expectedVersion !== this.#version) {
        throw new VersionConflictError(this.streamId, expectedVersion, this.#version);
      }
      this.#known.add(call.personal, this.#state);
      const decision = this.#decide(call);
      if (Array.isArray(decision)) this.#accept(call, decision as readonly DecidedEvent[]);
      else this.#answerAfterPending(call, withProvenance(decision as Rejected, this.#known.copy()));
    } catch (error) {
      // A handler that threw may have changed the state on the way, against its contract.
      if (error instanceof DecideFailedError || error instanceof EvolveFailedError) this.#restart();
      if (error instanceof CommandIdReusedError) this.#answerOnceDurable(call, error);
      else this.#answerAfterPending(call, asError(error));
    }
  }

  #joinRecorded(call: Call): boolean {
    const { commandId } = call.options;
    if (commandId === undefined || call.dryRun) return false;
    return this.#ports.journal.joinCommand(commandId, this.streamId, call) !== undefined;
  }

  #decide(call: Call): Rejected | readonly DecidedEvent[] {
    const decided = decideLifeStep(this, this.#state, call.options.step, this.#isTombstoned);
    if (decided !== undefined) return decided;
    const context = new Context(this, call.options, this.#ports.clock.nowMs(), this.#ports.ids);
    const state = call.dryRun ? workingCopy(this.#state) : this.#state;
    return decideStep(this, state, call.command.type, call.data, context);
  }

  #accept(call: Call, events: readonly DecidedEvent[]): void {
    if (call.dryRun) {
      this.#answerAfterPending(call, dryRunStep(this, workingCopy(this.#state), events));
    } else if (events.length === 0) {
      this.#answerAfterPending(call, unchangedAt(this.#version, this.#position));
    } else {
      const state = evolveStep(this, this.#state, events);
      this.#enqueue(call, events, state);
    }
  }

  #enqueue(call: Call, events: readonly DecidedEvent[], state: unknown): void {
    const { options: given, trace } = call;
    const options =
      trace === undefined ? given : { ...given, metadata: trace.committing(given.metadata) };
    const request = appendRequestOf(this, options, events, this.#state, state);
    let commit: Commit;
    try {
      commit = this.#ports.journal.enqueue(withProvenance(request, this.#known.values), call);
    } catch (error) {
      this.#onRefused(call, error);
      return;
    }
    this.#state = state;
    for (const event of commit.events) this.#known.add(provenanceOf(event), state);
    this.#version += events.length;
    this.#isTombstoned = events.at(-1)?.type === TOMBSTONED;
    this.#position = commit.lastPosition;
    this.#recordedAtMs = commit.recordedAtMs;
    this.#commitsPending += 1;
    call.commitPending = true;
    this.#lastPending = call;
    // A snapshot couldn't say that the entity has ended.
    if (!this.#isTombstoned)
      call.snapshot = this.#ports.snapshotter.copyIfDue(this.behavior, this.#snapshotPace, events, {
        ...this.#copyOf(this.#state),
        known: () => this.#known.copy(),
      });
    if (isWeighingDue(this.#weighedAtVersion, this.#version)) this.#weigh();
  }

  #onRefused(call: Call, error: unknown): void {
    const refusal = claimRefusalOf(error);
    if (refusal !== undefined) {
      this.#answerOnceDurable(call, refusal);
    } else if (error instanceof VersionConflictError && call.conflicts < CONFLICTS_MAX) {
      // Somebody appended to the stream past this actor; decide again on what is there now.
      call.conflicts += 1;
      this.#restart();
      this.#waiting.unshift(call);
    } else {
      this.#answerAfterPending(call, asError(error));
    }
  }

  /** The call's commit is durable, or its command was recorded before. */
  onCommitted(call: Call, commit: Commit): void {
    const answer = acceptedOf(commit);
    const kept = call.snapshot && this.#ports.snapshotter.take(this.behavior, call.snapshot);
    if (kept !== undefined && this.behavior.snapshotRules?.beforeReply === true) {
      void kept.then(() => this.#answer(call, answer));
    } else {
      this.#answer(call, answer);
    }
    this.#settlePending(call, undefined);
  }

  /** The call's commit isn't durable, or nobody knows: what was computed on top of it is worth nothing. */
  onFailed(call: Call, error: Error): void {
    if (call.commitPending) this.#restart();
    this.#answer(call, error);
    this.#settlePending(call, error);
  }

  #settlePending(call: Call, error: Error | undefined): void {
    // A repetition of a recorded command has no commit of its own here.
    if (!call.commitPending) return;
    call.commitPending = false;
    this.#commitsPending -= 1;
    if (this.#lastPending === call) this.#lastPending = undefined;
    for (const follower of call.followers ?? []) follower(error);
    call.followers = undefined;
    if (this.#phase === "draining" && this.#commitsPending === 0) this.#hydrate();
  }

  /** The state in memory can't be trusted: fetch it again, once everything on its way has arrived. */
  #restart(): void {
    if (this.#phase !== "running") return;
    this.#phase = "draining";
    if (this.#commitsPending === 0) this.#hydrate();
  }

  /** An answer that records nothing rests on the commits before it: it leaves once the last of them is durable. */
  #answerAfterPending(call: Call, answer: Parameters<Call["resolve"]>[0] | Error): void {
    const last = this.#lastPending;
    if (last === undefined) this.#answer(call, answer);
    else (last.followers ??= []).push((cause) => this.#answer(call, answerAfter(answer, cause)));
  }

  /** An answer that rests on what others may have on their way, such as a claim. */
  #answerOnceDurable(call: Call, answer: Parameters<Call["resolve"]>[0] | Error): void {
    this.#ports.journal.whenDurable((cause) => this.#answer(call, answerAfter(answer, cause)));
  }

  #answer(call: Call, answer: Parameters<Call["resolve"]>[0] | Error): void {
    if (answer instanceof Error) call.reject(answer);
    else call.resolve(answer);
    call.snapshot = undefined;
    this.#finished();
  }

  #finished(): void {
    this.#unanswered -= 1;
    if (this.#unanswered === 0) this.#ports.onIdle(this);
  }

  #weigh(): void {
    this.#weighedAtVersion = this.#version;
    const before = this.weightBytes;
    this.weightBytes = weightOf(this.#state);
    this.#ports.onWeighed(this, this.weightBytes - before);
  }
}
