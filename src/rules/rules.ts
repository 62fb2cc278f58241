/** What can be seen of rule sets and done to their sessions: `runtime.rules`. */
import { RuntimeClosedError } from "../../actors/index.js";
import { SourceReader, type Journal, type ViewReader } from "../../journal/index.js";
import { originOf, type Hand, type LaneStatus, type RefusedInput } from "../delivery/index.js";
import { keptAlive, type Clock } from "../kernel/clock.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import { checkId } from "../kernel/ids.js";
import { alertsOf, type AlertQuery, type RaisedAlert } from "./alerts.js";
import type { ChangeReport } from "./change-report.js";
import { explain, type Explanation } from "./explanation.js";
import { ruleProblems, type RuleProblem } from "./rule-health.js";
import type { RuleSet } from "./rule-set.js";
import type { RuleSystem } from "./rule-system.js";
import type { ReleasedEvent } from "./release.js";
import { readSession } from "./session-reader.js";
import {
  listedSessions,
  sessionCounts,
  type ListedSession,
  type SessionCount,
  type SessionQuery,
} from "./session-list.js";
import { sessionOf, type Session } from "./session-view.js";
import type { KeptEvent } from "./session.js";
import type { ChangeStatus } from "./version-change.js";

/** What was done by hand was done, or why not. */
export type RulesAnswer =
  | { readonly status: "accepted" }
  /** `not-parked`. Nothing was recorded. */
  | { readonly status: "rejected"; readonly code: string };

/** How a rule set stands. */
export interface RuleSetStatus {
  readonly name: string;
  readonly version: number;
  /** Up to where its events have reached their sessions; undefined where none are routed now. */
  readonly routedTo: Position | undefined;
  readonly lagEvents: number;
  /** Events routed since the runtime was opened, those included that were routed again after a failure. */
  readonly handled: number;
  /** Times that routing failed since the runtime was opened. */
  readonly failures: number;
  readonly state: string;
  /** The latest time of its events, in milliseconds since 1970; undefined before the first. */
  readonly timeMs: number | undefined;
  readonly counts: readonly SessionCount[];
  readonly refused: number;
  /** Set while a new version takes over, and after it did in this life of the runtime. */
  readonly change: ChangeStatus | undefined;
}

interface RulesPorts {
  readonly system: RuleSystem;
  readonly journal: Journal;
  readonly views: ViewReader;
  readonly clock: Clock;
}

/** Kept events that are given again at a time. */
const RELEASED_AT_ONCE = 200;

/** Sessions of rule sets: what they know and did, and what can be done to them. `runtime.rules` is one. */
export class Rules {
  readonly #ports: RulesPorts;

  /** @internal */
  constructor(ports: RulesPorts) {
    this.#ports = ports;
  }

  /** A session as it stands, or stood after so many events of its stream; undefined where there is none. */
  session(
    ruleSet: RuleSet,
    sessionId: string,
    options: { readonly at?: number } = {},
  ): Session | undefined {
    const rules = this.#known(ruleSet);
    checkId("session id", sessionId);
    const state = readSession(this.#ports.journal, rules.name, sessionId, options.at);
    const isThere = state.step > 0 || state.version > 0 || state.status === "parked";
    return isThere ? sessionOf(rules, sessionId, state) : undefined;
  }

  /** Alerts in the order in which they were raised; of all sessions, or of one. */
  alerts(ruleSet: RuleSet, query: AlertQuery = {}): Iterable<RaisedAlert> {
    return alertsOf(this.#ports.journal, this.#known(ruleSet).name, query);
  }

  /**
   * Why a rule fired: the facts that it matched, the events that made them, and the firings that concluded some of them.
   *
   * @param alert - An alert, or the firing that raised it, by its position.
   * @throws InvalidArgumentError - There is no firing.
   */
  explain(ruleSet: RuleSet, alert: { readonly position: Position }): Explanation {
    return explain(this.#ports.journal, this.#known(ruleSet).name, alert.position);
  }

  /** Sessions by status, version and id, page by page. What happened in the last moment may not be in it. */
  sessions(ruleSet: RuleSet, query: SessionQuery = {}): ListedSession[] {
    const { name } = this.#known(ruleSet);
    return listedSessions(this.#ports.views, this.#ports.system.host(name).rows, name, query);
  }

  /** How many sessions there are of each status and version. What happened in the last moment may not be in it. */
  counts(ruleSet: RuleSet): SessionCount[] {
    const { name } = this.#known(ruleSet);
    return sessionCounts(this.#ports.views, this.#ports.system.host(name).rows, name);
  }

  /** Stops a session: its events are kept until it is released. */
  park(ruleSet: RuleSet, sessionId: string, hand: Hand = {}): Promise<RulesAnswer> {
    return this.#hand(ruleSet, sessionId, "park", hand);
  }

  /** Lets a parked session go on with what was kept, in order. It is parked again where that fails again. */
  async release(ruleSet: RuleSet, sessionId: string, hand: Hand = {}): Promise<RulesAnswer> {
    const rules = this.#known(ruleSet);
    checkId("session id", sessionId);
    const host = this.#ports.system.host(rules.name);
    for (let before: string | undefined; ;) {
      const { status, problem, kept } = readSession(this.#ports.journal, rules.name, sessionId);
      if (status !== "parked") return before === undefined ? NOT_PARKED : ACCEPTED;
      // What was given and failed again is the first that is kept: the same again would fail the same way.
      const mark = `${kept.length} ${problem}`;
      if (mark === before) return ACCEPTED;
      before = mark;
      const events = kept.slice(0, RELEASED_AT_ONCE).map((each) => this.#releasedOf(rules, each));
      const answer = await host.giveKept(sessionId, handOf(hand), events);
      if (answer.status === "rejected") return answer;
    }
  }

  /** Lets a parked session go on without what was kept. */
  discard(ruleSet: RuleSet, sessionId: string, hand: Hand = {}): Promise<RulesAnswer> {
    return this.#hand(ruleSet, sessionId, "discard", hand);
  }

  /** Events that no session took, oldest first. */
  refused(ruleSet: RuleSet): RefusedInput[] {
    return this.#ports.system.host(this.#known(ruleSet).name).log.refusals();
  }

  /**
   * What a rule set would have done with history: replays it through the candidate, beside everything that runs, and holds what fires
   * to what was recorded. Nothing is sent, nothing stays. It may be one that the runtime wasn't opened with.
   *
   * @throws RuntimeClosedError - It was closed meanwhile.
   */
  async compare(candidate: RuleSet): Promise<ChangeReport> {
    const { system, clock } = this.#ports;
    const report = await keptAlive(clock, system.compare(candidate));
    if (report === undefined) throw new RuntimeClosedError();
    return report;
  }

  /**
   * Resolves once a new version has taken over in all sessions, with what that changed; with undefined where there was nothing to take
   * over.
   *
   * @throws RuntimeClosedError - It was closed meanwhile. It goes on with the next life.
   * @throws The error that the change ended with.
   */
  async changed(ruleSet: RuleSet): Promise<ChangeReport | undefined> {
    const { system, clock } = this.#ports;
    const change = system.change(this.#known(ruleSet).name);
    if (change === undefined) return undefined;
    await keptAlive(clock, change.done());
    const { phase, error, report } = change.status();
    if (error !== undefined) throw error;
    if (phase !== "done") throw new RuntimeClosedError();
    return report;
  }

  /** How commands of a rule set to each aggregate leave. */
  outbox(ruleSet: RuleSet): readonly LaneStatus[] {
    return this.#ports.system.host(this.#known(ruleSet).name).delivery.outbox.status();
  }

  /** How a rule set stands. */
  status(ruleSet: RuleSet): RuleSetStatus {
    const { name, version } = this.#known(ruleSet);
    const host = this.#ports.system.host(name);
    const routing = host.router?.status();
    const { timeMs } = host;
    return {
      name,
      version,
      routedTo: routing?.position,
      lagEvents: routing?.lagEvents ?? 0,
      handled: routing?.handled ?? 0,
      failures: routing?.failures ?? 0,
      state: routing?.state ?? "waiting",
      timeMs: Number.isFinite(timeMs) && routing !== undefined ? timeMs : undefined,
      counts: this.counts(ruleSet),
      refused: host.log.refusalCount(),
      change: this.#ports.system.change(name)?.status(),
    };
  }

  /** By name. */
  statuses(): Readonly<Record<string, RuleSetStatus>> {
    const all = [...this.#ports.system.ruleSets].map(([name, rules]) => [name, this.status(rules)]);
    return Object.fromEntries(all) as Record<string, RuleSetStatus>;
  }

  /** What needs somebody: parked sessions, a version that can't take over, aggregates that can't be reached. */
  problems(): RuleProblem[] {
    return ruleProblems(this.#ports.system, this.#ports.views);
  }

  /**
   * Resolves once everything recorded so far has reached its sessions, every command of theirs is answered, and what is due has
   * happened. For tests and examples.
   *
   * @throws RuntimeClosedError - It was closed before, or meanwhile.
   */
  async idle(): Promise<void> {
    await keptAlive(this.#ports.clock, this.#idle());
  }

  async #idle(): Promise<void> {
    const { system, journal, clock } = this.#ports;
    const hosts = [...system.ruleSets.keys()].map((name) => system.host(name));
    for (const name of system.ruleSets.keys()) await system.change(name)?.done();
    for (;;) {
      // What isn't done by then never will be here.
      if (system.isClosed) throw new RuntimeClosedError();
      const head = journal.head();
      const isIdle = hosts.every(
        ({ router, delivery }) => (router?.position() ?? head) >= head && delivery.isIdle(),
      );
      if (isIdle && journal.head() === head) break;
      await new Promise<void>((resolve) => clock.defer(resolve));
    }
    for (const { delivery } of hosts) await delivery.settle();
  }

  async #hand(
    ruleSet: RuleSet,
    sessionId: string,
    type: "park" | "discard",
    hand: Hand,
  ): Promise<RulesAnswer> {
    checkId("session id", sessionId);
    const host = this.#ports.system.host(this.#known(ruleSet).name);
    const answer = await host.hand(sessionId, type, handOf(hand));
    return answer.status === "accepted" ? ACCEPTED : { status: "rejected", code: answer.code };
  }

  /** A kept event is where it always was: in the journal. */
  #releasedOf(rules: RuleSet, kept: KeptEvent): ReleasedEvent {
    const { position, part } = kept.origin;
    const { journal } = this.#ports;
    const [stored] = journal.readPage({ after: position - 1, upTo: position, limit: 1 }).events;
    const reader = new SourceReader(rules.sources, rules.handlers.keys());
    const event: RecordedEvent | undefined =
      stored === undefined ? undefined : reader.upcast(stored)[part];
    if (event === undefined) return { kept };
    const { atMs, watermarkMs } = kept;
    const origin = originOf(event, part);
    return { kept, input: { kind: "event", event, origin, atMs, watermarkMs } };
  }

  #known(ruleSet: { readonly name: string }): RuleSet {
    const known = this.#ports.system.ruleSets.get(ruleSet.name);
    if (known === undefined)
      throw new InvalidArgumentError(
        "ruleSet",
        "one that the runtime was opened with",
        ruleSet.name,
      );
    return known;
  }
}

const ACCEPTED = { status: "accepted" } as const;
const NOT_PARKED = { status: "rejected", code: "not-parked" } as const;

function handOf({ by, reason }: Hand): Hand {
  return { ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
}
