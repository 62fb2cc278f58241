/** A session for people: what it holds, what waits, what keeps it. */
import { firedCauses } from "./causes.js";
import type { PendingCommand } from "../delivery/index.js";
import { liveOf, remember } from "./live-sessions.js";
import { mapEntries, mapGet } from "./persistent-map.js";
import type { RunnableRules } from "./runnable-rules.js";
import { BEFORE_TIME_MS, type FiredCause, type KeptEvent, type SessionState } from "./session.js";

/** A fact of a session. */
export interface SessionFact {
  readonly kind: string;
  readonly id: string;
  readonly data: unknown;
  /** When it was last inserted, updated or concluded. */
  readonly atMs: number;
  /** The events that made it: the first and the newest, at most 16. */
  readonly causes: readonly FiredCause[];
  /** Events that made it and aren't listed. */
  readonly causesDropped: number;
  /** The rules that conclude it; empty where it was stated. */
  readonly concludedBy: readonly string[];
  readonly expiresAtMs: number | undefined;
}

/** A match that waits for its time. */
export interface WaitingMatch {
  readonly rule: string;
  readonly key: string;
  readonly sinceMs: number;
  readonly dueAtMs: number | undefined;
}

/** A session as it stands. */
export interface Session {
  readonly ruleSet: string;
  readonly sessionId: string;
  readonly status: "active" | "parked";
  /** Of the rule set that it was last run by. */
  readonly version: number;
  readonly steps: number;
  readonly firings: number;
  /** Its latest moment; undefined before the first. */
  readonly clockMs: number | undefined;
  /** Events that came behind the watermark. */
  readonly late: number;
  /** By kind, in the order in which they came; windows, by id, are among them while they hold something. */
  readonly facts: readonly SessionFact[];
  /** Matches that have fired and hold still: `rule` and `key`. */
  readonly firedMatches: readonly { readonly rule: string; readonly key: string }[];
  readonly waitingMatches: readonly WaitingMatch[];
  readonly commands: readonly PendingCommand[];
  /** When it wakes up by itself. */
  readonly wakesAtMs: number | undefined;
  /** Why it is parked; empty where it isn't. */
  readonly problem: string;
  /** Events that wait for its release. */
  readonly kept: readonly KeptEvent[];
}

/** @param rules - Of today: kinds that it doesn't know aren't shown. */
export function sessionOf(rules: RunnableRules, sessionId: string, state: SessionState): Session {
  const { status, version, step, firing, clockMs, late, commands, timers, problem, kept } = state;
  return {
    ruleSet: rules.name,
    sessionId,
    status,
    version,
    steps: step,
    firings: firing,
    clockMs: clockMs === BEFORE_TIME_MS ? undefined : clockMs,
    late,
    facts: factsOf(rules, state),
    ...matchesOf(state),
    commands,
    wakesAtMs: timers[0]?.dueAtMs,
    problem,
    kept,
  };
}

function factsOf(rules: RunnableRules, state: SessionState): SessionFact[] {
  const live = liveOf(rules, state);
  remember(state, live);
  const facts: SessionFact[] = [];
  for (const name of [...rules.kinds.keys()].sort())
    for (const { kind, id, data, atMs, causes, by } of live.facts.listed(
      rules.kinds.get(name) as never,
    )) {
      const stored = state.facts[name];
      const of = stored === undefined ? undefined : mapGet(stored, id);
      facts.push({
        kind: kind.name,
        id,
        data,
        atMs,
        causes: firedCauses(causes),
        causesDropped: causes.causesDropped ?? 0,
        concludedBy: by === undefined ? [] : (of?.supports ?? []).map(({ rule }) => rule),
        expiresAtMs: of?.stated?.expiresAtMs,
      });
    }
  return facts;
}

function matchesOf({ matches }: SessionState): Pick<Session, "firedMatches" | "waitingMatches"> {
  const firedMatches: { rule: string; key: string }[] = [];
  const waitingMatches: WaitingMatch[] = [];
  for (const [rule, map] of Object.entries(matches))
    for (const [key, match] of mapEntries(map)) {
      if ("firing" in match) firedMatches.push({ rule, key });
      else {
        const { sinceMs, dueAtMs } = match;
        waitingMatches.push({ rule, key, sinceMs, dueAtMs });
      }
    }
  return { firedMatches, waitingMatches };
}
