/** Why a rule fired: its facts, the events that made them, and the firings that concluded some of them, as a chain. */
import { readAll, type Journal } from "../../journal/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Message, Position, RecordedEvent } from "../kernel/event.js";
import { streamIdOf } from "../kernel/ids.js";
import type { Fired, FiredFact, FiredRecord } from "./session.js";

/** A fact that a rule matched, and where it came from. */
export interface ExplainedFact extends Omit<FiredFact, "causes" | "by"> {
  /** The events that made it, in order: the first and the newest, at most 16. */
  readonly events: readonly RecordedEvent[];
  /** The firing that concluded it. */
  readonly by?: Explanation;
}

/** Why a rule fired. `String(explanation)` is for people. */
export interface Explanation {
  readonly ruleSet: string;
  readonly sessionId: string;
  readonly rule: string;
  /** Of the rule set. */
  readonly version: number;
  readonly atMs: number;
  /** Of the firing, in the journal. */
  readonly position: Position;
  readonly alerts: readonly Message[];
  /** Ids of the commands that it sent. */
  readonly commands: readonly string[];
  readonly facts: readonly ExplainedFact[];
  /** Facts that were collected and aren't listed. */
  readonly omitted: number;
  /** The same as text, for people. */
  toString(): string;
}

const DEPTH_MAX = 10;

/**
 * @param position - Of an alert, or of the firing that raised it.
 * @throws InvalidArgumentError - There is no firing.
 */
export function explain(journal: Journal, ruleSet: string, position: Position): Explanation {
  const fired = firingOf(journal, ruleSet, position);
  if (fired === undefined)
    throw new InvalidArgumentError(
      "position",
      `of an alert of rule set ${ruleSet}, or of a firing of one of its rules`,
      position,
    );
  return explanationOf(journal, fired, DEPTH_MAX);
}

function eventAt(journal: Journal, position: Position): RecordedEvent | undefined {
  const [event] = readAll(journal, { after: position - 1, upTo: position });
  return event;
}

/** The firing that an event is, or that raised it: alerts stand directly behind it. */
function firingOf(
  journal: Journal,
  ruleSet: string,
  position: Position,
): RecordedEvent<Fired> | undefined {
  const event = eventAt(journal, position);
  if (event?.streamType !== ruleSet) return undefined;
  const before = { direction: "backward" as const, upTo: event.version };
  for (const each of journal.readStream(event.streamId, before)) {
    if (each.type !== "rules.fired") continue;
    const fired = each as RecordedEvent<Fired>;
    const isIts = event.version - fired.version <= fired.data.alerts.length;
    return isIts ? fired : undefined;
  }
  return undefined;
}

function explanationOf(journal: Journal, fired: RecordedEvent<Fired>, depth: number): Explanation {
  const { rule, version, atMs, alerts, commands, facts, omitted = 0 } = fired.data;
  const { streamType: ruleSet, entityId: sessionId, position } = fired;
  const explanation = {
    ruleSet,
    sessionId,
    rule,
    version,
    atMs,
    position,
    alerts: alertsOf(journal, fired, alerts.length),
    commands,
    facts: facts.map((fact) => factOf(journal, fired, fact, depth)),
    omitted,
  };
  return { ...explanation, toString: () => textOf(explanation).join("\n") };
}

function alertsOf(journal: Journal, fired: RecordedEvent<Fired>, count: number): Message[] {
  if (count === 0) return [];
  const { streamId, version } = fired;
  const options = { from: version + 1, upTo: version + count };
  return [...journal.readStream(streamId, options)].map(({ type, data }) => ({ type, data }));
}

function factOf(
  journal: Journal,
  fired: RecordedEvent<Fired>,
  { causes, by, ...fact }: FiredFact,
  depth: number,
): ExplainedFact {
  const events = causes.map(({ position }) => eventAt(journal, position));
  const found = events.filter((event) => event !== undefined);
  const reason = by === undefined || depth === 0 ? undefined : concludedBy(journal, fired, by);
  return {
    ...fact,
    events: found,
    ...(reason === undefined ? {} : { by: explanationOf(journal, reason, depth - 1) }),
  };
}

/** Where history was replayed the firing isn't recorded: then the events say it. */
function concludedBy(
  journal: Journal,
  fired: RecordedEvent<Fired>,
  { rule, firing }: Pick<FiredRecord, "rule" | "firing">,
): RecordedEvent<Fired> | undefined {
  const streamId = streamIdOf(fired.streamType, fired.entityId);
  const before = { direction: "backward" as const, upTo: fired.version };
  for (const event of journal.readStream(streamId, before)) {
    if (event.type === "rules.adopted") return undefined;
    if (event.type !== "rules.fired") continue;
    const { data } = event as RecordedEvent<Fired>;
    if (data.firing === firing && data.rule === rule) return event as RecordedEvent<Fired>;
  }
  return undefined;
}

function textOf(explanation: Omit<Explanation, "toString">): string[] {
  const { ruleSet, sessionId, rule, version, atMs, alerts, commands, facts, omitted } = explanation;
  const lines = [
    `rule ${rule} of ${ruleSet} (version ${version}) fired for ${sessionId} at ${timeText(atMs)}`,
  ];
  for (const { type, data } of alerts) lines.push(`  alert ${type} ${JSON.stringify(data)}`);
  for (const id of commands) lines.push(`  command ${id}`);
  lines.push("  because");
  for (const fact of facts) lines.push(...factText(fact).map((line) => `    ${line}`));
  if (omitted > 0) lines.push(`    and ${omitted} more facts`);
  if (facts.length === 0) lines.push("    nothing was there that it excludes");
  return lines;
}

function factText({
  as,
  kind,
  id,
  data,
  atMs,
  events,
  causesDropped,
  by,
}: ExplainedFact): string[] {
  const name = id === "" ? kind : `${kind} ${id}`;
  const lines = [`${as}: ${name} ${JSON.stringify(data)} since ${timeText(atMs)}`];
  for (const [nth, event] of events.entries()) {
    if (nth === 1 && causesDropped !== undefined) lines.push(`  … ${causesDropped} more events`);
    lines.push(
      `  from ${event.type} at position ${event.position} (${event.streamId} version ${event.version})`,
    );
  }
  if (by !== undefined)
    lines.push(
      ...String(by)
        .split("\n")
        .map((line) => `  ${line}`),
    );
  return lines;
}

function timeText(atMs: number): string {
  return new Date(atMs).toISOString();
}
