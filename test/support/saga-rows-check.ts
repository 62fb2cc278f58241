/** Holds the index of sagas to the log: its rows are those that the states of all instances at its position imply. */
import type { RecordedEvent } from "tidemark";
import type { ViewReader } from "../../journal/index.js";
import { evolveInstance, placeOf } from "../../sagas/instance-fold.js";
import { NEW_INSTANCE, type InstanceState, type Place } from "../../sagas/instance.js";
import { DeliveryRows, under } from "../../src/delivery/rows.js";

const ROWS = new DeliveryRows("sagas");

interface Told {
  readonly state: InstanceState;
  /** When it came where it is. */
  readonly atMs: number;
  /** Events that asked for commands, by command id. */
  readonly asked: ReadonlyMap<string, RecordedEvent>;
}

const isAt = (a: Place, b: Place) => JSON.stringify(a) === JSON.stringify(b);

/** What isn't as it must be. @param events - All that is durable. */
export function checkSagaRows(
  views: ViewReader,
  events: Iterable<RecordedEvent>,
  sagas: readonly string[],
): string[] {
  const at = (views.get("rows", ["sagas", "at"]) as number | undefined) ?? 0;
  const instances = foldOf(events, sagas, at);
  const wanted = new Map<string, unknown>();
  const counts = new Map<string, number>();
  const put = (key: readonly unknown[], value: unknown) => wanted.set(JSON.stringify(key), value);
  for (const [streamId, { state, atMs, asked }] of instances) {
    const [saga = "", ...rest] = streamId.split("/");
    const name = { owner: saga, instanceId: rest.join("/") };
    const place = placeOf(state);
    const { problem, status } = state;
    put(ROWS.instanceKey(name, place), status === "parked" ? { atMs, problem } : { atMs });
    const count = JSON.stringify(ROWS.countKey(saga, place));
    counts.set(count, (counts.get(count) ?? 0) + 1);
    for (const timer of state.timers) put(ROWS.timerKey({ ...name, ...timer }), true);
    for (const request of state.commands) {
      const { position, eventId, correlationId } = asked.get(request.id) as RecordedEvent;
      const command = { request, position, eventId, correlationId };
      put(ROWS.commandKey(request.aggregate, name, request.id), command);
    }
  }
  for (const [key, count] of counts) wanted.set(key, count);
  return differencesOf(views, wanted, at);
}

function foldOf(events: Iterable<RecordedEvent>, sagas: readonly string[], at: number) {
  const instances = new Map<string, Told>();
  for (const event of events) {
    if (!sagas.includes(event.streamType) || event.position > at) continue;
    const before = instances.get(event.streamId);
    const from = before?.state ?? NEW_INSTANCE;
    const state = evolveInstance(from, event);
    const stays = before !== undefined && isAt(placeOf(from), placeOf(state));
    const asked = new Map(before?.asked);
    for (const { id } of state.commands) if (!asked.has(id)) asked.set(id, event);
    const atMs = stays ? before.atMs : event.recordedAtMs;
    instances.set(event.streamId, { state, atMs, asked });
  }
  return instances;
}

function differencesOf(views: ViewReader, wanted: Map<string, unknown>, at: number): string[] {
  const problems: string[] = [];
  const found = new Set<string>();
  for (const { key, value } of views.rows("rows", under(["sagas"]))) {
    if (key[1] === "at" || key[1] === "r") continue;
    const text = JSON.stringify(key);
    found.add(text);
    if (!wanted.has(text)) problems.push(`at ${at}: ${text} shouldn't be there`);
    else if (canonical(wanted.get(text)) !== canonical(value))
      problems.push(`at ${at}: ${text} is ${canonical(value)}, not ${canonical(wanted.get(text))}`);
  }
  for (const text of wanted.keys())
    if (!found.has(text)) problems.push(`at ${at}: ${text} is missing`);
  return problems;
}

/** Whatever the order of names. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    typeof part === "object" && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
