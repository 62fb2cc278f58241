/**
 * A reactor's unit of work: effects on their way, those of one key one after the other. The cursor is written behind them, so
 * after a crash some happen again, with the same id. Within one run none does: what has happened is remembered until
 * the cursor is past it.
 */
import type { ViewStore, ViewWrite } from "../../journal/index.js";
import type { CommandPort } from "../kernel/command-port.js";
import { asError, TidemarkError } from "../kernel/errors.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import { handedOn } from "../kernel/provenance.js";
import { traceOf, type TraceContext } from "../kernel/tracer.js";
import { HandlerFailedError } from "./errors.js";
import { handlingInSpan, type EventTracing } from "./event-span.js";
import type { Unit } from "./unit.js";
import type { ReactionContext, Reactor } from "./reactor.js";
import type { ViewOf } from "./view.js";

/** An effect took longer than allowed. It may have happened all the same; it is tried again with the same id. */
export class EffectTimeoutError extends TidemarkError {
  readonly code = "effect-timeout";
  readonly retryable = true;

  constructor(
    readonly effectId: string,
    readonly timeoutMs: number,
  ) {
    super(`effect ${effectId} took longer than ${timeoutMs} ms`);
  }
}

export const cursorKey = (name: string) => ["cursor", name] as const;

const EFFECTS_MAX = 100;

/** What effects may use. */
export interface EffectPorts extends EventTracing {
  readonly views: ViewStore;
  readonly view: ViewOf;
  readonly commands: CommandPort;
}

const ASK_TIMEOUT_MS = 5_000;

export class EffectUnit implements Unit {
  readonly #reactor: Reactor;
  readonly #ports: EffectPorts;
  /** By key: ends when the last effect of the key has. Never rejects. */
  readonly #running = new Map<string, Promise<void>>();
  readonly #failures = new Map<Position, HandlerFailedError>();
  readonly #failedKeys = new Set<string>();
  /** Effects that have happened and aren't behind the cursor. */
  readonly #done = new Map<string, Position>();
  #started = 0;
  #last: { position: Position; effects: number } = { position: 0, effects: 0 };
  readonly #closing = new AbortController();
  /** Effects that have happened since the runtime was opened. */
  effects = 0;

  constructor(reactor: Reactor, ports: EffectPorts) {
    this.#reactor = reactor;
    this.#ports = ports;
  }

  apply(event: RecordedEvent): Promise<void> | undefined {
    const reaction = this.#reactor.reactions.get(event.type);
    const effectId = this.#effectIdOf(event);
    if (reaction === undefined || this.#done.has(effectId)) return undefined;
    this.#started += 1;
    const key = this.#reactor.keyOf(event);
    const before = this.#running.get(key) ?? Promise.resolve();
    const running = before.then(() => this.#react(event, key, effectId));
    this.#running.set(key, running);
    void running.then(() => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    });
    return this.#running.size < this.#reactor.concurrency ? undefined : this.#someEnded();
  }

  async #someEnded(): Promise<void> {
    await Promise.race(this.#running.values());
  }

  /** One stored event may stand for several of today's; each has an effect of its own. */
  #effectIdOf({ position, eventId }: RecordedEvent): string {
    const effects = this.#last.position === position ? this.#last.effects + 1 : 0;
    this.#last = { position, effects };
    return `${eventId}/${this.#reactor.name}${effects === 0 ? "" : `/${effects}`}`;
  }

  async #react(event: RecordedEvent, key: string, effectId: string): Promise<void> {
    // Behind one that failed nothing of its key may happen.
    if (this.#failedKeys.has(key) || this.#closing.signal.aborted) return;
    try {
      await handlingInSpan(this.#ports, "reactor", this.#reactor.name, event, (span) =>
        this.#within(effectId, (signal) =>
          this.#reactor.reactions.get(event.type)?.(event as never, {
            effectId,
            view: this.#ports.view,
            ask: this.#asking(event, effectId, span?.context),
            signal,
          }),
        ),
      );
      this.#done.set(effectId, event.position);
      this.effects += 1;
    } catch (error) {
      const { position, streamId, type } = event;
      const name = `reactor ${this.#reactor.name}`;
      this.#failedKeys.add(key);
      const trace = traceOf(event.headers);
      const failed = new HandlerFailedError(name, position, streamId, type, error, trace);
      this.#failures.set(position, handedOn(event, failed));
    }
  }

  /** Commands of one attempt: numbered, so that those of the next have the same ids. */
  #asking(
    event: RecordedEvent,
    effectId: string,
    trace: TraceContext | undefined,
  ): ReactionContext["ask"] {
    const { correlationId, eventId } = event;
    const headers = trace === undefined ? {} : { headers: { ...trace } };
    let commands = 0;
    return (target, entityId, command, { timeoutMs = ASK_TIMEOUT_MS } = {}) => {
      commands += 1;
      const commandId = `${effectId}#${commands}`;
      const sending = { commandId, timeoutMs, correlationId, causationId: eventId, ...headers };
      const known = handedOn(event, { ...command });
      return this.#ports.commands.ask(target, entityId, known, sending);
    };
  }

  async #within(
    effectId: string,
    run: (signal: AbortSignal) => Promise<void> | void,
  ): Promise<void> {
    const { timeoutMs } = this.#reactor;
    const late = new AbortController();
    const signal = AbortSignal.any([late.signal, this.#closing.signal]);
    let fail: (error: Error) => void = () => undefined;
    const ended = new Promise<never>((_, reject) => (fail = reject));
    const timer = this.#ports.clock.setTimer(timeoutMs, () => {
      const error = new EffectTimeoutError(effectId, timeoutMs);
      late.abort(error);
      fail(error);
    });
    const onClosing = () => fail(asError(this.#closing.signal.reason));
    this.#closing.signal.addEventListener("abort", onClosing, { once: true });
    try {
      await Promise.race([run(signal), ended]);
    } finally {
      timer.cancel();
      this.#closing.signal.removeEventListener("abort", onClosing);
    }
  }

  isFull(): boolean {
    return this.#started >= EFFECTS_MAX;
  }

  isEmpty(): boolean {
    return this.#started === 0;
  }

  async flush(position: Position, writes: readonly ViewWrite[]): Promise<void> {
    await Promise.all(this.#running.values());
    const [failed] = [...this.#failures.keys()].sort((a, b) => a - b);
    if (failed !== undefined) throw this.#failures.get(failed) as HandlerFailedError;
    if (this.#closing.signal.aborted) throw asError(this.#closing.signal.reason);
    const cursor = { table: "rows" as const, key: cursorKey(this.#reactor.name), value: position };
    await this.#ports.views.write([...writes, cursor]);
    for (const [effectId, at] of this.#done) if (at <= position) this.#done.delete(effectId);
    this.#started = 0;
  }

  reset(): void {
    this.#failures.clear();
    this.#failedKeys.clear();
    this.#started = 0;
    this.#last = { position: 0, effects: 0 };
  }

  storedPosition(): Position {
    return (
      (this.#ports.views.get("rows", cursorKey(this.#reactor.name)) as Position | undefined) ?? 0
    );
  }

  /** Effects on their way are told, and aren't waited for. */
  close(): void {
    this.#closing.abort(new Error("the runtime is closing"));
  }
}
