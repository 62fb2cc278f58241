/** What of the definition of a rule set its sessions are run by. */
import type { CommandTarget } from "../kernel/command-port.js";
import type { RecordedEvent } from "../kernel/event.js";
import type { Kind } from "./fact.js";
import type { RulePlans } from "./rule-plan.js";
import type { WorkingMemory } from "./working-memory.js";

/** Bounds of one session; beyond them it is parked. */
export interface SessionLimits {
  readonly factsMax: number;
  /** Of all sliding windows together, with the different labels of the others. */
  readonly samplesMax: number;
  /** Matches that hold, and sequences that have begun. */
  readonly matchesMax: number;
  /** At one moment: of one event, or of what is due at one time. */
  readonly firingsMax: number;
}

export type ErasedHandler = (event: RecordedEvent, memory: WorkingMemory) => void;

/** @internal */
export interface RunnableRules {
  readonly name: string;
  readonly version: number;
  /** Changes whenever kinds, rules or handlers do. */
  readonly hash: string;
  /** By name. */
  readonly kinds: ReadonlyMap<string, Kind>;
  readonly plans: RulePlans;
  /** By event type: those of `on`, and those that only sequences look at. */
  readonly handlers: ReadonlyMap<string, ErasedHandler>;
  readonly targets: ReadonlySet<CommandTarget>;
  readonly latenessMs: number;
  readonly limits: SessionLimits;
}
