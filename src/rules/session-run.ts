/**
 * What one input does to a session in memory, moment by moment:
 *
 * ```
 *   each due moment before the watermark:  it happens; the agenda; what only passes goes; the agenda again
 *   the event:                             the handler; sequences; the agenda; what only passes goes; the agenda again
 * ```
 *
 * The agenda fires what is ready, the first one first, and looks after each firing what holds now.
 */
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Message } from "../kernel/event.js";
import type { PendingCommand } from "../delivery/index.js";
import { causesOf, firedCauses, mergedCauses } from "./causes.js";
import type { Bounds, Due } from "./dues.js";
import type { LiveFact } from "./fact-store.js";
import { FiringAct } from "./firing-act.js";
import type { LiveSession } from "./live-session.js";
import type { Match } from "./matches.js";
import { bindingsOf } from "./matcher.js";
import { Memory } from "./memory.js";
import { timesRun, runKey } from "./session-fold.js";
import type { Cause, Causes, EventInput, FiredFact, FiredRecord, SessionState } from "./session.js";

/** A firing, with what it asked for. */
export interface Firing {
  readonly record: FiredRecord;
  readonly alerts: readonly Message[];
  readonly commands: readonly PendingCommand[];
}

/** What one step may do before an event, so that it fits into one commit. */
export interface Budget {
  readonly duesMax: number;
  /** Firings and their alerts. */
  readonly eventsMax: number;
}

/** A moment that is handled. */
interface Moment {
  readonly atMs: number;
  /** What was due before has happened. */
  readonly overdueMs: number;
  /** Windows that ended before have closed. */
  readonly closedMs: number;
  /** Something is due then; it isn't an event. */
  readonly isDue: boolean;
}

/** Collected facts that a firing lists for each `collect`. */
const COLLECTED_MAX = 16;

export class SessionRun {
  readonly #live: LiveSession;
  readonly #before: SessionState;
  readonly #sessionId: string;
  readonly #nowMs: number;
  readonly firings: Firing[] = [];
  /** Rule, key, and how often it has fired. */
  readonly runs = new Map<string, readonly [string, string, number]>();
  clockMs: number;
  #dues = 0;
  #events = 0;
  /** By the event, or by all that is due at one time: what is due again and again would never come to an end. */
  #firedAtOnce = 0;
  #lastDueMs: number | undefined;

  constructor(live: LiveSession, before: SessionState, sessionId: string, nowMs: number) {
    this.#live = live;
    this.#before = before;
    this.#sessionId = sessionId;
    this.#nowMs = nowMs;
    this.clockMs = before.clockMs;
  }

  /** Looks at everything with the rules of another version. */
  carryOver(): void {
    const { clockMs, horizonMs } = this.#before;
    const moment: Moment = {
      atMs: clockMs,
      overdueMs: horizonMs,
      closedMs: horizonMs,
      isDue: false,
    };
    this.#enter(moment);
    this.#live.beliefs.withdrawOrphans((rule, key) => this.#live.matches.get(rule, key)?.facts);
    this.#runAgenda(moment);
  }

  /** Everything due by then happens. @returns False where the budget didn't suffice: there is more. */
  passTime(bounds: Bounds, budget: Budget): boolean {
    for (;;) {
      const due = this.#live.dues.next(bounds);
      if (due === undefined) return true;
      if (this.#dues >= budget.duesMax || this.#events >= budget.eventsMax) return false;
      this.#dues += 1;
      this.#happen(due);
    }
  }

  /** The moment before which everything due has happened, where there is more. */
  nextDueMs(bounds: Bounds): number | undefined {
    return this.#live.dues.next(bounds)?.atMs;
  }

  takeEvent({ event, origin, atMs, watermarkMs }: EventInput): void {
    const live = this.#live;
    const closedMs = Math.max(watermarkMs, this.#before.horizonMs);
    const moment: Moment = {
      atMs,
      overdueMs: Math.max(closedMs, atMs),
      closedMs,
      isDue: false,
    };
    const cause: Cause = [origin.position, origin.part, event.type];
    this.#firedAtOnce = 0;
    this.#enter(moment);
    const causes: Causes = { causes: [cause] };
    const memory = new Memory(live, { atMs, causes: () => causes });
    const handler = live.rules.handlers.get(event.type);
    live.guard.run(
      () => `on ${event.type}`,
      () => checkSynchronous(handler?.(event, memory)),
    );
    memory.end();
    const { type, data } = event;
    for (const fact of live.sequences.take({ type, data, atMs, cause }, closedMs)) live.pass(fact);
    this.#runAgenda(moment);
  }

  #enter({ atMs, closedMs, isDue }: Moment): void {
    this.clockMs = Math.max(this.clockMs, atMs);
    const { clockMs } = this;
    const hasPassed = (ms: number) => (isDue ? ms <= atMs : ms < closedMs);
    this.#live.enter({ clockMs, hasPassed });
    this.#live.windows.sweep(clockMs);
  }

  #happen(due: Due): void {
    const { atMs, what, name, id } = due;
    const { beliefs, matches, windows } = this.#live;
    const moment: Moment = { atMs, overdueMs: atMs, closedMs: atMs, isDue: true };
    if (atMs !== this.#lastDueMs) this.#firedAtOnce = 0;
    this.#lastDueMs = atMs;
    this.#enter(moment);
    switch (what) {
      case "expiry":
        beliefs.unstate(name, id);
        break;
      case "leaving":
        // It has left as the moment was entered.
        break;
      case "closing": {
        const takeAway = windows.close(due);
        this.#runAgenda(moment);
        takeAway();
        break;
      }
      case "match": {
        const match = matches.get(name, id);
        if (match?.status === "waiting") matches.due(match);
      }
    }
    this.#runAgenda(moment);
  }

  #runAgenda(moment: Moment): void {
    const { matches, guard } = this.#live;
    for (;;) {
      matches.evaluate(moment.atMs, moment.overdueMs);
      const match = matches.nextReady();
      if (match !== undefined) {
        this.#firedAtOnce += 1;
        guard.check("firingsMax", this.#firedAtOnce);
        this.#fire(match, moment.atMs);
      } else if (!this.#live.passOn()) {
        return;
      }
    }
  }

  #fire(match: Match, atMs: number): void {
    const live = this.#live;
    const { rule } = match.plan;
    const firing = this.#before.firing + this.firings.length + 1;
    const matched = match.facts.map(([kind, id]) => live.facts.get(kind, id) as LiveFact);
    const listed = new ListedFacts();
    const names = rule.patterns.filter(({ mode }) => mode === "when").map(({ as }) => as);
    matched.forEach((fact, index) => listed.add(names[index] ?? "", fact));
    const act = live.guard.run(
      () => `rule ${rule.name}`,
      () => {
        const bound = bindingsOf(rule, live.facts, matched, ({ as }, found) =>
          listed.addCollected(as, found),
        );
        const place = {
          match,
          firing,
          facts: listed.facts,
          sessionId: this.#sessionId,
          nowMs: this.#nowMs,
          atMs,
          causes: () => listed.causes(),
        };
        const doing = new FiringAct(live, place);
        checkSynchronous(rule.then(bound, doing));
        doing.end();
        return doing;
      },
    );
    live.matches.fired(match, firing, act.concluded);
    this.#note(match, atMs, firing, listed, act);
  }

  #note(match: Match, atMs: number, firing: number, listed: ListedFacts, act: FiringAct): void {
    const { rules } = this.#live;
    const { key, plan } = match;
    const { alerts, commands, concluded } = act;
    const { name } = plan.rule;
    const run = runKey(name, key);
    const nth = (this.runs.get(run)?.[2] ?? timesRun(this.#before.runs, run)) + 1;
    this.runs.set(run, [name, key, nth]);
    const record: FiredRecord = {
      firing,
      rule: name,
      version: rules.version,
      key,
      nth,
      atMs,
      facts: listed.facts,
      ...(listed.omitted === 0 ? {} : { omitted: listed.omitted }),
      alerts: alerts.map(({ type }) => type),
      commands: commands.map(({ id }) => id),
      ...(concluded.length === 0 ? {} : { concluded }),
    };
    this.firings.push({ record, alerts, commands });
    this.#events += 1 + alerts.length;
  }
}

/** The facts of a firing, as it tells them. */
class ListedFacts {
  readonly facts: FiredFact[] = [];
  readonly #causes: Causes[] = [];
  #merged: Causes | undefined;
  omitted = 0;

  add(as: string, { kind, id, data, atMs, causes, by }: LiveFact): void {
    const { causesDropped = 0 } = causes;
    this.#causes.push(causes);
    this.facts.push({
      as,
      kind: kind.name,
      id,
      data,
      atMs,
      causes: firedCauses(causes),
      ...(causesDropped === 0 ? {} : { causesDropped }),
      ...(by === undefined ? {} : { by }),
    });
  }

  addCollected(as: string, found: readonly LiveFact[]): void {
    for (const fact of found.slice(0, COLLECTED_MAX)) this.add(as, fact);
    this.omitted += Math.max(0, found.length - COLLECTED_MAX);
  }

  /** Those of all of them. */
  causes(): Causes {
    this.#merged ??= mergedCauses(this.#causes);
    const { causes, causesDropped } = this.#merged;
    return causesOf(causes, causesDropped);
  }
}

function checkSynchronous(returned: unknown): void {
  if (returned instanceof Promise)
    throw new InvalidArgumentError("a handler or rule", "a function that isn't async", "a promise");
}
