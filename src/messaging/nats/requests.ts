/**
 * Requests over one connection, with one inbox for all answers. The client has the same, but makes an error with its stack for
 * every answer that arrives, which took a third of the time of a request.
 */
import { createInbox, type Msg, type NatsConnection } from "nats";
import { AskTimeouts, type Expiring } from "../../kernel/ask-timeouts.js";
import type { Clock } from "../../kernel/clock.js";
import { NoRespondersError, RequestTimeoutError } from "../errors.js";
import { NotPermittedError } from "./errors.js";
import type { OutgoingHeaders } from "./message-headers.js";

const NO_RESPONDERS = 503;

/** What is asked. */
export interface Question {
  readonly subject: string;
  readonly payload: Uint8Array;
  readonly headers: OutgoingHeaders;
  readonly timeoutMs: number;
  /** For people. */
  readonly address: string;
}

interface Pending extends Expiring {
  settled: boolean;
  readonly subject: string;
  readonly address: string;
  readonly timeoutMs: number;
  resolve: (answer: Msg) => void;
  reject: (error: Error) => void;
}

const ignored = () => undefined;

export class Requests {
  readonly #connection: NatsConnection;
  readonly #timeouts: AskTimeouts;
  readonly #inbox: string;
  readonly #pending = new Map<string, Pending>();
  #count = 0;

  constructor(connection: NatsConnection, inboxPrefix: string, clock: Clock) {
    this.#connection = connection;
    this.#timeouts = new AskTimeouts(clock);
    this.#inbox = `${createInbox(inboxPrefix)}.`;
    connection.subscribe(`${this.#inbox}*`, {
      callback: (error, message) => {
        if (error === null) this.#take(message);
        else this.#failAll(({ address }) => new NotPermittedError(`answers for ${address}`));
      },
    });
    void this.#watchRefusals();
    void connection.closed().then(() => {
      // Sent, and perhaps carried out.
      this.#failAll(({ address, timeoutMs }) => new RequestTimeoutError(address, timeoutMs));
      this.#timeouts.close();
    });
  }

  /**
   * Asks, and waits for the answer. What it throws at once wasn't sent.
   *
   * @throws NoRespondersError, RequestTimeoutError, NotPermittedError - And what the client says of a message it can't send.
   */
  ask(question: Question): Promise<Msg> {
    const token = (this.#count += 1).toString(36);
    const { subject, payload, headers, timeoutMs, address } = question;
    this.#connection.publish(subject, payload, {
      reply: this.#inbox + token,
      ...headers.asOption(),
    });
    return new Promise((resolve, reject) => {
      const expire = () => this.#fail(token, new RequestTimeoutError(address, timeoutMs));
      const pending: Pending = {
        settled: false,
        deadlineMs: 0,
        expire,
        subject,
        address,
        timeoutMs,
        resolve,
        reject,
      };
      this.#pending.set(token, pending);
      this.#timeouts.watch(pending, timeoutMs);
    });
  }

  #take(message: Msg): void {
    const token = message.subject.slice(this.#inbox.length);
    const pending = this.#pending.get(token);
    // It came after its time.
    if (pending === undefined) return;
    if (message.data.length === 0 && message.headers?.code === NO_RESPONDERS) {
      this.#fail(token, new NoRespondersError(pending.address));
      return;
    }
    const { resolve } = pending;
    this.#forget(token, pending);
    resolve(message);
  }

  #fail(token: string, error: Error): void {
    const pending = this.#pending.get(token);
    if (pending === undefined) return;
    const { reject } = pending;
    this.#forget(token, pending);
    reject(error);
  }

  #forget(token: string, pending: Pending): void {
    this.#pending.delete(token);
    pending.settled = true;
    // Timeouts may know it for a while, and must not keep its answer in memory.
    pending.resolve = ignored;
    pending.reject = ignored;
  }

  #failAll(errorOf: (pending: Pending) => Error): void {
    for (const [token, pending] of this.#pending) this.#fail(token, errorOf(pending));
  }

  /** A refusal names the subject only: each is that of the oldest request to it. */
  async #watchRefusals(): Promise<void> {
    for await (const { permissionContext: refused } of this.#connection.status()) {
      if (refused?.operation !== "publish") continue;
      const what = `publishing to ${refused.subject}`;
      for (const [token, { subject }] of this.#pending)
        if (subject === refused.subject) {
          this.#fail(token, new NotPermittedError(what));
          break;
        }
    }
  }
}
