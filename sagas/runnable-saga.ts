/** What of the definition of a saga its instances are run by. */
import type { PendingTimer } from "../src/delivery/index.js";
import type { MachineRunner } from "./machine-runner.js";

/** What a migration turns over. What its history states remember stays, as far as the new machine has the states. */
export interface MigratedInstance {
  readonly value: unknown;
  readonly context: unknown;
  /** Timers that are set; the ids of `after` are `xstate.after.<delay>.<state id>`. */
  readonly timers: readonly PendingTimer[];
}

export type Migration = (instance: MigratedInstance) => MigratedInstance;

/** @internal */
export interface RunnableSaga {
  readonly name: string;
  readonly version: number;
  /** Changes whenever states, events, delays or invocations of the machine do. */
  readonly hash: string;
  readonly runner: MachineRunner;
  readonly onUnknown: "refuse" | "keep" | "ignore";
  readonly onKnown: "ignore" | "resume" | "refuse";
  readonly emits: ReadonlySet<string>;
  /** Machines of versions whose instances go to their end on them. */
  readonly pinned: ReadonlyMap<number, MachineRunner>;
  readonly migrations: ReadonlyMap<number, Migration>;
}
