/**
 * Messages a consumer was given and hasn't acknowledged. They outlive a connection: what the server has delivered it would
 * deliver again only after the wait for acknowledgement, behind newer ones.
 *
 * ```
 *   add --> fresh --take--> in hand --settle--> done
 *                 ^                     |
 *                 +---- deferred <------+
 * ```
 */
import type { Clock, Timer } from "../../kernel/clock.js";
import type { Delivery, Handled } from "../transport.js";

/** A message with the subject that answers for it. */
export interface Pulled {
  readonly delivery: Delivery;
  readonly ackSubject: string;
  /** Counts what this consumer was given, repetitions included. */
  readonly ordinal: number;
  /** How many more the server had for this consumer when it sent it. */
  readonly pending: number;
}

/** What a page was, for {@link PulledMessages.settle}. */
export interface Taken {
  readonly page: readonly Delivery[];
  readonly epoch: number;
}

/** A page may still grow for this long while the server says that it has more. */
const LINGER_MS = 20;

export class PulledMessages {
  readonly #clock: Clock;
  readonly #pageMax: number;
  #fresh: Pulled[] = [];
  #inHand: readonly Pulled[] = [];
  #deferred: { readonly pulled: Pulled; readonly dueMs: number }[] = [];
  /** The last acknowledgements, as many as may be on their way when a connection ends. */
  #done: string[] = [];
  #lastOrdinal = 0;
  /** Changes when everything is dropped: what was in hand then is nobody's any more. */
  #epoch = 0;
  #isComplete = false;
  #timer: Timer | undefined;
  #linger: Timer | undefined;
  #wake: () => void = () => undefined;
  #closed = false;

  constructor(clock: Clock, pageMax: number) {
    this.#clock = clock;
    this.#pageMax = pageMax;
  }

  /** Of the last message taken from the server, 0 where there was none. */
  get lastOrdinal(): number {
    return this.#lastOrdinal;
  }

  /** Whether another page of the server's may come, where so many may be undone. */
  hasRoom(undoneMax: number): boolean {
    const current = this.#fresh.length + this.#inHand.length;
    return current <= this.#pageMax && current + this.#deferred.length < undoneMax + this.#pageMax;
  }

  add(message: Pulled): void {
    this.#lastOrdinal = message.ordinal;
    this.#fresh.push(message);
    this.#isComplete = message.pending === 0 || this.#fresh.length >= this.#pageMax;
    this.#linger?.cancel();
    if (this.#isComplete) this.#wake();
    else this.#linger = this.#clock.setTimer(LINGER_MS, () => this.completed());
  }

  /** No more is coming for now. */
  completed(): void {
    this.#isComplete = true;
    this.#wake();
  }

  /** The next page in order of sequence, as soon as there is one; undefined once it is closed. */
  async take(): Promise<Taken | undefined> {
    for (;;) {
      if (this.#closed) return undefined;
      this.#inHand = this.#page();
      if (this.#inHand.length > 0)
        return { page: this.#inHand.map(({ delivery }) => delivery), epoch: this.#epoch };
      await this.#news();
    }
  }

  /** What is due again, and then what is new. */
  #page(): Pulled[] {
    const nowMs = this.#clock.monotonicMs();
    const due = this.#deferred.filter(({ dueMs }) => dueMs <= nowMs).slice(0, this.#pageMax);
    if (due.length > 0) {
      const taken = new Set(due);
      this.#deferred = this.#deferred.filter((each) => !taken.has(each));
    }
    const room = this.#isComplete ? this.#pageMax - due.length : 0;
    const page = [...due.map(({ pulled }) => pulled), ...this.#fresh.splice(0, room)];
    return page.sort(inOrder);
  }

  async #news(): Promise<void> {
    const dueMs = Math.min(...this.#deferred.map((each) => each.dueMs));
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      if (dueMs === Infinity) return;
      const delayMs = Math.max(0, dueMs - this.#clock.monotonicMs());
      this.#timer = this.#clock.setTimer(delayMs, resolve);
    });
    this.#timer?.cancel();
  }

  /**
   * The first of the page in hand are done; the others come again after their time.
   *
   * @returns What to acknowledge.
   */
  settle(epoch: number, { done, redeliverAfterMs }: Handled): readonly string[] {
    if (epoch !== this.#epoch) return [];
    const dueMs = this.#clock.monotonicMs() + redeliverAfterMs;
    for (const { delivery, ...rest } of this.#inHand.slice(done)) {
      const again = { ...delivery, deliveries: delivery.deliveries + 1 };
      this.#deferred.push({ pulled: { ...rest, delivery: again }, dueMs });
    }
    this.#deferred.sort((a, b) => inOrder(a.pulled, b.pulled));
    const subjects = this.#inHand.slice(0, done).map(({ ackSubject }) => ackSubject);
    this.#done = [...this.#done, ...subjects].slice(-2 * this.#pageMax);
    this.#inHand = [];
    return subjects;
  }

  /** What may have to be acknowledged once more, since nobody knows which of it arrived. */
  lastDone(): readonly string[] {
    return this.#done;
  }

  /** Everything that waits for its acknowledgement, in order. */
  ackSubjects(): string[] {
    const deferred = this.#deferred.map(({ pulled }) => pulled);
    return [...deferred, ...this.#inHand, ...this.#fresh]
      .sort(inOrder)
      .map(({ ackSubject }) => ackSubject);
  }

  /**
   * Forgets everything. After a loss of data the server gives the same places to other messages: an acknowledgement of an
   * old one would make it pass over a new one.
   */
  drop(): void {
    this.#epoch += 1;
    this.#fresh = [];
    this.#inHand = [];
    this.#deferred = [];
    this.#done = [];
    this.#lastOrdinal = 0;
  }

  close(): void {
    this.#closed = true;
    this.#linger?.cancel();
    this.#wake();
  }
}

function inOrder(a: Pulled, b: Pulled): number {
  return a.delivery.sequence - b.delivery.sequence;
}
