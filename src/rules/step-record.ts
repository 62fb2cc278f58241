/** What a step has changed, as it is recorded: each thing once, as it is now, in an order that doesn't depend on how it came about. */
import type { PendingTimer } from "../delivery/index.js";
import type { LiveSession } from "./live-session.js";
import { listed } from "./listed.js";
import { storedMatch, type Match } from "./matches.js";
import { mapGet, type PersistentMap } from "./persistent-map.js";
import { WAKE_TIMER, type SessionState, type StatePatch, type StoredMatch } from "./session.js";
import type { WindowChange } from "./window-store.js";

type Names = ReadonlyMap<string, ReadonlySet<string>>;
type ByName<T> = Readonly<Record<string, PersistentMap<T>>>;
type Entry<T> = readonly [string, string, T | null];

/** What was touched in memory, gathered from several moments. */
export class Touched {
  readonly #facts = new Map<string, Set<string>>();
  readonly #partials = new Map<string, Set<string>>();
  readonly #matches = new Map<number, Set<string>>();
  readonly #windows: WindowChange[] = [];

  /** Takes what was touched since. @returns Whether anything was. */
  take({ beliefs, windows, sequences, matches }: LiveSession): boolean {
    const changes = windows.takeChanges();
    this.#windows.push(...changes);
    let isTouched = changes.length > 0;
    isTouched = gather(this.#facts, beliefs.takeChanged()) || isTouched;
    isTouched = gather(this.#partials, sequences.takeChanged()) || isTouched;
    return gather(this.#matches, matches.takeChanged()) || isTouched;
  }

  /** What is other than it was. */
  patch(live: LiveSession, before: SessionState): StatePatch {
    const { beliefs, sequences } = live;
    const facts = changed(this.#facts, before.facts, (kind, id) => beliefs.get(kind, id)?.stored);
    const partials = changed(this.#partials, before.partials, (kind, id) =>
      sequences.get(kind, id),
    );
    return {
      ...listed("facts", facts),
      ...listed("windows", this.#windows),
      ...listed("partials", partials),
      ...listed("matches", this.#changedMatches(live, before)),
    };
  }

  #changedMatches(live: LiveSession, before: SessionState): readonly Entry<StoredMatch>[] {
    const names: Names = new Map(
      [...this.#matches].map(([order, keys]) => [
        live.rules.plans.all[order]?.rule.name ?? "",
        keys,
      ]),
    );
    const entries = changed(names, before.matches, (rule, key) => {
      const match = live.matches.get(rule, key);
      const stored = before.matches[rule];
      return match === undefined ? undefined : storedOf(match, stored && mapGet(stored, key));
    });
    return entries;
  }
}

/** The same object where nothing has changed. */
function storedOf(match: Match, before: StoredMatch | undefined): StoredMatch {
  const after = storedMatch(match);
  if (before === undefined) return after;
  if ("firing" in after)
    return "firing" in before && before.firing === after.firing ? before : after;
  if ("firing" in before) return after;
  return before.sinceMs === after.sinceMs && before.dueAtMs === after.dueAtMs ? before : after;
}

function changed<T>(
  names: Names,
  before: ByName<T>,
  now: (name: string, id: string) => T | undefined,
): readonly Entry<T>[] {
  const entries: Entry<T>[] = [];
  for (const name of [...names.keys()].sort()) {
    const map = before[name];
    for (const id of [...(names.get(name) ?? [])].sort()) {
      const after = now(name, id);
      const was = map === undefined ? undefined : mapGet(map, id);
      if (after !== was) entries.push([name, id, after ?? null]);
    }
  }
  return entries;
}

function gather<Key>(
  all: Map<Key, Set<string>>,
  taken: ReadonlyMap<Key, ReadonlySet<string>>,
): boolean {
  for (const [name, ids] of taken) {
    const known = all.get(name);
    if (known === undefined) all.set(name, new Set(ids));
    else for (const id of ids) known.add(id);
  }
  return taken.size > 0;
}

/** Beyond it no calendar goes. */
const TIME_MAX_MS = 8_640_000_000_000_000;

/**
 * How the timer of a session changes.
 *
 * @param isSpent - It has fired: another one must be told from it.
 */
export function timerChanges(
  { dues, rules }: LiveSession,
  before: readonly PendingTimer[],
  isSpent: boolean,
): { readonly timers?: readonly PendingTimer[]; readonly cancelled?: readonly string[] } {
  const earliestMs = dues.earliestMs();
  const [was] = before;
  if (earliestMs === undefined || earliestMs > TIME_MAX_MS)
    return was === undefined ? {} : { cancelled: [WAKE_TIMER] };
  // Everything that happens at that moment comes before what is due then, and what comes late, too.
  let dueAtMs = Math.ceil(earliestMs) + 1 + rules.latenessMs;
  if (was?.dueAtMs === dueAtMs) {
    if (!isSpent) return {};
    dueAtMs += 1;
  }
  return { timers: [{ id: WAKE_TIMER, dueAtMs, event: { type: WAKE_TIMER } }] };
}
