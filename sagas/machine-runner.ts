/**
 * An XState machine run one step at a time: state and event to the next state and what the machine asks for. Nothing is
 * executed, nothing waits; what a live actor would do becomes data.
 *
 * It calls the machine as XState's `transition` does, with one scope for all steps: that function builds an actor for each
 * call, which takes three quarters of its time. `test/sagas/machine-runner.test.ts` holds the two to the same results.
 */
import {
  createActor,
  type AnyActor,
  type AnyActorScope,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type EventObject,
} from "xstate";
import {
  isCompensation,
  requestOf,
  targetOf,
  type CommandInput,
  type SendRequest,
} from "./actions.js";
import type { CommandTarget } from "../src/kernel/command-port.js";
import { TidemarkError } from "../src/kernel/errors.js";
import type { Message } from "../src/kernel/event.js";
import { checkPlainData } from "../src/kernel/plain-data.js";
import type { MachineEvent, MachineState } from "./instance.js";
import { stateName } from "./state-name.js";
import { recordable } from "./recordable.js";

/** Something that a transition asks for, in the order in which it does. */
export type Effect =
  | { readonly kind: "send"; readonly request: SendRequest }
  | {
      readonly kind: "invoke";
      readonly id: string;
      readonly target: CommandTarget;
      readonly input: CommandInput<Message>;
    }
  | {
      readonly kind: "set-timer";
      readonly id: string | undefined;
      readonly delayMs: number;
      readonly event: MachineEvent;
    }
  | { readonly kind: "cancel-timer"; readonly id: string }
  | { readonly kind: "emit"; readonly event: MachineEvent }
  | { readonly kind: "log"; readonly label: string | undefined; readonly value: unknown }
  | { readonly kind: "compensate" };

/** What came of one event. */
export interface Transition {
  readonly snapshot: AnyMachineSnapshot;
  /** False where no transition was taken. */
  readonly taken: boolean;
  readonly effects: readonly Effect[];
}

/** A machine did something that a saga can't keep over a restart. Its input is parked; nothing of the step was recorded. */
export class NotDurableError extends TidemarkError {
  readonly code = "not-durable";
  readonly retryable = false;
}

/** Within the depth that an event may have, less the levels of the record around it. */
const CONTEXT_DEPTH_MAX = 28;

interface Executable {
  readonly type: string;
  readonly info: { readonly context: unknown; readonly event: unknown };
  readonly params: unknown;
  readonly exec: unknown;
}

export class MachineRunner {
  readonly machine: AnyStateMachine;
  readonly #scope: AnyActorScope;
  #executables: Executable[] = [];

  constructor(machine: AnyStateMachine) {
    this.machine = machine;
    // Never started: machines want an actor to refer to.
    const self = createActor(machine) as unknown as AnyActor;
    this.#scope = {
      self,
      id: "",
      sessionId: "",
      system: self.system,
      logger: () => undefined,
      defer: () => undefined,
      stopChild: () => undefined,
      emit: () => undefined,
      actionExecutor: (action: unknown) => void this.#executables.push(action as Executable),
    } as unknown as AnyActorScope;
  }

  /** @throws Whatever the machine's functions throw; NotDurableError. */
  start(input: unknown): Transition {
    this.#executables = [];
    const snapshot = this.machine.getInitialSnapshot(
      this.#scope as never,
      input as never,
    ) as AnyMachineSnapshot;
    if (snapshot.status === "error") throw snapshot.error;
    return this.#transitionTo(snapshot, true);
  }

  /** @throws Whatever the machine's functions throw; NotDurableError. */
  take(before: AnyMachineSnapshot, event: EventObject): Transition {
    this.#executables = [];
    const snapshot = this.machine.transition(
      before as never,
      event as never,
      this.#scope as never,
    ) as AnyMachineSnapshot;
    return this.#transitionTo(snapshot, snapshot !== before);
  }

  #transitionTo(snapshot: AnyMachineSnapshot, taken: boolean): Transition {
    const effects: Effect[] = [];
    for (const action of this.#executables) {
      const effect = this.#effectOf(action, snapshot);
      if (effect !== undefined) effects.push(effect);
    }
    for (const id in snapshot.children) this.#checkChild(id, snapshot);
    return { snapshot, taken: taken || effects.length > 0, effects };
  }

  #effectOf(action: Executable, snapshot: AnyMachineSnapshot): Effect | undefined {
    const { type, params, exec, info } = action;
    switch (type) {
      case "xstate.raise":
        return timerOf(params as RaiseParams);
      case "xstate.cancel":
        return { kind: "cancel-timer", id: (params as { readonly sendId: string }).sendId };
      case "xstate.spawnChild":
        return this.#invocationOf(params as SpawnParams, snapshot);
      case "xstate.stopChild":
        // Which invocations ended is seen from the states that are active: the parameters may name nobody.
        return undefined;
      case "xstate.emit":
        return { kind: "emit", event: (params as { readonly event: MachineEvent }).event };
      case "xstate.log": {
        const { label, value } = params as { readonly label?: string; readonly value: unknown };
        return { kind: "log", label, value };
      }
      default: {
        if (isCompensation(exec)) return { kind: "compensate" };
        const request = requestOf(exec);
        if (request !== undefined) return { kind: "send", request: request(info) };
        throw notDurable(
          snapshot,
          `the action ${type}`,
          "send(…), assign, raise, or an event for a reactor",
        );
      }
    }
  }

  #invocationOf({ id, src, input }: SpawnParams, snapshot: AnyMachineSnapshot): Effect {
    const logic = typeof src === "string" ? this.machine.implementations.actors[src] : src;
    const target = targetOf(logic);
    if (target === undefined)
      throw notDurable(snapshot, `the actor ${id}`, "invoke with commandTo(Aggregate)");
    return { kind: "invoke", id, target, input: input as CommandInput<Message> };
  }

  /** `spawn` within `assign` leaves no action behind, just a child that nothing would bring back. */
  #checkChild(id: string, snapshot: AnyMachineSnapshot): void {
    if (this.invocationsOf(snapshot).has(id)) return;
    throw notDurable(snapshot, `the spawned actor ${id}`, "invoke with commandTo(Aggregate)");
  }

  /** Ids of the invocations of the states that are active. */
  invocationsOf(snapshot: AnyMachineSnapshot): Set<string> {
    const ids = new Set<string>();
    if (snapshot.status !== "active") return ids;
    for (const node of snapshot._nodes) for (const { id } of node.invoke) ids.add(id);
    return ids;
  }

  /** As plain data. @throws InvalidArgumentError - The context isn't. */
  stateOf(snapshot: AnyMachineSnapshot): MachineState {
    const { value, context, historyValue, status, output } = snapshot;
    const history = historyIds(historyValue as HistoryNodes | undefined);
    const kept = recordable(context);
    checkPlainData("context of the machine", kept, CONTEXT_DEPTH_MAX);
    return {
      value: recordable(value),
      context: kept,
      ...(history === undefined ? {} : { history }),
      status: status === "stopped" ? "done" : status,
      ...(output === undefined ? {} : { output: recordable(output) }),
    };
  }

  /** @throws Error - The machine doesn't have that state (any more). */
  snapshotOf(state: MachineState): AnyMachineSnapshot {
    const historyValue: Record<string, unknown> = {};
    for (const [node, ids] of Object.entries(state.history ?? {}))
      historyValue[node] = ids.map((id) => this.machine.getStateNodeById(id));
    return this.machine.resolveState({
      value: state.value as never,
      context: state.context as never,
      historyValue: historyValue as never,
      status: state.status,
      output: state.output as never,
    }) as AnyMachineSnapshot;
  }
}

interface RaiseParams {
  readonly id?: string;
  readonly event: MachineEvent;
  readonly delay?: number;
}

interface SpawnParams {
  readonly id: string;
  readonly src: unknown;
  readonly input: unknown;
}

type HistoryNodes = Readonly<Record<string, readonly { readonly id: string }[]>>;

/** What is raised without a delay is part of the same transition already. */
function timerOf({ id, event, delay }: RaiseParams): Effect | undefined {
  if (delay === undefined) return undefined;
  return { kind: "set-timer", id, delayMs: delay, event };
}

function historyIds(nodes: HistoryNodes | undefined): Record<string, string[]> | undefined {
  const entries = Object.entries(nodes ?? {});
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([key, list]) => [key, list.map(({ id }) => id)]));
}

function notDurable(snapshot: AnyMachineSnapshot, what: string, instead: string): NotDurableError {
  const state = stateName(snapshot.value);
  return new NotDurableError(
    `in state ${state}: ${what} would not survive a restart; write ${instead} instead`,
  );
}
