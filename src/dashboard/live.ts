/**
 * What a page follows: some questions, asked again and again while it is open, whose answers are sent when they differ from the last.
 * The same question of several pages is asked once. `events` waits for what comes instead of being asked every second.
 */
import type { ServerResponse } from "node:http";
import { answerEvents } from "./answers.js";
import type { Call } from "./calls.js";
import { Refusal } from "./refusal.js";
import { Subject, type Followed } from "./live-subject.js";

export interface LiveOptions {
  readonly call: Call;
  readonly streamsMax: number;
  readonly pollMs: number;
  readonly heartbeatMs: number;
}

export class Live {
  readonly #options: LiveOptions;
  readonly #subjects = new Map<string, Subject>();
  readonly #streams = new Set<ServerResponse>();
  #followers = 0;

  constructor(options: LiveOptions) {
    this.#options = options;
  }

  /** How many pages are open: for whoever wonders why it is asked. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Questions that are asked now. */
  get subjects(): number {
    return this.#subjects.size;
  }

  /** @throws Refusal - Too many pages are open (429). */
  open(response: ServerResponse, followed: readonly Followed[]): void {
    const { streamsMax, heartbeatMs } = this.#options;
    if (this.#streams.size >= streamsMax)
      throw new Refusal(429, "too-many-streams", `At most ${streamsMax} pages are kept up to date`);
    this.#streams.add(response);
    answerEvents(response);
    const leave = followed.map((each, index) => this.#join(each, index, response));
    const heartbeat = setInterval(() => {
      // What it was sent half a minute ago isn't read yet: nobody is there.
      if (response.writableNeedDrain) response.destroy();
      else response.write(": still here\n\n");
    }, heartbeatMs);
    response.on("close", () => {
      clearInterval(heartbeat);
      for (const each of leave) each();
      this.#streams.delete(response);
    });
  }

  #join(followed: Followed, index: number, response: ServerResponse): () => void {
    const key = this.#keyOf(followed);
    let subject = this.#subjects.get(key);
    if (subject === undefined) {
      const { call, pollMs } = this.#options;
      subject = new Subject(followed, call, pollMs);
      this.#subjects.set(key, subject);
    }
    const joined = subject;
    const leave = joined.join((kind, text) => {
      // One who reads slowly gets the latest later, and holds back no memory.
      if (response.writableNeedDrain) return false;
      response.write(`event: ${kind}\nid: ${index}\ndata: ${text}\n\n`);
      return true;
    });
    return () => {
      if (leave() > 0) return;
      joined.close();
      if (this.#subjects.get(key) === joined) this.#subjects.delete(key);
    };
  }

  /** Pages of events come one after the other, and who comes later would miss the first: each follows its own. */
  #keyOf(followed: Followed): string {
    const key = JSON.stringify(followed);
    this.#followers += 1;
    return followed.operation === "events" ? `${this.#followers} ${key}` : key;
  }

  close(): void {
    for (const stream of this.#streams) stream.destroy();
  }
}
