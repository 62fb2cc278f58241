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
  type AnyStateNode,
  type EventObject,
} from "xstate";
import {
  isCompensation,
  requestOf,
  targetOf,
  type CommandInput,
  type SendRequest,
} from "./actions.js";
import type { TimerEvent } from "../src/delivery/index.js";
import type { CommandTarget } from "../src/kernel/command-port.js";
import { describe, TidemarkError } from "../src/kernel/errors.js";
import type { Message } from "../src/kernel/event.js";
import { checkPlainData } from "../src/kernel/plain-data.js";
import { isDelay, type MachineState } from "./instance.js";
import { logicOf } from "./invoked-logic.js";
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
      readonly event: TimerEvent;
    }
  | { readonly kind: "cancel-timer"; readonly id: string }
  | { readonly kind: "emit"; readonly event: TimerEvent }
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
    };
  }

  /** @throws Whatever the machine's functions throw; NotDurableError. */
  start(input: unknown): Transition {
    this.#executables = [];
    const snapshot = this.machine.getInitialSnapshot(
      this.#scope as never,
      input,
    ) as AnyMachineSnapshot;
    if (snapshot.status === "error") throw snapshot.error;
    return this.#transitionTo(snapshot, true);
  }

  /**
   * A machine at its end stays there, whatever it has transitions for.
   *
   * @throws Whatever the machine's functions throw; NotDurableError.
   */
  take(before: AnyMachineSnapshot, event: EventObject): Transition {
    if (before.status !== "active") return { snapshot: before, taken: false, effects: [] };
    this.#executables = [];
    const snapshot = this.machine.transition(
      before as never,
      event,
      this.#scope as never,
    ) as AnyMachineSnapshot;
    return this.#transitionTo(snapshot, snapshot !== before);
  }

  /** Whether there is a transition for an event; one that changes nothing counts. */
  hears(snapshot: AnyMachineSnapshot, event: EventObject): boolean {
    if (snapshot.status !== "active") return false;
    return this.machine.getTransitionData(snapshot as never, event).length > 0;
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
        return { kind: "emit", event: (params as { readonly event: TimerEvent }).event };
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
    const target = targetOf(logicOf(this.machine, src));
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
    const { value, context, status, output, ...rest } = snapshot as Parts;
    const history = historyIds(rest.historyValue);
    const kept = recordable(context);
    checkPlainData("context of the machine", kept, CONTEXT_DEPTH_MAX);
    const result = recordable(output);
    if (output !== undefined) checkPlainData("output of the machine", result, CONTEXT_DEPTH_MAX);
    return {
      value: recordable(value),
      context: kept,
      ...(history === undefined ? {} : { history }),
      status: status === "stopped" ? "done" : status,
      ...(output === undefined ? {} : { output: result }),
    };
  }

  /** @throws Error - The machine doesn't have that state (any more). */
  snapshotOf(state: MachineState): AnyMachineSnapshot {
    const historyValue: Record<string, unknown> = {};
    for (const [node, ids] of Object.entries(state.history ?? {}))
      historyValue[node] = ids.map((id) => this.#nodeOf(id));
    return this.machine.resolveState({
      value: state.value as never,
      context: state.context,
      historyValue: historyValue as never,
      status: state.status,
      output: state.output,
    }) as AnyMachineSnapshot;
  }

  /** What of a history this machine still has the states of. */
  knownHistory(history: MachineState["history"] = {}): Record<string, readonly string[]> {
    const has = (id: string) => this.#nodes.has(id);
    const entries = Object.entries(history);
    return Object.fromEntries(entries.filter(([node, ids]) => has(node) && ids.every(has)));
  }

  /** XState's own look-up takes ids apart at their dots, and users write dots in ids. */
  get #nodes(): ReadonlyMap<string, AnyStateNode> {
    return (this.machine as unknown as { idMap: ReadonlyMap<string, AnyStateNode> }).idMap;
  }

  #nodeOf(id: string): AnyStateNode {
    const node = this.#nodes.get(id);
    if (node === undefined) throw new Error(`the machine has no state of id ${id}`);
    return node;
  }
}

interface RaiseParams {
  readonly id?: string;
  readonly event: TimerEvent;
  readonly delay?: unknown;
}

interface SpawnParams {
  readonly id: string;
  readonly src: unknown;
  readonly input: unknown;
}

/** A snapshot, as far as it is recorded. */
interface Parts extends Pick<AnyMachineSnapshot, "status"> {
  readonly value: unknown;
  readonly context: unknown;
  readonly output: unknown;
  readonly historyValue: HistoryNodes | undefined;
}

type HistoryNodes = Readonly<Record<string, readonly { readonly id: string }[]>>;

/** What is raised without a delay is part of the same transition already. */
function timerOf({ id, event, delay }: RaiseParams): Effect | undefined {
  if (delay === undefined && (id === undefined || !isDelay(id))) return undefined;
  if (typeof delay !== "number")
    throw new NotDurableError(
      `the delay of ${event.type} must be a number of milliseconds; it is ${describe(delay)}`,
    );
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
