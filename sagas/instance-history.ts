/** The history of an instance for people: what came, what the machine did, what it asked for. */
import type { Journal } from "../journal/index.js";
import type { InstanceName } from "../src/delivery/index.js";
import { streamIdOf } from "../src/kernel/ids.js";
import type { Message, Position, RecordedEvent, Version } from "../src/kernel/event.js";
import { eventOfInput } from "./input-event.js";
import type { SagaEvent, SagaInput, StepRecord } from "./instance.js";
import { stateName } from "./state-name.js";

/** One event of an instance. */
export interface HistoryEntry {
  /** Of the instance's stream. */
  readonly version: Version;
  readonly position: Position;
  readonly atMs: number;
  readonly kind: "stepped" | "ignored" | "kept" | "parked" | "released" | "ended" | "emitted";
  /** What the machine got, or what it emitted. */
  readonly event: Message | undefined;
  readonly input: SagaInput | undefined;
  /** Where it was then; undefined where it didn't move. */
  readonly state: string | undefined;
  /** Commands it asked for, as text: `Withdraw to account/acc-1`. */
  readonly commands: readonly string[];
  readonly timers: readonly { readonly id: string; readonly dueAtMs: number }[];
  readonly notes: readonly string[];
  /** Why it was parked, or who did what. */
  readonly remark: string | undefined;
}

export function* historyOf(
  journal: Journal,
  { owner, instanceId }: InstanceName,
): Generator<HistoryEntry> {
  for (const event of journal.readStream(streamIdOf(owner, instanceId))) yield entryOf(event);
}

function entryOf(event: RecordedEvent): HistoryEntry {
  const { version, position, recordedAtMs: atMs, type } = event;
  const base = {
    version,
    position,
    atMs,
    event: undefined,
    input: undefined,
    state: undefined,
    commands: [],
    timers: [],
    notes: [],
    remark: undefined,
  };
  const isOwn = type.startsWith("saga.");
  if (!isOwn) return { ...base, kind: "emitted", event: { type, data: event.data } };
  const kind = type.slice("saga.".length) as HistoryEntry["kind"];
  const own = event as unknown as SagaEvent;
  switch (own.type) {
    case "saga.stepped":
      return { ...base, kind, ...stepOf(own.data) };
    case "saga.ignored":
    case "saga.kept":
      return { ...base, kind, input: own.data.input, event: eventOfInput(own.data.input) };
    case "saga.parked": {
      const { input, problem: remark } = own.data;
      return input === undefined
        ? { ...base, kind, remark }
        : { ...base, kind, remark, input, event: eventOfInput(input) };
    }
    case "saga.released":
    case "saga.ended": {
      const { by, reason } = own.data;
      const remark = [by, reason].filter((part) => part !== undefined).join(": ");
      return { ...base, kind, remark: remark === "" ? undefined : remark };
    }
  }
}

function stepOf({ input, state, commands = [], timers = [], notes = [] }: StepRecord) {
  return {
    input,
    event: eventOfInput(input),
    state: state === undefined ? undefined : stateName(state.value),
    commands: commands.map(
      ({ command, aggregate, entityId }) => `${command.type} to ${aggregate}/${entityId}`,
    ),
    timers: timers.map(({ id, dueAtMs }) => ({ id, dueAtMs })),
    notes,
  };
}
