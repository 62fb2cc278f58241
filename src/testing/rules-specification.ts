/**
 * Given events and time, what a rule set makes of them: its sessions run as in a runtime, in virtual time, with no runtime and no
 * promises. Every input, event and state goes through the codec once and is frozen, so what couldn't be recorded fails here already.
 */
import { AssertionError } from "node:assert";
import { SourceReader, throughCodec } from "../../journal/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { EMPTY_DATA, type Message, type RecordedEvent } from "../kernel/event.js";
import { streamIdOf } from "../kernel/ids.js";
import {
  sessionOf,
  wakeBefore,
  type EventInput,
  type FiredRecord,
  type RuleSet,
  type SessionFact,
  type StepRecord,
} from "../rules/index.js";
import type { AskedCommand } from "./saga-specification.js";
import { SessionTrial } from "./session-trial.js";

/** An event that a rule set learns of. */
export interface GivenEvent extends Message {
  /** When it is recorded; defaults to the moment of the one before it. Where the rule set has a `time`, that says when it happened. */
  readonly atMs?: number;
  /** Defaults to `entity-1`. */
  readonly entityId?: string;
  /** Name of the aggregate, saga or rule set that it is of; defaults to the first of `from`. */
  readonly from?: string;
}

/**
 * The sessions of a rule set, somewhere in their lives. Events and time give the next; this one stays as it is, so that several tests
 * may go on from it. What asks about a parked session throws an AssertionError that says why it is parked; but for `parked`.
 */
export interface RulesSpecification<Alert extends Message = Message> {
  /** Events are recorded, in this order, and reach their sessions. What is due before each happens first. */
  events(events: readonly GivenEvent[]): RulesSpecification<Alert>;
  /** Time comes to a moment: what is due before happens, as far as `latenessMs` lets it. */
  time(toMs: number): RulesSpecification<Alert>;
  /** All firings so far, in order; of one session, or of all. */
  fired(sessionId?: string): readonly FiredRecord[];
  /** All alerts so far, in order; of one session, or of all. */
  alerts(sessionId?: string): readonly Alert[];
  /** The commands that were sent so far, in order; of one session, or of all. */
  commands(sessionId?: string): readonly AskedCommand[];
  /** The facts that there are: by kind, in the order in which they came; windows, by id, are among them while they hold something. */
  facts(sessionId?: string): readonly SessionFact[];
  /** Why a session is parked; undefined where it isn't. */
  parked(sessionId?: string): string | undefined;
}

/** Begins with a rule set that has seen nothing. */
export function givenRules<Alert extends Message>(
  rules: RuleSet<Alert>,
): RulesSpecification<Alert> {
  return new Specification<Alert>(rules, {
    sessions: new Map(),
    told: [],
    position: 0,
    nowMs: 0,
    latestMs: -Infinity,
  });
}

/** What a session recorded. */
interface Told {
  readonly sessionId: string;
  readonly event: Message;
}

interface Progress {
  readonly sessions: ReadonlyMap<string, SessionTrial>;
  readonly told: readonly Told[];
  readonly position: number;
  /** When the last event was recorded, or time has come to. */
  readonly nowMs: number;
  /** Of events, as the rule set tells their times. */
  readonly latestMs: number;
}

class Specification<Alert extends Message> implements RulesSpecification<Alert> {
  readonly #rules: RuleSet<Alert>;
  readonly #progress: Progress;

  constructor(rules: RuleSet<Alert>, progress: Progress) {
    this.#rules = rules;
    this.#progress = progress;
  }

  events(events: readonly GivenEvent[]): RulesSpecification<Alert> {
    let progress = this.#progress;
    for (const event of events) progress = this.#afterEvent(progress, event);
    return new Specification(this.#rules, progress);
  }

  time(toMs: number): RulesSpecification<Alert> {
    const sessions = new Map(this.#progress.sessions);
    const told = [...this.#progress.told];
    for (;;) {
      const next = earliest(sessions.values(), toMs);
      if (next === undefined) break;
      const [after, outcome] = next.take({ kind: "wake", toMs }, toMs);
      if (outcome.refused !== undefined) return fail("a session that wakes", outcome.refused);
      sessions.set(next.sessionId, after);
      for (const event of outcome.events) told.push({ sessionId: next.sessionId, event });
    }
    return new Specification(this.#rules, { ...this.#progress, sessions, told, nowMs: toMs });
  }

  fired(sessionId?: string): readonly FiredRecord[] {
    return this.#told(sessionId)
      .filter(({ type }) => type === "rules.fired")
      .map(({ data }) => data as FiredRecord);
  }

  alerts(sessionId?: string): readonly Alert[] {
    return this.#told(sessionId).filter(({ type }) => !type.startsWith("rules.")) as Alert[];
  }

  commands(sessionId?: string): readonly AskedCommand[] {
    return this.#told(sessionId)
      .filter(({ type }) => type === "rules.stepped")
      .flatMap(({ data }) => (data as StepRecord).commands ?? [])
      .map(({ aggregate, entityId, command }) => ({ aggregate, entityId, command }));
  }

  facts(sessionId?: string): readonly SessionFact[] {
    const session = this.#session(sessionId);
    if (session === undefined) return [];
    this.#told(session.sessionId);
    return sessionOf(this.#rules, session.sessionId, session.state).facts;
  }

  parked(sessionId?: string): string | undefined {
    const { status, problem } = this.#session(sessionId)?.state ?? {};
    return status === "parked" ? problem : undefined;
  }

  #afterEvent(progress: Progress, given: GivenEvent): Progress {
    const { sources } = this.#rules;
    const position = progress.position + 1;
    const stored = recorded(given, position, progress.nowMs, sources[0]?.name ?? "");
    if (!sources.some(({ name }) => name === stored.streamType))
      throw new InvalidArgumentError("from of an event", "a source of the rule set", given.from);
    const reader = new SourceReader(sources, this.#rules.handlers.keys());
    const sessions = new Map(progress.sessions);
    const told = [...progress.told];
    let { latestMs } = progress;
    reader.upcast(stored).forEach((event, part) => {
      if (!this.#rules.handlers.has(event.type))
        throw new InvalidArgumentError(
          "type of an event",
          "one that on or a sequence names",
          event.type,
        );
      const atMs = this.#rules.timeOf(event);
      latestMs = Math.max(latestMs, atMs);
      const { eventId, type, streamId } = event;
      const origin = { position, part, eventId, type, streamId };
      const watermarkMs = latestMs - this.#rules.latenessMs;
      const input: EventInput = { kind: "event", event, origin, atMs, watermarkMs };
      for (const sessionId of this.#rules.keysOf(event))
        this.#give(sessions, told, sessionId, input);
    });
    return { sessions, told, position, nowMs: stored.recordedAtMs, latestMs };
  }

  #give(
    sessions: Map<string, SessionTrial>,
    told: Told[],
    sessionId: string,
    input: EventInput,
  ): void {
    let session = sessions.get(sessionId) ?? new SessionTrial(this.#rules, sessionId);
    const { recordedAtMs } = input.event;
    for (;;) {
      let [after, outcome] = session.take(input, recordedAtMs);
      const isTaken = outcome.refused === undefined;
      if (outcome.refused === "wake-first") {
        [after, outcome] = session.take(wakeBefore(input, this.#rules), recordedAtMs);
      }
      if (outcome.refused !== undefined) fail("an event that is taken", outcome.refused);
      else for (const event of outcome.events) told.push({ sessionId, event });
      session = after;
      sessions.set(sessionId, session);
      if (isTaken) return;
    }
  }

  #session(sessionId: string | undefined): SessionTrial | undefined {
    const { sessions } = this.#progress;
    if (sessionId !== undefined) return sessions.get(sessionId);
    const [first, ...others] = sessions.values();
    if (others.length > 0)
      throw new InvalidArgumentError(
        "sessionId",
        `one of ${[...sessions.keys()].slice(0, 10).join(", ")}`,
        sessionId,
      );
    return first;
  }

  #told(sessionId: string | undefined): readonly Message[] {
    for (const [id, { state }] of this.#progress.sessions)
      if (state.status === "parked" && (sessionId === undefined || sessionId === id))
        fail("a session that goes on", `${id} is parked: ${state.problem}`);
    return this.#progress.told
      .filter((told) => sessionId === undefined || told.sessionId === sessionId)
      .map(({ event }) => event);
  }
}

/** The session that is to be woken first. */
function earliest(sessions: Iterable<SessionTrial>, toMs: number): SessionTrial | undefined {
  let first: SessionTrial | undefined;
  let firstMs = Infinity;
  for (const session of sessions) {
    const dueAtMs = session.state.timers[0]?.dueAtMs ?? Infinity;
    if (dueAtMs > toMs || dueAtMs >= firstMs) continue;
    first = session;
    firstMs = dueAtMs;
  }
  return first;
}

function recorded(
  { type, data = EMPTY_DATA, atMs, entityId = "entity-1", from }: GivenEvent,
  position: number,
  beforeMs: number,
  first: string,
): RecordedEvent {
  const streamType = from ?? first;
  const eventId = `test:${position}`;
  return {
    type,
    data: throughCodec(data),
    streamId: streamIdOf(streamType, entityId),
    streamType,
    entityId,
    version: position,
    position,
    recordedAtMs: atMs ?? beforeMs,
    eventId,
    correlationId: eventId,
    causationId: undefined,
    headers: undefined,
    shape: 1,
  };
}

function fail(expected: string, actual: string): never {
  throw new AssertionError({
    message: `expected: ${expected}; actual: ${actual}`,
    expected,
    actual,
  });
}
