/** Publishes, consumes and asks all the time, as a relay, an importer and a remote handle do, while a test breaks things. */
import type { Closable, TransportConnection } from "../../../src/messaging/transport.js";
import { until } from "../../support/until.js";
import { publicationOf, textMessage, textOf } from "./hosts.js";

const IN_FLIGHT = 32;
const ENDPOINT = { kind: "endpoint", name: "echo" } as const;

export class Load {
  readonly #publisher: TransportConnection;
  readonly #storeId: string;
  /** Positions that are acknowledged, all up to this one. */
  published = 0;
  /** Positions in the order in which they came for the first time. */
  readonly first: number[] = [];
  readonly #seen = new Set<number>();
  repeated = 0;
  answered = 0;
  /** By code. */
  readonly failures = new Map<string, number>();
  #wrong = 0;
  #running = true;
  #loops: Promise<unknown> = Promise.resolve();
  #closables: Closable[] = [];

  private constructor(publisher: TransportConnection, storeId: string) {
    this.#publisher = publisher;
    this.#storeId = storeId;
  }

  static async start(
    publisher: TransportConnection,
    storeId: string,
    consumer: TransportConnection,
    handleMs = 0,
  ): Promise<Load> {
    const load = new Load(publisher, storeId);
    load.#closables = [
      await consumer.serve({ ...ENDPOINT, description: "" }, async (message) => message),
      await consumer.consume({
        aggregate: "account",
        durable: "load",
        pageMax: 64,
        handle: async (page) => {
          if (handleMs > 0) await new Promise((resolve) => setTimeout(resolve, handleMs));
          for (const { message } of page) load.#take(Number(textOf(message).split(" ")[1]));
          return { done: page.length, redeliverAfterMs: 0 };
        },
      }),
    ];
    load.#loops = Promise.all([load.#publish(), load.#ask()]);
    return load;
  }

  /** Stops asking and publishing; waits until everything published has come. */
  async finish(): Promise<void> {
    this.#running = false;
    await this.#loops;
    await until(() => this.#seen.size >= this.published);
    for (const closable of this.#closables) await closable.close();
  }

  /** Positions that never came, that came out of order, and answers that weren't the request's. */
  faults() {
    const missing = Array.from({ length: this.published }, (_, n) => n + 1).filter(
      (position) => !this.#seen.has(position),
    );
    const disordered = this.first.filter((position, n) => position !== n + 1);
    return { missing: missing.length, disordered: disordered.length, wrongAnswers: this.#wrong };
  }

  /** Milliseconds until one more is published, comes, and is answered. */
  async resumedAfterMs(): Promise<number> {
    const startedMs = performance.now();
    const { published, answered } = this;
    const came = this.first.length;
    await until(
      () => this.published > published && this.answered > answered && this.first.length > came,
    );
    return performance.now() - startedMs;
  }

  #take(position: number): void {
    if (this.#seen.has(position)) {
      this.repeated += 1;
      return;
    }
    this.#seen.add(position);
    this.first.push(position);
  }

  /** A window that goes back to what failed first: later ones must not stand before it. */
  async #publish(): Promise<void> {
    while (this.#running) {
      const window = Array.from({ length: IN_FLIGHT }, (_, n) => this.published + n + 1);
      const results = await Promise.allSettled(
        window.map((position) => this.#publisher.publish(publicationOf(this.#storeId, position))),
      );
      const failed = results.findIndex(({ status }) => status === "rejected");
      this.published += failed < 0 ? window.length : failed;
      if (failed < 0) continue;
      this.#count((results[failed] as PromiseRejectedResult).reason);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  async #ask(): Promise<void> {
    for (let n = 0; this.#running; n += 1)
      try {
        const answer = await this.#publisher.request(ENDPOINT, textMessage(`ask ${n}`), 1_000);
        if (textOf(answer) === `ask ${n}`) this.answered += 1;
        else this.#wrong += 1;
      } catch (error) {
        this.#count(error);
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
  }

  #count(error: unknown): void {
    const code = (error as { code?: string }).code ?? String(error);
    this.failures.set(code, (this.failures.get(code) ?? 0) + 1);
  }
}
