/**
 * Sessions in memory by the states that they are of: making one anew costs more than a step of it. Only the latest are kept: of
 * many sessions that each get something now and then none would be found again, and all would be in the collector's way.
 */
import { LiveSession } from "./live-session.js";
import type { RunnableRules } from "./runnable-rules.js";
import type { SessionState } from "./session.js";

const KEPT_MAX = 1_000;

/** The latest last. */
const sessions = new Map<SessionState, LiveSession>();

/** The session at this state. It is the caller's from now on: it changes with the step, and is to be remembered after it. */
export function liveOf(rules: RunnableRules, state: SessionState): LiveSession {
  const live = sessions.get(state);
  sessions.delete(state);
  return live?.rules === rules ? live : new LiveSession(rules, state);
}

/** It is the session at this state now. */
export function remember(state: SessionState, live: LiveSession): void {
  sessions.set(state, live);
  if (sessions.size <= KEPT_MAX) return;
  for (const oldest of sessions.keys()) {
    sessions.delete(oldest);
    return;
  }
}

/** Somebody was forgotten: what sessions know by heart is made anew of their states. */
export function forgetSessions(): void {
  sessions.clear();
}
