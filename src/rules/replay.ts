/**
 * History through a rule set, without effects: what its sessions would hold and which rules would have fired. Reads the log as
 * routing does, so that the same events make the same sessions; gives way to everybody else between pages.
 */
import { readAll, SourceReader, type Journal } from "../../journal/index.js";
import { originOf } from "../delivery/index.js";
import type { Clock } from "../kernel/clock.js";
import { asError } from "../kernel/errors.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import { allHandedOn } from "../kernel/provenance.js";
import { ChangeTally, type ChangeReport } from "./change-report.js";
import type { ReplayProgress, ReplayStore } from "./replay-store.js";
import { RuleRoutes } from "./rule-routes.js";
import type { RuleSet } from "./rule-set.js";
import { replayInput } from "./session-step.js";
import { BEFORE_TIME_MS, type Fired, type SessionInput } from "./session.js";

export interface ReplayPorts {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly store: ReplayStore;
}

/** Where a session is that has had more than the others. */
export type Beyond = ReadonlyMap<string, Position>;

/** Events between two turns of the event loop. */
const TURN_EVENTS = 200;
const WAKE_PAGE = 1_000;

export class Replay {
  readonly #rules: RuleSet;
  readonly #ports: ReplayPorts;
  readonly #reader: SourceReader;
  readonly #routes: RuleRoutes;
  #progress: ReplayProgress;
  #stopped = false;

  private constructor(rules: RuleSet, ports: ReplayPorts, progress: ReplayProgress) {
    this.#rules = rules;
    this.#ports = ports;
    this.#progress = progress;
    this.#reader = new SourceReader(rules.sources, rules.handlers.keys());
    const nobody = () => Promise.resolve(undefined);
    this.#routes = new RuleRoutes(rules, nobody, () => undefined);
    this.#routes.resume({ watermarkMs: progress.timeMs });
  }

  /** Begins behind a position, or goes on where the same replay was broken off. */
  static async open(rules: RuleSet, from: Position, ports: ReplayPorts): Promise<Replay> {
    const { version, hash } = rules;
    const found = ports.store.progress();
    if (
      found?.version === version &&
      found.hash === hash &&
      found.from === from &&
      !found.reporting
    )
      return new Replay(rules, ports, found);
    await ports.store.clear();
    const begin = { at: from, timeMs: BEFORE_TIME_MS, sessions: 0, failures: 0 };
    return new Replay(rules, ports, { version, hash, from, ...begin });
  }

  get position(): Position {
    return this.#progress.at;
  }

  /** Event time of what was replayed. */
  get timeMs(): number {
    return this.#progress.timeMs;
  }

  /** It ends at the next turn. */
  stop(): void {
    this.#stopped = true;
  }

  /** Takes in events up to a position. False where it was stopped before. */
  async runTo(upTo: Position): Promise<boolean> {
    let count = 0;
    for (const event of this.#eventsBetween(this.#progress.at, upTo)) {
      this.#take(event);
      if (this.#ports.store.isFull()) await this.#flush(event.position);
      count += 1;
      if (count % TURN_EVENTS === 0 && !(await this.#giveWay())) return false;
    }
    if (upTo > this.#progress.at) await this.#flush(upTo);
    return !this.#stopped;
  }

  /**
   * For sessions that had more of history than the position up to which it was replayed: each takes in what it had.
   *
   * @param beyond - By session, the last position that it had.
   */
  async runBeyond(beyond: Beyond): Promise<void> {
    const upTo = Math.max(0, ...beyond.values());
    for (const event of this.#eventsBetween(this.#progress.at, upTo))
      this.#take(event, (sessionId) => event.position <= (beyond.get(sessionId) ?? 0));
    this.#routes.resume({ watermarkMs: this.#progress.timeMs });
    await this.#flush(this.#progress.at);
  }

  /**
   * What became due without an event happens.
   *
   * @param toMsOf - Up to when, by session.
   */
  async wakeAll(toMsOf: (sessionId: string, dueAtMs: number) => number): Promise<boolean> {
    const { store } = this.#ports;
    let ids = store.sessionIds(undefined, WAKE_PAGE);
    while (ids.length > 0) {
      for (const sessionId of ids) {
        this.#wake(sessionId, toMsOf);
        if (store.isFull()) await this.#flush(this.#progress.at);
      }
      if (!(await this.#giveWay())) return false;
      ids = store.sessionIds(ids[ids.length - 1], WAKE_PAGE);
    }
    await this.#flush(this.#progress.at);
    return true;
  }

  /** Holds what fired here to what was recorded. The list of firings is used up by that. */
  async report(fromVersion: number): Promise<ChangeReport | undefined> {
    const { journal, store } = this.#ports;
    this.#progress = { ...this.#progress, reporting: true };
    await this.#flush(this.#progress.at);
    const tally = new ChangeTally();
    for (const { rule } of store.firings()) tally.replayed(rule);
    const filter = { streamTypes: [this.#rules.name], eventTypes: ["rules.fired"] };
    let count = 0;
    for (const event of readAll(journal, { filter })) {
      const { rule, atMs, alerts } = (event as RecordedEvent<Fired>).data;
      const sample = { sessionId: event.entityId, atMs, alerts };
      tally.recorded(rule, sample, store.takeFired(rule, sample));
      if (store.isFull()) await this.#flush(this.#progress.at);
      count += 1;
      if (count % TURN_EVENTS === 0 && !(await this.#giveWay())) return undefined;
    }
    await this.#flush(this.#progress.at);
    for (const { rule, ...sample } of store.firings()) tally.gained(rule, sample);
    const { from, at, sessions, failures, failure } = this.#progress;
    return {
      ruleSet: this.#rules.name,
      fromVersion,
      toVersion: this.#rules.version,
      after: from,
      upTo: at,
      sessions,
      rules: tally.rules(),
      failures,
      ...(failure === undefined ? {} : { failure }),
    };
  }

  #eventsBetween(after: Position, upTo: Position): Generator<RecordedEvent> {
    return readAll(this.#ports.journal, { after, upTo, filter: this.#reader.filter });
  }

  #take(event: RecordedEvent, isMeant: (sessionId: string) => boolean = () => true): void {
    let current: RecordedEvent;
    try {
      for (const [part, each] of this.#reader.upcast(event).entries()) {
        current = each;
        for (const [sessionId, input] of this.#routes.inputsOf(current, originOf(current, part)))
          if (isMeant(sessionId)) this.#step(sessionId, input);
      }
    } catch (error) {
      // Where it is routed it is on the list of refused inputs.
      this.#failed(`event ${event.position}: ${asError(error).message}`);
    }
  }

  #wake(sessionId: string, toMsOf: (sessionId: string, dueAtMs: number) => number): void {
    const { store } = this.#ports;
    for (;;) {
      const before = store.state(sessionId);
      const dueAtMs = before.timers[0]?.dueAtMs;
      if (dueAtMs === undefined || before.status === "parked") return;
      const toMs = toMsOf(sessionId, dueAtMs);
      if (dueAtMs > toMs) return;
      this.#step(sessionId, { kind: "wake", toMs });
      const after = store.state(sessionId).timers[0]?.dueAtMs;
      if (after === dueAtMs) return;
    }
  }

  #step(sessionId: string, input: SessionInput): void {
    const { store } = this.#ports;
    const before = store.state(sessionId);
    const { state, fired, problem } = replayInput(this.#rules, sessionId, before, input);
    if (problem !== undefined) this.#failed(`session ${sessionId}: ${problem}`);
    if (state !== before) {
      const event = input.kind === "event" ? input.event : undefined;
      store.put(sessionId, allHandedOn([before, event], state));
    }
    for (const { record } of fired)
      store.fired(record.rule, { sessionId, atMs: record.atMs, alerts: record.alerts });
  }

  #failed(problem: string): void {
    const { failures, failure = problem } = this.#progress;
    this.#progress = { ...this.#progress, failures: failures + 1, failure };
  }

  async #flush(at: Position): Promise<void> {
    const { store } = this.#ports;
    const { timeMs } = this.#routes;
    this.#progress = { ...this.#progress, at, timeMs, sessions: store.sessions };
    await store.flush(this.#progress);
  }

  async #giveWay(): Promise<boolean> {
    await new Promise<void>((resolve) => this.#ports.clock.defer(resolve));
    return !this.#stopped;
  }
}
