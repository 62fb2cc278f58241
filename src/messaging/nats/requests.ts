/**
 * Requests over one connection, with one inbox for all answers. The client has the same, but makes an error with its stack for
 * every answer that arrives, which took a third of the time of a request.
 */
import { createInbox, type Msg, type NatsConnection } from "nats";
import type { Clock, Timer } from "../../kernel/clock.js";
import { NoRespondersError, RequestTimeoutError } from "../errors.js";
import { NotPermittedError } from "./errors.js";
import type { OutgoingHeaders } from "./message-headers.js";

const NO_RESPONDERS = 503;
const TIMEOUT_MS_MAX = 2 ** 31 - 1;

/** What is asked. */
export interface Question {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: OutgoingHeaders;
  readonly timeoutMs: number;
  /** For people. */
  readonly address: string;
}

interface Pending {
  readonly question: Question;
  readonly timer: Timer;
  readonly resolve: (answer: Msg) => void;
  readonly reject: (error: Error) => void;
}

export class Requests {
  readonly #connection: NatsConnection;
  readonly #clock: Clock;
  readonly #inbox: string;
  readonly #pending = new Map<string, Pending>();
  #count = 0;

  constructor(connection: NatsConnection, inboxPrefix: string, clock: Clock) {
    this.#connection = connection;
    this.#clock = clock;
    this.#inbox = `${createInbox(inboxPrefix)}.`;
    connection.subscribe(`${this.#inbox}*`, {
      callback: (error, message) => {
        if (error === null) this.#take(message);
        else this.#failAll(({ address }) => new NotPermittedError(`answers for ${address}`));
      },
    });
    void this.#watchRefusals();
    void connection.closed().then(() =>
      // Sent, and perhaps carried out.
      this.#failAll(({ address, timeoutMs }) => new RequestTimeoutError(address, timeoutMs)),
    );
  }

  /**
   * Asks, and waits for the answer. What it throws at once wasn't sent.
   *
   * @throws NoRespondersError, RequestTimeoutError, NotPermittedError - And what the client says of a message it can't send.
   */
  ask(question: Question): Promise<Msg> {
    const token = (this.#count += 1).toString(36);
    const { subject, payload, headers, timeoutMs } = question;
    this.#connection.publish(subject, payload, {
      reply: this.#inbox + token,
      ...headers.asOption(),
    });
    return new Promise((resolve, reject) => {
      const delayMs = Math.min(TIMEOUT_MS_MAX, timeoutMs);
      const timer = this.#clock.setTimer(delayMs, () =>
        this.#fail(token, new RequestTimeoutError(question.address, timeoutMs)),
      );
      this.#pending.set(token, { question, timer, resolve, reject });
    });
  }

  #take(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length);
    const pending = this.#pending.get(token);
    // It came after its time.
    if (pending === undefined) return;
    if (message.data.length === 0 && message.headers?.code === NO_RESPONDERS) {
      this.#fail(token, new NoRespondersError(pending.question.address));
      return;
    }
    this.#pending.delete(token);
    pending.timer.cancel();
    pending.resolve(message);
  }

  #fail(token: string, error: Error): void {
    const pending = this.#pending.get(token);
    if (pending === undefined) return;
    this.#pending.delete(token);
    pending.timer.cancel();
    pending.reject(error);
  }

  #failAll(errorOf: (question: Question) => Error): void {
    for (const [token, { question }] of this.#pending) this.#fail(token, errorOf(question));
  }

  /** A refusal names the subject only: each is that of the oldest request to it. */
  async #watchRefusals(): Promise<void> {
    for await (const { permissionContext: refused } of this.#connection.status()) {
      if (refused?.operation !== "publish") continue;
      const what = `publishing to ${refused.subject}`;
      for (const [token, { question }] of this.#pending)
        if (question.subject === refused.subject) {
          this.#fail(token, new NotPermittedError(what));
          break;
        }
    }
  }
}
