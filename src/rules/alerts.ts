/** Alerts as they were raised, found by the firings that raised them. */
import type { EventFilter, Journal } from "../../journal/index.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import { checkInteger } from "../kernel/check.js";
import { streamIdOf } from "../kernel/ids.js";
import type { Fired } from "./session.js";

/** An alert, and which rule raised it. */
export interface RaisedAlert {
  readonly type: string;
  readonly data: unknown;
  /** Of the alert: what `explain` takes. */
  readonly position: Position;
  readonly sessionId: string;
  readonly rule: string;
  /** Of the rule set. */
  readonly version: number;
  /** The moment, as the rule set tells time. */
  readonly atMs: number;
  readonly recordedAtMs: number;
}

/** Which alerts. */
export interface AlertQuery {
  readonly sessionId?: string;
  readonly rule?: string;
  readonly type?: string;
  /** Behind this position; defaults to 0. */
  readonly after?: Position;
}

/** Alerts of a rule set in the order in which they were raised. */
export function* alertsOf(
  journal: Journal,
  ruleSet: string,
  { sessionId, rule, type, after = 0 }: AlertQuery = {},
): Generator<RaisedAlert> {
  checkInteger("after", after, 0, Number.MAX_SAFE_INTEGER);
  const events =
    sessionId === undefined
      ? eventsBehind(journal, ruleSet, after)
      : journal.readStream(streamIdOf(ruleSet, sessionId));
  /** Of the session that is being read: alerts stand directly behind their firing. */
  let firing: RecordedEvent<Fired> | undefined;
  for (const event of events) {
    if (event.type === "rules.fired") firing = event as RecordedEvent<Fired>;
    if (firing === undefined || !isAlertOf(firing, event)) continue;
    if (rule !== undefined && firing.data.rule !== rule) continue;
    if (type !== undefined && event.type !== type) continue;
    if (event.position > after) yield raisedBy(firing, event);
  }
}

function isAlertOf(firing: RecordedEvent<Fired>, event: RecordedEvent): boolean {
  const place = event.position - firing.position;
  return event.streamId === firing.streamId && place >= 1 && place <= firing.data.alerts.length;
}

function raisedBy({ data }: RecordedEvent<Fired>, event: RecordedEvent): RaisedAlert {
  const { rule, version, atMs } = data;
  const { type, position, entityId: sessionId, recordedAtMs } = event;
  return { type, data: event.data, position, sessionId, rule, version, atMs, recordedAtMs };
}

const FIRINGS_PAGE = 200;

/** Firings from an index, each with the alerts behind it. */
function* eventsBehind(
  journal: Journal,
  ruleSet: string,
  after: Position,
): Generator<RecordedEvent> {
  const filter: EventFilter = { streamTypes: [ruleSet], eventTypes: ["rules.fired"] };
  const head = journal.head();
  // A firing further back may have raised an alert behind the position.
  let at = Math.max(0, after - ALERTS_MOST);
  while (at < head) {
    const page = journal.readPage({ after: at, upTo: head, limit: FIRINGS_PAGE, filter });
    for (const event of page.events) {
      const { alerts } = (event as RecordedEvent<Fired>).data;
      if (alerts.length === 0 || event.position + alerts.length <= after) continue;
      yield event;
      const { position } = event;
      const upTo = position + alerts.length;
      yield* journal.readPage({ after: position, upTo, limit: alerts.length }).events;
    }
    at = page.scannedTo;
  }
}

/** Of one commit. */
const ALERTS_MOST = 10_000;
