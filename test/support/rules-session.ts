/** A session of a rule set that a test drives input by input, as its runtime would, without one. */
import { expect } from "vitest";
import { isRejected, type DecideContext } from "../../actors/index.js";
import { throughCodec } from "../../journal/index.js";
import { EMPTY_DATA, type Message, type RecordedEvent } from "../../src/kernel/event.js";
import {
  sessionOf,
  type EventInput,
  type FiredRecord,
  type RuleSet,
  type SessionFact,
  type SessionCommand,
  type SessionInput,
  type SessionState,
} from "../../src/rules/index.js";

/** What an event is, as a test tells it. */
export interface ToldEvent {
  readonly type: string;
  readonly data?: unknown;
  readonly atMs: number;
  readonly watermarkMs?: number;
  readonly position?: number;
  readonly part?: number;
}

export class RulesSession {
  rules: RuleSet;
  readonly sessionId: string;
  state: SessionState;
  nowMs = 0;
  /** Every event so far. */
  readonly events: Message[] = [];
  /** Whether it forgets, after each input, what isn't in its state. */
  readonly #isCold: boolean;
  #position = 0;

  constructor(
    rules: RuleSet,
    options: { readonly cold?: boolean; readonly sessionId?: string } = {},
  ) {
    this.rules = rules;
    this.sessionId = options.sessionId ?? "s";
    this.#isCold = options.cold ?? false;
    this.state = rules.behavior.initialState(this.sessionId) as SessionState;
  }

  event(told: ToldEvent): readonly Message[] | string {
    return this.take(this.input(told));
  }

  input({
    type,
    data = EMPTY_DATA,
    atMs,
    watermarkMs = atMs,
    position,
    part = 0,
  }: ToldEvent): EventInput {
    this.#position = position ?? this.#position + 1;
    const at = this.#position;
    const event: RecordedEvent = {
      type,
      data,
      streamId: "source/e",
      streamType: "source",
      entityId: "e",
      version: at,
      position: at,
      recordedAtMs: atMs,
      eventId: `e:${at}`,
      correlationId: `e:${at}`,
      causationId: undefined,
      headers: undefined,
      shape: 1,
    };
    const origin = { position: at, part, eventId: event.eventId, type, streamId: event.streamId };
    return { kind: "event", event, origin, atMs, watermarkMs };
  }

  wake(toMs: number): readonly Message[] | string {
    return this.take({ kind: "wake", toMs });
  }

  take(input: SessionInput): readonly Message[] | string {
    return this.command({ type: "take", data: { input } });
  }

  /** The events of a command, or the code with which it was refused. */
  command(command: SessionCommand): readonly Message[] | string {
    const { behavior, name } = this.rules;
    const context: DecideContext = {
      nowMs: this.nowMs,
      entityId: this.sessionId,
      streamId: `${name}/${this.sessionId}`,
      version: this.events.length,
      commandId: undefined,
      correlationId: undefined,
      causationId: undefined,
      headers: undefined,
      newId: () => "",
    };
    const decision = behavior.decide(this.state, command.type, command.data, context);
    if (isRejected(decision)) return decision.code;
    for (const { type, data } of decision) {
      const stored = this.#isCold ? throughCodec(data) : data;
      this.state = behavior.evolve(this.state, type, stored) as SessionState;
      this.events.push({ type, data });
    }
    if (this.#isCold) this.state = throughCodec(this.state);
    return decision;
  }

  /** Goes on as another process would, with another definition where one is given; the fold of its events is its state. */
  restart(rules: RuleSet = this.rules): void {
    let state = rules.behavior.initialState(this.sessionId);
    for (const { type, data } of throughCodec(this.events))
      state = rules.behavior.evolve(state, type, data);
    expect(state).toEqual(this.state);
    this.rules = rules;
    this.state = throughCodec(state as SessionState);
  }

  fired(): readonly FiredRecord[] {
    return this.events
      .filter(({ type }) => type === "rules.fired")
      .map(({ data }) => data as FiredRecord);
  }

  alerts(): readonly Message[] {
    return this.events.filter(({ type }) => !type.startsWith("rules."));
  }

  facts(): readonly SessionFact[] {
    return sessionOf(this.rules, this.sessionId, this.state).facts;
  }
}

export const typesOf = (events: readonly Message[] | string) =>
  typeof events === "string" ? events : events.map(({ type }) => type.replace("rules.", ""));
