/** The facts of a session, as whoever looks at it wants to see them. */
import { firedCauses } from "./causes.js";
import { liveOf, remember } from "./live-sessions.js";
import type { RunnableRules } from "./runnable-rules.js";
import type { FiredFact, SessionState } from "./session.js";

/** A fact, or the window of a group. */
export interface FactOfSession extends Omit<FiredFact, "as"> {
  /** Whether it is stated, rather than only concluded. */
  readonly stated: boolean;
}

/** By kind, in the order of the definition; then in the order in which they came, windows by id. */
export function factsOf(rules: RunnableRules, state: SessionState): readonly FactOfSession[] {
  const live = liveOf(rules, state);
  const facts: FactOfSession[] = [];
  for (const kind of rules.kinds.values())
    for (const { id, data, atMs, causes, by } of live.facts.listed(kind)) {
      const { causesDropped = 0 } = causes;
      facts.push({
        kind: kind.name,
        id,
        data,
        atMs,
        causes: firedCauses(causes),
        ...(causesDropped === 0 ? {} : { causesDropped }),
        ...(by === undefined ? {} : { by }),
        stated: by === undefined,
      });
    }
  remember(state, live);
  return facts;
}
