/** The state of an instance after each of its events. Pure; what an index or a person wants to know is derived from it. */
import { mayBeDone, type PendingTimer } from "../src/delivery/index.js";
import type { Message } from "../src/kernel/event.js";
import {
  isDelay,
  isRepetition,
  originOf,
  type InstanceState,
  type Place,
  type SagaEvent,
  type SagaInput,
  type StepRecord,
} from "./instance.js";
import { stateName } from "./state-name.js";

export function evolveInstance(state: InstanceState, event: Message): InstanceState {
  const { type, data } = event as SagaEvent;
  switch (type) {
    case "saga.stepped":
      return afterStep(state, data);
    case "saga.ignored":
      return taken(state, data.input);
    case "saga.kept":
      return { ...taken(state, data.input), kept: [...state.kept, data.input] };
    case "saga.parked": {
      const { problem, input } = data;
      const parked: InstanceState = { ...state, status: "parked", problem };
      return input === undefined
        ? parked
        : { ...taken(parked, input), kept: [...state.kept, input] };
    }
    case "saga.released":
      return { ...state, status: restingStatus(state.machine), problem: "", kept: [] };
    case "saga.ended":
      return {
        ...state,
        status: "ended",
        timers: [],
        spent: [],
        commands: [],
        kept: [],
        problem: "",
      };
    default:
      // What the machine emitted is for others.
      return state;
  }
}

/** The status of an instance that isn't parked. */
function restingStatus(machine: InstanceState["machine"]): InstanceState["status"] {
  if (machine === null) return "waiting";
  return machine.status === "active" ? "active" : "done";
}

function afterStep(before: InstanceState, record: StepRecord): InstanceState {
  const state = taken(before, record.input);
  const machine = record.state ?? state.machine;
  const [version, hash] = record.machine ?? [state.version, state.hash];
  const timers = timersAfter(state.timers, record);
  const spent = spentAfter(state.spent, record);
  let { commands } = state;
  const { abandoned } = record;
  if (abandoned !== undefined) commands = commands.filter(({ id }) => !abandoned.includes(id));
  if (record.commands !== undefined) commands = [...commands, ...record.commands];
  const { position, part, compensations, problem, kept } = state;
  // Every field by name: this runs with each step, and copying by spread costs more than the rest of it.
  return {
    status: restingStatus(machine),
    version,
    hash,
    machine,
    step: record.step,
    position,
    part,
    timers,
    spent,
    commands,
    compensations,
    compensating: record.compensating ?? state.compensating,
    problem,
    kept,
  };
}

function timersAfter(timers: readonly PendingTimer[], record: StepRecord): readonly PendingTimer[] {
  const { cancelled, timers: set } = record;
  if (cancelled === undefined && set === undefined) return timers;
  const gone = new Set(cancelled);
  for (const { id } of set ?? []) gone.add(id);
  return [...timers.filter(({ id }) => !gone.has(id)), ...(set ?? [])];
}

function spentAfter(spent: readonly string[], record: StepRecord): readonly string[] {
  if (spent.length === 0) return spent;
  const { cancelled = [], timers = [] } = record;
  const left = new Set([...cancelled, ...timers.map(({ id }) => id)]);
  return left.size === 0 ? spent : spent.filter((id) => !left.has(id));
}

/** The input is off everybody's list: the cursor is past it, its timer and command aren't pending. */
export function taken(state: InstanceState, input: SagaInput): InstanceState {
  if (input.kind === "timer") return fired(state, input.id);
  if (input.kind === "answer") return answered(state, input);
  const origin = originOf(input);
  // One that was kept comes again when later ones have been: the cursor never goes back.
  if (origin === undefined || isRepetition(state, input)) return state;
  return { ...state, position: origin.position, part: origin.part };
}

function fired(state: InstanceState, timerId: string): InstanceState {
  const timers = state.timers.filter(({ id }) => id !== timerId);
  const isSpent = isDelay(timerId) && !state.spent.includes(timerId);
  return { ...state, timers, spent: isSpent ? [...state.spent, timerId] : state.spent };
}

function answered(
  state: InstanceState,
  { commandId, answer }: Extract<SagaInput, { kind: "answer" }>,
): InstanceState {
  const command = state.commands.find(({ id }) => id === commandId);
  if (command === undefined) return state;
  const commands = state.commands.filter((other) => other !== command);
  let { compensations } = state;
  if (command.compensation !== undefined && mayBeDone(answer))
    compensations = [...compensations, { ...command.compensation, of: commandId }];
  // What undid something is done with; what couldn't be undone stays on the list.
  if (command.compensates !== undefined && answer.outcome === "accepted")
    compensations = compensations.filter(({ of }) => of !== command.compensates);
  return { ...state, commands, compensations };
}

/** What an instance is listed under. */
export function placeOf(state: InstanceState): Place {
  const { status, version, hash, machine } = state;
  return [status, version, hash, machine === null ? "" : stateName(machine.value)];
}

export function samePlace(a: Place, b: Place): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3];
}
