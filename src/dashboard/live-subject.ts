/** One question that is asked again and again, for whoever wants to know. */
import { toJsonForm, type OperationName } from "../index.js";
import type { Call } from "./calls.js";
import { errorBody } from "./error-body.js";
import type { JsonObject } from "./json-input.js";

/** A question that is asked again and again. */
export interface Followed {
  readonly operation: OperationName;
  readonly input: JsonObject;
}

type Kind = "value" | "failed";
/** Whether it was taken; what isn't is offered again, or what came of it meanwhile. */
type Listener = (kind: Kind, text: string) => boolean;

/** Less often where the answer takes long: at most this part of the time goes into asking. */
const SHARE_MAX = 0.1;
const AFTER_FAILURE_MS = 3_000;
const FOLLOW_WAIT_MS = 20_000;

export class Subject {
  readonly #followed: Followed;
  readonly #call: Call;
  readonly #pollMs: number;
  /** With what each was sent last. */
  readonly #listeners = new Map<Listener, string>();
  readonly #closing = new AbortController();
  #latest: { readonly kind: Kind; readonly text: string } | undefined;
  /** Of `events`: pages that somebody hasn't got would be lost, so each page waits until all took it. */
  #after: unknown;

  constructor(followed: Followed, call: Call, pollMs: number) {
    this.#followed = followed;
    this.#call = call;
    this.#pollMs = pollMs;
    void this.#run();
  }

  /** Returns what ends it, which returns how many are left. */
  join(listener: Listener): () => number {
    this.#listeners.set(listener, "");
    this.#tell();
    return () => {
      this.#listeners.delete(listener);
      return this.#listeners.size;
    };
  }

  close(): void {
    this.#closing.abort();
  }

  #isClosed(): boolean {
    return this.#closing.signal.aborted;
  }

  #tell(): boolean {
    const { kind, text } = this.#latest ?? {};
    if (kind === undefined || text === undefined) return true;
    let all = true;
    for (const [listener, sent] of this.#listeners) {
      if (sent === text) continue;
      if (listener(kind, text)) this.#listeners.set(listener, text);
      else all = false;
    }
    return all;
  }

  async #run(): Promise<void> {
    const isEvents = this.#followed.operation === "events";
    while (!this.#isClosed()) {
      const startedMs = performance.now();
      const worked = await (isEvents ? this.#askEvents() : this.#askOnce());
      if (this.#isClosed()) return;
      const tookMs = performance.now() - startedMs;
      const pauseMs = worked ? Math.max(this.#pollMs, tookMs / SHARE_MAX) : AFTER_FAILURE_MS;
      await this.#pause(isEvents && worked ? this.#pollMs / 4 : pauseMs);
    }
  }

  async #askOnce(): Promise<boolean> {
    return this.#answer(this.#followed.input);
  }

  async #askEvents(): Promise<boolean> {
    // Nothing new is asked for before everybody has the last page.
    if (!this.#tell()) return true;
    const after = this.#after ?? this.#followed.input["after"] ?? 0;
    return this.#answer({ ...this.#followed.input, after, waitMs: FOLLOW_WAIT_MS });
  }

  async #answer(input: JsonObject): Promise<boolean> {
    try {
      const value = await this.#call(this.#followed.operation, input, {
        signal: this.#closing.signal,
      });
      if (this.#followed.operation === "events")
        this.#after = (value as { readonly scannedTo: number }).scannedTo;
      this.#latest = { kind: "value", text: JSON.stringify(toJsonForm(value)) };
      return true;
    } catch (error) {
      this.#latest = { kind: "failed", text: JSON.stringify(errorBody(error).body) };
      return false;
    } finally {
      if (!this.#isClosed()) this.#tell();
    }
  }

  #pause(pauseMs: number): Promise<void> {
    const { signal } = this.#closing;
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, pauseMs);
      signal.addEventListener("abort", end);
    });
  }
}
