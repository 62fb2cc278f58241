/** The state of a session after each of its events. Pure; it runs no code of the rule set, whatever that is today. */
import { isBehind, type Place } from "../delivery/index.js";
import type { Message } from "../kernel/event.js";
import { EMPTY_MAP, isEmptyMap, mapDelete, mapGet, mapSet } from "./persistent-map.js";
import type { PersistentMap } from "./persistent-map.js";
import {
  BEFORE_TIME_MS,
  NEW_SESSION,
  type AdoptedRecord,
  type DroppedNames,
  type KeptEvent,
  type KeptInput,
  type Runs,
  type SessionEvent,
  type SessionState,
  type StatePatch,
  type StepRecord,
} from "./session.js";
import {
  changedWindow,
  joinedSums,
  type StoredWindow,
  type WindowChange,
  type WindowSums,
} from "./window-store.js";

export function evolveSession(state: SessionState, event: Message): SessionState {
  const { type, data } = event as SessionEvent;
  switch (type) {
    case "rules.stepped":
      return afterStep(state, data);
    case "rules.kept":
      return kept(state, data.input);
    case "rules.parked": {
      const parked: SessionState = { ...state, status: "parked", problem: data.problem };
      return data.input === undefined ? parked : kept(parked, data.input);
    }
    case "rules.released": {
      const rest = state.kept.slice(data.taken);
      const timers = timersAfter(state, data);
      if (rest.length > 0) return { ...state, kept: rest, timers };
      return { ...state, status: "active", problem: "", kept: [], timers };
    }
    case "rules.adopted":
      return afterAdoption(state, data);
    default:
      // Firings and alerts are for others: what they changed is in the step.
      return state;
  }
}

/** What a session is listed under. */
export function placeOf({ status, version }: SessionState): Place {
  return [status, version, "", ""];
}

function kept(state: SessionState, input: KeptInput): SessionState {
  if (input.kind === "wake") return { ...state, timers: [] };
  const { origin, atMs, watermarkMs } = input;
  const waiting: KeptEvent = { origin, atMs, watermarkMs };
  const { position, part } = origin;
  return { ...state, position, part, kept: [...state.kept, waiting] };
}

function afterStep(state: SessionState, record: StepRecord): SessionState {
  const { input } = record;
  const before = record.dropped === undefined ? state : without(state, record.dropped);
  const { facts, windows, partials, matches, runs, seq } = patched(before, record);
  let { position, part, commands, late } = state;
  if (input.kind === "event") {
    // One that was kept comes again when later ones have been: the cursor never goes back.
    if (isBehind(state, input.origin)) ({ position, part } = input.origin);
    if (input.late === true) late += 1;
  } else if (input.kind === "answer") {
    commands = commands.filter(({ id }) => id !== input.commandId);
  }
  if (record.commands !== undefined) commands = [...commands, ...record.commands];
  // Every field by name: this runs with each step, and copying by spread costs more than the rest of it.
  return {
    status: state.status,
    version: record.version ?? state.version,
    step: record.step,
    firing: state.firing + (record.firings ?? 0),
    seq,
    position,
    part,
    clockMs: record.clockMs ?? state.clockMs,
    horizonMs: input.kind === "wake" ? Math.max(state.horizonMs, input.toMs) : state.horizonMs,
    late,
    facts,
    windows,
    partials,
    matches,
    runs,
    commands,
    timers: timersAfter(state, record),
    problem: state.problem,
    kept: state.kept,
  };
}

function afterAdoption(state: SessionState, record: AdoptedRecord): SessionState {
  const { base } = record;
  if (base === undefined)
    return { ...state, ...patched(state, record), timers: timersAfter(state, record) };
  const { step, commands } = state;
  const cleared: SessionState = {
    ...NEW_SESSION,
    ...base,
    // Ids of commands are made of it.
    firing: Math.max(state.firing, base.firing),
    step,
    part: PARTS_MAX,
    horizonMs: BEFORE_TIME_MS,
    commands,
  };
  return { ...cleared, ...patched(cleared, record), timers: timersAfter(state, record) };
}

/** A replay has taken all parts of its last event. */
const PARTS_MAX = 2 ** 31;

/** Whether what a replay up to a position made was taken over by this version, and no event was taken since. */
export function hasAdopted(state: SessionState, version: number, position: number): boolean {
  return state.part === PARTS_MAX && state.position === position && state.version === version;
}

function timersAfter(
  { timers }: SessionState,
  { cancelled, timers: set }: Pick<StepRecord, "timers" | "cancelled">,
): SessionState["timers"] {
  // There is one, at the most.
  if (set !== undefined) return set;
  return cancelled === undefined ? timers : [];
}

type Working = Pick<
  SessionState,
  "facts" | "windows" | "partials" | "matches" | "runs" | "seq" | "clockMs"
>;

function patched(state: SessionState, patch: StatePatch): Working {
  let { facts, windows, runs, seq } = state;
  for (const [kind, id, stored] of patch.facts ?? []) {
    facts = withEntry(facts, kind, id, stored);
    if (stored !== null && stored.seq >= seq) seq = stored.seq + 1;
  }
  for (const change of patch.windows ?? []) windows = withChange(windows, change);
  for (const [rule, key, times] of patch.runs ?? []) runs = withRun(runs, runKey(rule, key), times);
  return {
    facts,
    windows,
    partials: withEntries(state.partials, patch.partials),
    matches: withEntries(state.matches, patch.matches),
    runs,
    seq,
    clockMs: state.clockMs,
  };
}

type ByName<T> = Readonly<Record<string, PersistentMap<T>>>;

function withEntries<T>(
  maps: ByName<T>,
  changed: readonly (readonly [string, string, T | null])[] = [],
): ByName<T> {
  let next = maps;
  for (const [name, key, value] of changed) next = withEntry(next, name, key, value);
  return next;
}

function withEntry<T>(maps: ByName<T>, name: string, key: string, value: T | null): ByName<T> {
  const before = maps[name] ?? EMPTY_MAP;
  return withMap(
    maps,
    name,
    value === null ? mapDelete(before, key) : mapSet<T>(before, key, value),
  );
}

function withMap<T>(maps: ByName<T>, name: string, map: PersistentMap<T>): ByName<T> {
  if (maps[name] === map) return maps;
  if (!isEmptyMap(map)) return { ...maps, [name]: map };
  const { [name]: _, ...rest } = maps;
  return rest;
}

function withChange(windows: ByName<StoredWindow>, change: WindowChange): ByName<StoredWindow> {
  const [name, id, what] = change;
  const of = windows[name] ?? EMPTY_MAP;
  const before = mapGet(of, id);
  if (what === "joined") {
    const into = mapGet(of, change[3]) as WindowSums;
    const joined = mapSet<StoredWindow>(of, change[3], joinedSums(into, before as WindowSums));
    return withMap(windows, name, mapDelete(joined, id));
  }
  return withEntry(windows, name, id, changedWindow(before, change) ?? null);
}

/** How many keys of `newer` make it older: what is recorded depends on it, so it never changes. */
const RUNS_MAX = 1_000;

export function runKey(rule: string, key: string): string {
  return `${rule}\n${key}`;
}

export function timesRun({ newer, older }: Runs, key: string): number {
  return mapGet(newer, key) ?? mapGet(older, key) ?? 0;
}

function withRun(runs: Runs, key: string, times: number): Runs {
  const { newer, older, size } = runs;
  if (mapGet(newer, key) !== undefined) return { newer: mapSet(newer, key, times), older, size };
  if (size < RUNS_MAX) return { newer: mapSet(newer, key, times), older, size: size + 1 };
  return { newer: mapSet<number>(EMPTY_MAP, key, times), older: newer, size: 1 };
}

function without(state: SessionState, names: DroppedNames): SessionState {
  return {
    ...state,
    facts: withoutNames(state.facts, names.facts),
    windows: withoutNames(state.windows, names.windows),
    partials: withoutNames(state.partials, names.partials),
    matches: withoutNames(state.matches, names.matches),
  };
}

function withoutNames<T>(maps: ByName<T>, names: readonly string[] = []): ByName<T> {
  if (names.length === 0) return maps;
  return Object.fromEntries(Object.entries(maps).filter(([name]) => !names.includes(name)));
}
