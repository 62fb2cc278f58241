/**
 * Asking a durable consumer for messages over one connection: one request for a page at a time, that stays open until it is
 * filled. It ends with the connection, with its consumer, or when the server falls silent.
 */
import { createInbox, nanos, type Msg, type NatsConnection, type Subscription } from "nats";
import type { Clock, Timer } from "../../kernel/clock.js";

const EXPIRES_MS = 30_000;
const HEARTBEAT_MS = 1_000;
/** Heartbeats that may be missing before the consumer is looked for again. */
const SILENCE_MS = 3_500;
const RETRY_AFTER_MS = 100;

const HEARTBEAT = 100;
const NO_MESSAGES = 404;
const EXPIRED = 408;
const CONFLICT = 409;

export interface PullOptions {
  readonly connection: NatsConnection;
  readonly clock: Clock;
  readonly inboxPrefix: string;
  readonly stream: string;
  readonly consumer: string;
  readonly pageMax: number;
  /** Whether there is room for another page. */
  readonly hasRoom: () => boolean;
  readonly onMessage: (message: Msg) => void;
  /** The open request ended, filled or not. */
  readonly onCompleted: () => void;
}

export class Pull {
  readonly #options: PullOptions;
  readonly #subscription: Subscription;
  readonly #inbox: string;
  /** Resolves when it can't go on. */
  readonly ended: Promise<void>;
  #end: () => void = () => undefined;
  #isEnded = false;
  /** Messages the open request may still bring. */
  #open = 0;
  #heardMs: number;
  #watch: Timer | undefined;
  #retry: Timer | undefined;

  constructor(options: PullOptions) {
    this.#options = options;
    this.ended = new Promise((resolve) => (this.#end = resolve));
    const { connection, clock } = options;
    this.#heardMs = clock.monotonicMs();
    this.#inbox = createInbox(options.inboxPrefix);
    this.#subscription = connection.subscribe(this.#inbox, {
      callback: (error, message) => {
        if (error === null) this.#take(message);
        else this.end();
      },
    });
    void connection.closed().then(() => this.end());
    this.#watchSilence();
    this.ask();
  }

  /** Asks for a page where none is on its way and there is room. */
  ask(): void {
    const { connection, pageMax, hasRoom, stream, consumer } = this.#options;
    if (this.#isEnded || this.#open > 0 || this.#retry !== undefined || !hasRoom()) return;
    this.#open = pageMax;
    this.#heardMs = this.#options.clock.monotonicMs();
    const request = {
      batch: pageMax,
      expires: nanos(EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    };
    connection.publish(
      `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
      Buffer.from(JSON.stringify(request)),
      { reply: this.#inbox },
    );
  }

  end(): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#watch?.cancel();
    this.#retry?.cancel();
    if (!this.#options.connection.isClosed()) this.#subscription.unsubscribe();
    this.#end();
  }

  #take(message: Msg): void {
    if (this.#isEnded) return;
    this.#heardMs = this.#options.clock.monotonicMs();
    if (message.subject === this.#inbox) {
      this.#takeStatus(message.headers?.code ?? 0, message.headers?.description ?? "");
      return;
    }
    this.#open = Math.max(0, this.#open - 1);
    this.#options.onMessage(message);
    if (this.#open === 0) this.#completed();
  }

  #takeStatus(code: number, description: string): void {
    if (code === HEARTBEAT) return;
    const goesOn = code === CONFLICT && !/consumer deleted|push based/i.test(description);
    if (code !== NO_MESSAGES && code !== EXPIRED && !goesOn) {
      // Nobody answers for the consumer: it was deleted, with its stream perhaps.
      this.end();
      return;
    }
    this.#open = 0;
    if (!goesOn) return this.#completed();
    // Too much is in hand, or the leader changes: asking at once would make a loop of refusals.
    this.#retry = this.#options.clock.setTimer(RETRY_AFTER_MS, () => {
      this.#retry = undefined;
      this.#completed();
    });
  }

  #completed(): void {
    this.#options.onCompleted();
    this.ask();
  }

  #watchSilence(): void {
    this.#watch = this.#options.clock.setTimer(HEARTBEAT_MS, () => {
      const silentMs = this.#options.clock.monotonicMs() - this.#heardMs;
      if (this.#open > 0 && silentMs > SILENCE_MS) this.end();
      else if (!this.#isEnded) this.#watchSilence();
    });
  }
}
