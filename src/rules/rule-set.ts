/**
 * The definition of a rule set: from whose events its sessions learn, which event is for which session, what facts it makes of
 * them, and the rules about these.
 */
import { checkSources, type EventOfSources, type EventSource } from "../../journal/index.js";
import type { AnyAggregate } from "../../actors/index.js";
import { checkArray, checkInteger, checkObject } from "../kernel/check.js";
import type { CommandTarget } from "../kernel/command-port.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Message, MessageOf, Position, RecordedEvent } from "../kernel/event.js";
import { checkId, checkName } from "../kernel/ids.js";
import type { Kind } from "./fact.js";
import { checkKind, type Rule } from "./rule.js";
import { RulePlans } from "./rule-plan.js";
import { rulesHash } from "./rules-hash.js";
import type { ErasedHandler, RunnableRules, SessionLimits } from "./runnable-rules.js";
import type { SequenceKind } from "./sequence.js";
import { sessionBehavior } from "./session-behavior.js";
import type { Fired } from "./session.js";
import type { WorkingMemory } from "./working-memory.js";

/** What `ruleSet` is given. */
export interface RuleSetDefinition<
  Sources extends readonly EventSource[],
  Rules extends readonly Rule[],
> {
  /** Names its streams and its place in the log: never change it once sessions live. */
  readonly name: string;
  /** Raise it with each change of kinds, handlers or rules that is deployed; see `onChange`. Defaults to 1. */
  readonly version?: number;
  /** Whose events it learns from: aggregates, sagas, remote ones, other rule sets. */
  readonly from: Sources;
  /** For which sessions an event is: one, several, or none. Pure. Defaults to the entity's id. */
  readonly key?: (
    event: RecordedEvent<EventOfSources<Sources>>,
  ) => string | readonly string[] | undefined;
  /** When an event happened, in milliseconds since 1970. Pure. Defaults to when it was recorded. */
  readonly time?: (event: RecordedEvent<EventOfSources<Sources>>) => number;
  /**
   * How much later than others an event may come and still be in time. So long after their end windows wait for samples, and what is
   * due for an event; but an event says that its session has come to its time: matches that are due before it fire first, and
   * facts that expire before it are gone. Defaults to 0.
   */
  readonly latenessMs?: number;
  /** Every kind of facts, windows, signals and sequences that it uses. */
  readonly facts: readonly Kind[];
  /** By event type: what it makes of an event. Pure but for what it does to the memory. What isn't named here, nor in a sequence, isn't read. */
  readonly on: {
    readonly [Type in EventOfSources<Sources>["type"]]?: (
      event: RecordedEvent<MessageOf<EventOfSources<Sources>, Type>>,
      memory: WorkingMemory,
    ) => void;
  };
  readonly rules: Rules;
  /** Whom its rules send commands to. */
  readonly targets?: readonly CommandTarget[];
  /**
   * What becomes of sessions with a new version: `"rebuild"` (the default) replays history through it and takes over what comes of
   * that; `"carry-over"` goes on with the facts that are there.
   */
  readonly onChange?: "rebuild" | "carry-over";
  /** The definition with another version that this one takes over from: it goes on until history was replayed through this one. */
  readonly previous?: RuleSet;
  /** Where its first run starts: at the `"head"` (the default), at the `"beginning"`, or behind a position. */
  readonly start?: "head" | "beginning" | Position;
  /** Bounds of a session: 10,000 facts, samples and matches each, and 1,000 firings at a time, unless said otherwise. */
  readonly limits?: Partial<SessionLimits>;
}

/** A rule set, checked and ready to run. */
export interface RuleSet<Alert extends Message = Message> extends RunnableRules {
  readonly sources: readonly EventSource[];
  readonly start: "head" | "beginning" | Position;
  readonly onChange: "rebuild" | "carry-over";
  readonly previous: RuleSet | undefined;
  /** Whether time goes by its events; else by the clock, as they are recorded. */
  readonly hasEventTime: boolean;
  /**
   * The sessions that an event is for, each once.
   *
   * @throws Whatever `key` throws; InvalidArgumentError where it returns something else than ids.
   */
  keysOf(event: RecordedEvent): readonly string[];
  /**
   * When an event happened.
   *
   * @throws Whatever `time` throws; InvalidArgumentError where it isn't a finite number.
   */
  timeOf(event: RecordedEvent): number;
  /** A session is an actor like any other: this is what runs it. */
  readonly behavior: AnyAggregate["behavior"];
  /** Only for the compiler. */
  readonly types?: {
    readonly event: Alert | Fired;
    readonly command: never;
    readonly state: unknown;
  };
}

/** The alerts of one rule. */
export type AlertOfRule<R> = R extends Rule<infer Alert> ? Alert : never;
/** A rule that doesn't say which alerts it raises doesn't hide those of the others. */
export type NamedAlert<Alert> = Alert extends Message
  ? string extends Alert["type"]
    ? never
    : Alert
  : never;
/** The alerts of several rules. */
export type AlertsOf<Rules extends readonly Rule[]> = [
  NamedAlert<AlertOfRule<Rules[number]>>,
] extends [never]
  ? Message
  : NamedAlert<AlertOfRule<Rules[number]>>;

const LIMITS: SessionLimits = Object.freeze({
  factsMax: 10_000,
  samplesMax: 10_000,
  matchesMax: 10_000,
  firingsMax: 1_000,
});
const ON_CHANGE = ["rebuild", "carry-over"];

/**
 * Defines a rule set.
 *
 * @throws InvalidArgumentError - A name or option isn't valid, two kinds or two rules have one name, or a rule is about a kind that
 *   `facts` doesn't name.
 */
export function ruleSet<
  const Sources extends readonly EventSource[],
  const Rules extends readonly Rule[],
>(definition: RuleSetDefinition<Sources, Rules>): RuleSet<AlertsOf<Rules>> {
  checkObject("definition of a rule set", definition);
  const { name, version = 1, onChange = "rebuild", start = "head", latenessMs = 0 } = definition;
  checkName("rule set name", name);
  checkInteger(`version of rule set ${name}`, version, 1, 1_000_000);
  checkInteger(`latenessMs of rule set ${name}`, latenessMs, 0, Number.MAX_SAFE_INTEGER);
  if (!ON_CHANGE.includes(onChange))
    throw new InvalidArgumentError(
      `onChange of rule set ${name}`,
      `one of ${ON_CHANGE.join(", ")}`,
      onChange,
    );
  if (start !== "head" && start !== "beginning")
    checkInteger(`start of rule set ${name}`, start, 0, Number.MAX_SAFE_INTEGER);
  checkSources(`from of rule set ${name}`, definition.from);
  checkPrevious(name, version, definition.previous);
  const kinds = kindsOf(name, definition.facts);
  const rules = rulesOf(name, definition.rules, kinds);
  const handlers = handlersOf(name, definition.on, kinds);
  const fields = {
    name,
    version,
    kinds,
    plans: new RulePlans(rules),
    handlers,
    hash: rulesHash(kinds, rules, handlers),
    targets: targetsOf(name, definition.targets),
    latenessMs,
    limits: limitsOf(name, definition.limits),
  };
  return Object.freeze({
    ...fields,
    sources: Object.freeze([...definition.from]),
    start,
    onChange,
    previous: definition.previous,
    hasEventTime: definition.time !== undefined,
    keysOf: keysOf(name, definition.key),
    timeOf: timeOf(name, definition.time),
    behavior: sessionBehavior(fields, definition.previous),
  });
}

function checkPrevious(name: string, version: number, previous: RuleSet | undefined): void {
  if (previous === undefined) return;
  checkObject(`previous of rule set ${name}`, previous);
  if (previous.name !== name || previous.version === version)
    throw new InvalidArgumentError(
      `previous of rule set ${name}`,
      "a rule set of the same name with another version",
      `${previous.name}@${previous.version}`,
    );
}

function kindsOf(name: string, facts: readonly Kind[]): ReadonlyMap<string, Kind> {
  const argument = `facts of rule set ${name}`;
  checkArray(argument, facts);
  const kinds = new Map<string, Kind>();
  for (const kind of facts) {
    checkKind(argument, kind);
    if (kinds.has(kind.name))
      throw new InvalidArgumentError(argument, "kinds of different names", kind.name);
    kinds.set(kind.name, kind);
  }
  return kinds;
}

function rulesOf(
  name: string,
  given: readonly Rule[],
  kinds: ReadonlyMap<string, Kind>,
): readonly Rule[] {
  checkArray(`rules of rule set ${name}`, given);
  const names = new Set<string>();
  for (const rule of given) {
    checkObject(`rules of rule set ${name}`, rule);
    const { then, patterns } = rule as Partial<Rule>;
    if (typeof then !== "function" || !Array.isArray(patterns))
      throw new InvalidArgumentError(
        `rules of rule set ${name}`,
        "rules that end with then()",
        rule,
      );
    if (names.has(rule.name))
      throw new InvalidArgumentError(
        `rules of rule set ${name}`,
        "rules of different names",
        rule.name,
      );
    names.add(rule.name);
    for (const { kind } of rule.patterns)
      if (kinds.get(kind.name) !== kind)
        throw new InvalidArgumentError(
          `rule ${rule.name} of rule set ${name}`,
          "about kinds that facts names",
          kind.name,
        );
  }
  return Object.freeze([...given]);
}

function handlersOf(
  name: string,
  on: object,
  kinds: ReadonlyMap<string, Kind>,
): ReadonlyMap<string, ErasedHandler> {
  checkObject(`on of rule set ${name}`, on);
  const handlers = new Map<string, ErasedHandler>();
  for (const [type, value] of Object.entries(on)) {
    checkId(`a type in on of rule set ${name}`, type);
    if (typeof value !== "function")
      throw new InvalidArgumentError(`on of rule set ${name}, ${type}`, "a function", value);
    handlers.set(type, value as ErasedHandler);
  }
  for (const kind of kinds.values()) {
    if (kind.form !== "sequence") continue;
    const { steps, without } = kind as SequenceKind;
    for (const type of [...steps.map((step) => step.type), ...without])
      if (!handlers.has(type)) handlers.set(type, watch);
  }
  return handlers;
}

/** Of events that only sequences look at. */
function watch(): void {
  // They do by themselves.
}

function targetsOf(
  name: string,
  targets: readonly CommandTarget[] = [],
): ReadonlySet<CommandTarget> {
  const argument = `targets of rule set ${name}`;
  checkArray(argument, targets);
  for (const target of targets)
    if (typeof (target as Partial<CommandTarget> | null)?.name !== "string")
      throw new InvalidArgumentError(argument, "aggregates, or remote ones", target);
  return new Set(targets);
}

function limitsOf(name: string, changes: Partial<SessionLimits> = {}): SessionLimits {
  checkObject(`limits of rule set ${name}`, changes);
  for (const [limit, value] of Object.entries(changes)) {
    if (!Object.hasOwn(LIMITS, limit))
      throw new InvalidArgumentError(
        `limits of rule set ${name}`,
        `some of ${Object.keys(LIMITS).join(", ")}`,
        limit,
      );
    checkInteger(`${limit} of rule set ${name}`, value, 1, 1_000_000);
  }
  return Object.freeze({ ...LIMITS, ...changes });
}

function keysOf(name: string, key: unknown): RuleSet["keysOf"] {
  if (key === undefined) return ({ entityId }) => [entityId];
  const argument = `key of rule set ${name}`;
  if (typeof key !== "function") throw new InvalidArgumentError(argument, "a function", key);
  const find = key as (event: RecordedEvent) => unknown;
  return (event) => {
    const found = find(event);
    if (found === undefined) return [];
    const ids: readonly unknown[] = Array.isArray(found) ? found : [found];
    for (const id of ids) checkId(`what ${argument} returns for ${event.type}`, id);
    return [...new Set(ids)] as readonly string[];
  };
}

function timeOf(name: string, time: unknown): RuleSet["timeOf"] {
  if (time === undefined) return ({ recordedAtMs }) => recordedAtMs;
  const argument = `time of rule set ${name}`;
  if (typeof time !== "function") throw new InvalidArgumentError(argument, "a function", time);
  const find = time as (event: RecordedEvent) => unknown;
  return (event) => {
    const atMs = find(event);
    if (!Number.isFinite(atMs))
      throw new InvalidArgumentError(
        `what ${argument} returns for ${event.type}`,
        "a number of milliseconds since 1970",
        atMs,
      );
    return atMs as number;
  };
}
