/**
 * The bounded pool of activations: by count and by bytes. Who is idle may have to give way (`eviction-queue.ts`); who
 * has unanswered commands never does, so passivation loses no message. Commands for entities that find no room wait in
 * order of arrival, each entity's own behind each other, up to a bound with a typed refusal.
 */
import { asError } from "../src/kernel/errors.js";
import type { StreamId } from "../src/kernel/ids.js";
import { Activation, type ActivationPorts } from "./activation.js";
import type { Behavior } from "./behavior.js";
import type { Budget, BudgetMember } from "./budget.js";
import type { Call } from "./call.js";
import { PoolFullError } from "./errors.js";
import { EvictionQueue } from "./eviction-queue.js";

export interface PoolOptions {
  /** Activations at the most. */
  readonly activationsMax: number;
  /** Bytes of state at the most; may be exceeded by what is busy. */
  readonly stateBytesMax: number;
  /** Commands that may wait for an activation. */
  readonly waitingMax: number;
  /** What it shares with the pools of other runtimes. */
  readonly budget?: Budget;
}

interface WaitingEntity {
  readonly behavior: Behavior;
  readonly entityId: string;
  readonly calls: Call[];
}

/** What the pool of activations holds. */
export interface PoolFigures {
  readonly activations: number;
  readonly busy: number;
  readonly stateBytes: number;
  readonly waiting: number;
  /** Since the runtime was opened. */
  readonly activated: number;
  readonly evicted: number;
}

export class Pool implements BudgetMember {
  readonly #options: PoolOptions;
  readonly #ports: ActivationPorts;
  readonly #active = new Map<StreamId, Activation>();
  readonly #queue: EvictionQueue<Activation>;
  /** In order of arrival. */
  readonly #waiting = new Map<StreamId, WaitingEntity>();
  #waitingCalls = 0;
  #busy = 0;
  #bytes = 0;
  #activated = 0;
  #evicted = 0;
  #idleWaiters: (() => void)[] = [];
  /** Commands that come wait, whoever they are for. */
  #isHeld = false;
  /** Told once no command is in hand. */
  #onQuiet: (() => void) | undefined;

  constructor(
    options: PoolOptions,
    ports: Omit<ActivationPorts, "onBusy" | "onIdle" | "onRested" | "onWeighed" | "onFailed">,
  ) {
    this.#options = options;
    options.budget?.join(this);
    this.#queue = new EvictionQueue(options.activationsMax);
    this.#ports = {
      ...ports,
      onBusy: () => void (this.#busy += 1),
      onIdle: (activation) => this.#onIdle(activation),
      onWeighed: (activation, changeBytes) => this.#onWeighed(activation, changeBytes),
      onRested: () => this.#onRoom(),
      onFailed: (activation) => {
        this.#forget(activation);
        this.#onRoom();
      },
    };
  }

  /** @throws MailboxFullError, PoolFullError - The call was not taken. */
  deliver(behavior: Behavior, entityId: string, streamId: StreamId, call: Call): void {
    const active = this.#active.get(streamId);
    if (active !== undefined && !this.#isHeld) {
      active.deliver(call);
    } else if (this.#isHeld || this.#waiting.has(streamId) || !this.#makeRoom()) {
      this.#wait(behavior, entityId, streamId, call);
    } else {
      this.#activate(behavior, entityId, streamId).deliver(call);
    }
  }

  find(streamId: StreamId): Activation | undefined {
    return this.#active.get(streamId);
  }

  #activate(behavior: Behavior, entityId: string, streamId: StreamId): Activation {
    const activation = new Activation(behavior, entityId, streamId, this.#ports);
    this.#active.set(streamId, activation);
    this.#queue.add(activation);
    this.#activated += 1;
    return activation;
  }

  /** Whether one more activation may live, after the one that should give way has gone. */
  #makeRoom(): boolean {
    const { activationsMax, budget } = this.#options;
    if (this.#active.size >= activationsMax && !this.evictIdle()) return false;
    return budget === undefined || budget.take();
  }

  evictIdle(): boolean {
    if (this.#busy >= this.#active.size) return false;
    const activation = this.#queue.evict();
    if (activation === undefined) return false;
    this.#end(activation);
    this.#evicted += 1;
    return true;
  }

  #end(activation: Activation): void {
    activation.passivate();
    this.#forget(activation);
  }

  #forget(activation: Activation): void {
    this.#queue.remove(activation);
    this.#weigh(-activation.weightBytes);
    activation.weightBytes = 0;
    if (this.#active.get(activation.streamId) !== activation) return;
    this.#active.delete(activation.streamId);
    this.#options.budget?.give();
  }

  #wait(behavior: Behavior, entityId: string, streamId: StreamId, call: Call): void {
    const { activationsMax, waitingMax } = this.#options;
    if (this.#waitingCalls >= waitingMax)
      throw new PoolFullError(streamId, activationsMax, waitingMax);
    this.#waitingCalls += 1;
    const entity = this.#waiting.get(streamId);
    if (entity === undefined) this.#waiting.set(streamId, { behavior, entityId, calls: [call] });
    else entity.calls.push(call);
  }

  #onIdle(activation: Activation): void {
    this.#busy -= 1;
    activation.usedAtMs = this.#ports.clock.monotonicMs();
    this.#onRoom();
    if (this.#busy === 0) this.#onQuiet?.();
    if (this.#busy === 0 && this.#waiting.size === 0)
      for (const resolve of this.#idleWaiters.splice(0)) resolve();
    if (this.#bytes > this.#options.stateBytesMax) this.#shedBytes(activation);
    this.#options.budget?.shed();
  }

  /** Whoever waits, here or elsewhere, tries again. */
  #onRoom(): void {
    const { budget } = this.#options;
    if (budget !== undefined) budget.freed();
    else while (this.#waiting.size > 0 && this.admitNext());
  }

  admitNext(): boolean {
    if (this.#isHeld) return false;
    const [next] = this.#waiting;
    if (next === undefined || !this.#makeRoom()) return false;
    const [streamId, entity] = next;
    this.#admit(streamId, entity, this.#activate(entity.behavior, entity.entityId, streamId));
    return true;
  }

  #admit(streamId: StreamId, { calls }: WaitingEntity, activation: Activation): void {
    this.#waiting.delete(streamId);
    this.#waitingCalls -= calls.length;
    for (const call of calls) deliverOrReject(activation, call);
  }

  /**
   * Runs while no command is in hand, and all that was is answered; what comes meanwhile waits. One at a time: the caller sees to
   * that.
   */
  async held<T>(run: () => Promise<T>): Promise<T> {
    this.#isHeld = true;
    try {
      if (this.#busy > 0) await new Promise<void>((resolve) => (this.#onQuiet = resolve));
      return await run();
    } finally {
      this.#onQuiet = undefined;
      this.#isHeld = false;
      // First: who is active needs no room, and none of these may be overtaken by a later command.
      for (const [streamId, entity] of this.#waiting) {
        const active = this.#active.get(streamId);
        if (active !== undefined) this.#admit(streamId, entity, active);
      }
      this.#onRoom();
    }
  }

  #onWeighed(activation: Activation, changeBytes: number): void {
    this.#weigh(changeBytes);
    if (this.#bytes > this.#options.stateBytesMax) this.#shedBytes(activation);
  }

  #weigh(changeBytes: number): void {
    this.#bytes += changeBytes;
    this.#options.budget?.weigh(changeBytes);
  }

  /** Evicts until the bytes fit or all that is left is busy, or the one that grew. */
  #shedBytes(grown: Activation): void {
    while (this.#bytes > this.#options.stateBytesMax && this.#active.size > 1) {
      const victim = this.#busy < this.#active.size ? this.#queue.evict() : undefined;
      if (victim === undefined) return;
      if (victim === grown) {
        this.#queue.add(victim);
        return;
      }
      this.#end(victim);
      this.#evicted += 1;
    }
  }

  /** Ends every activation that has been idle since before `usedBeforeMs`. */
  passivateIdle(usedBeforeMs: number): void {
    const idle = [...this.#queue.nodes()].filter(
      (node) => node.usedAtMs < usedBeforeMs && node.canBeEvicted(),
    );
    for (const activation of idle) this.#end(activation);
  }

  /** What was made of values whose keys are gone leaves memory. */
  forget(isGone: (owner: string) => boolean): void {
    for (const activation of this.#active.values()) activation.forget(isGone);
  }

  /** Resolves once no command is unanswered. */
  idle(): Promise<void> {
    if (this.#busy === 0 && this.#waiting.size === 0) return Promise.resolve();
    return new Promise((resolve) => this.#idleWaiters.push(resolve));
  }

  /** Ends every activation. Nothing may be unanswered any more. */
  passivateAll(): void {
    for (const activation of [...this.#active.values()]) this.#end(activation);
    this.#options.budget?.leave(this);
  }

  get activations(): number {
    return this.#active.size;
  }

  get stateBytes(): number {
    return this.#bytes;
  }

  /** Commands. */
  get waiting(): number {
    return this.#waitingCalls;
  }

  figures(): PoolFigures {
    return {
      activations: this.#active.size,
      busy: this.#busy,
      stateBytes: this.#bytes,
      waiting: this.#waitingCalls,
      activated: this.#activated,
      evicted: this.#evicted,
    };
  }
}

function deliverOrReject(activation: Activation, call: Call): void {
  try {
    activation.deliver(call);
  } catch (error) {
    call.reject(asError(error));
  }
}
