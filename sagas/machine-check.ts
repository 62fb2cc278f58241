/**
 * What a machine may hold to be run as a saga. A saga must be able to stop after any step and go on in another process, so
 * whatever lives in memory only is refused when it is defined, with the state it stands in and what to write instead.
 */
import type { AnyStateMachine, AnyStateNode } from "xstate";
import type { CommandTarget } from "../src/kernel/command-port.js";
import { TidemarkError } from "../src/kernel/errors.js";
import { ANSWER_ENDINGS, isCompensation, receiverOf, targetOf } from "./actions.js";
import { logicOf } from "./invoked-logic.js";

interface Builtin {
  readonly type: string;
  readonly assignment?: unknown;
  readonly delay?: unknown;
  readonly resolve: unknown;
}

const DURABLE_ACTIONS = new Set([
  "xstate.assign",
  "xstate.raise",
  "xstate.cancel",
  "xstate.log",
  "xstate.emit",
  "xstate.enqueueActions",
]);

const INSTEAD: Readonly<Record<string, string>> = {
  "xstate.spawnChild":
    "has spawnChild, whose actor would be lost with the process: invoke commandTo(Aggregate), or send(Aggregate, …)",
  "xstate.stopChild": "has stopChild, and a saga has no children: leave the state that invokes",
  "xstate.sendTo":
    "has sendTo, sendParent or forwardTo, and a saga has no actors to send to: raise(…) for itself, send(Aggregate, id, command) for others",
};

/** Sources are looked at only to tell early; what hides from it is refused by the step. */
const SPAWNS = /\bspawn\b/;

/** A machine holds something that a saga can't keep over a restart. Says where, and what to write instead. */
export class MachineRefusedError extends TidemarkError {
  readonly code = "machine-refused";
  readonly retryable = false;

  constructor(
    readonly saga: string,
    problem: string,
  ) {
    super(`the machine of saga ${saga} can't be made durable: ${problem}`);
  }
}

/**
 * @param saga - Names it in errors.
 * @returns Whom the machine asks, as far as that is said outside of functions.
 * @throws MachineRefusedError - Names the first state that holds something that can't be kept.
 */
export function checkMachine(saga: string, machine: AnyStateMachine): ReadonlySet<CommandTarget> {
  const check = new MachineCheck(saga, machine);
  check.context();
  check.node(machine.root);
  return check.targets;
}

class MachineCheck {
  readonly #saga: string;
  readonly #machine: AnyStateMachine;
  readonly targets = new Set<CommandTarget>();

  constructor(saga: string, machine: AnyStateMachine) {
    this.#saga = saga;
    this.#machine = machine;
  }

  context(): void {
    const { context } = this.#machine.config as { readonly context?: unknown };
    if (typeof context === "function" && SPAWNS.test(String(context)))
      this.#refuse(
        "its context spawns an actor, which would be lost with the process: invoke commandTo(Aggregate), or send(Aggregate, …)",
      );
  }

  node(node: AnyStateNode): void {
    const where = node.path.length === 0 ? "its root" : `state ${node.path.join(".")}`;
    for (const action of node.entry) this.#action(`entry of ${where}`, action);
    for (const action of node.exit) this.#action(`exit of ${where}`, action);
    for (const action of node.initial.actions) this.#action(`initial of ${where}`, action);
    for (const [type, transitions] of node.transitions) {
      for (const transition of transitions) {
        const place = `${type === "" ? "always" : `on ${type}`} of ${where}`;
        for (const action of transition.actions) this.#action(place, action);
        this.#guard(place, transition.guard);
      }
    }
    for (const transition of node.always ?? []) {
      for (const action of transition.actions) this.#action(`always of ${where}`, action);
      this.#guard(`always of ${where}`, transition.guard);
    }
    for (const { delay } of node.after) this.#delay(where, delay);
    for (const invoke of node.invoke) this.#invocation(where, invoke);
    for (const child of Object.values(node.states) as AnyStateNode[]) this.node(child);
  }

  #action(where: string, reference: unknown): void {
    const name = nameOf(reference) ?? "";
    const implementation: unknown =
      typeof reference === "function" ? reference : this.#machine.implementations.actions[name];
    if (implementation === undefined)
      this.#refuse(
        `${where} names the action ${name}, which isn't implemented: give it to setup or provide`,
      );
    const receiver = receiverOf(implementation);
    if (receiver !== undefined) this.targets.add(receiver);
    if (receiver !== undefined || isCompensation(implementation)) return;
    const builtin = implementation as Partial<Builtin>;
    if (builtin.resolve === undefined) {
      const what = name === "" ? "a function as an action" : `the action ${name}, a plain function`;
      this.#refuse(
        `${where} has ${what}, which a crash would lose or repeat: send(Aggregate, id, command) to act, assign for the context, emit(event) with a reactor for effects outside`,
      );
    }
    const type = builtin.type ?? "";
    if (!DURABLE_ACTIONS.has(type))
      this.#refuse(`${where} ${INSTEAD[type] ?? `has ${type}, which a saga doesn't know`}`);
    if (type === "xstate.assign") this.#assignment(where, builtin.assignment);
    if (type === "xstate.raise") this.#delay(where, builtin.delay);
  }

  #assignment(where: string, assignment: unknown): void {
    const parts: unknown[] =
      typeof assignment === "function"
        ? [assignment]
        : Object.values((assignment ?? {}) as Record<string, unknown>);
    for (const part of parts) {
      if (typeof part !== "function") continue;
      if (part.constructor.name === "AsyncFunction")
        this.#refuse(
          `${where} has an assign that is async, and nobody would wait for it: invoke commandTo(Aggregate) and assign from its onDone`,
        );
      if (SPAWNS.test(String(part)))
        this.#refuse(
          `${where} has an assign that spawns, whose actor would be lost with the process: invoke commandTo(Aggregate), or send(Aggregate, …)`,
        );
    }
  }

  #guard(where: string, guard: unknown): void {
    if (guard === undefined) return;
    const name = nameOf(guard);
    const resolved = name === undefined ? guard : this.#machine.implementations.guards[name];
    if (resolved === undefined)
      this.#refuse(
        `${where} names the guard ${name ?? ""}, which isn't implemented: give it to setup or provide`,
      );
    // Of and(…), or(…) and not(…).
    const { guards } = resolved as { readonly guards?: unknown };
    if (Array.isArray(guards)) for (const inner of guards) this.#guard(where, inner);
  }

  #delay(where: string, delay: unknown): void {
    if (typeof delay !== "string" || this.#machine.implementations.delays[delay] !== undefined)
      return;
    this.#refuse(
      `${where} names the delay ${delay}, which isn't implemented: give it to setup or provide`,
    );
  }

  #invocation(where: string, invoke: AnyStateNode["invoke"][number]): void {
    const { id, src, systemId, onSnapshot } = invoke;
    const logic = logicOf(this.#machine, src);
    if (logic === undefined)
      this.#refuse(
        `${where} invokes the actor ${src as string}, which isn't implemented: give it to setup or provide`,
      );
    const target = targetOf(logic);
    if (target !== undefined) this.targets.add(target);
    else
      this.#refuse(
        `${where} invokes ${id}, whose logic (a promise, a callback, an observable, a machine) would be lost with the process: invoke commandTo(Aggregate), or let another saga do it and route its events`,
      );
    if (systemId !== undefined)
      this.#refuse(`${where} gives ${id} a systemId, and a saga has no actor system: leave it out`);
    if (onSnapshot !== undefined)
      this.#refuse(
        `${where} has onSnapshot of ${id}, and a command has no snapshots: use onDone and onError`,
      );
  }

  #refuse(problem: string): never {
    throw new MachineRefusedError(this.#saga, problem);
  }
}

/** Of a reference to an action or a guard; undefined of a function in place. */
function nameOf(reference: unknown): string | undefined {
  if (typeof reference === "string") return reference;
  if (typeof reference !== "object" || reference === null) return undefined;
  return (reference as { readonly type: string }).type;
}

/** Whether a type is one that only Tidemark or XState may give a machine. */
export function isReservedType(type: string): boolean {
  if (type.startsWith("xstate.") || type.startsWith("saga.")) return true;
  if (type === "compensated" || type === "compensation-failed") return true;
  return ANSWER_ENDINGS.some((ending) => type.endsWith(ending));
}
