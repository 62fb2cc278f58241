/**
 * Which machine runs an instance. One that another version began is run by that version (pinned), turned over (migrated), or run by
 * today's machine where everything stored of it has a place there (it fits). Else it is parked: nobody guesses.
 */
import type { AnyMachineSnapshot } from "xstate";
import type { PendingTimer } from "../src/delivery/index.js";
import { checkPlainData } from "../src/kernel/plain-data.js";
import { asError } from "../src/kernel/errors.js";
import { isDelay, type InstanceState, type MachineState } from "./instance.js";
import type { MachineRunner } from "./machine-runner.js";
import { recordable } from "./recordable.js";
import type { RunnableSaga } from "./runnable-saga.js";

/** What of a saga says which machine runs an instance. */
export type Versions = Pick<
  RunnableSaga,
  "name" | "version" | "hash" | "runner" | "pinned" | "migrations"
>;

/** An instance's stored parts, of whatever version. */
export type StoredInstance = Pick<
  InstanceState,
  "version" | "hash" | "machine" | "timers" | "spent" | "commands"
>;

export type Fate =
  | {
      readonly fate: "runs" | "pinned" | "fits";
      readonly runner: MachineRunner;
      readonly snapshot: AnyMachineSnapshot;
    }
  | {
      readonly fate: "migrates";
      readonly runner: MachineRunner;
      readonly snapshot: AnyMachineSnapshot;
      readonly timers: readonly PendingTimer[];
    }
  | { readonly fate: "parks"; readonly problem: string };

/** What becomes of an instance under a definition. Pure, but for what a migration does. */
export function fateOf(saga: Versions, instance: StoredInstance): Fate {
  const machine = instance.machine as MachineState;
  const { version } = instance;
  const isToday = version === saga.version;
  if (isToday && instance.hash === saga.hash) return resolved("runs", saga.runner, machine);
  const pinned = saga.pinned.get(version);
  if (pinned !== undefined) return resolved("pinned", pinned, machine);
  if (saga.migrations.has(version)) return migrated(saga, instance);
  if (version > saga.version)
    return {
      fate: "parks",
      problem: `it runs on version ${version} of the machine, and this is version ${saga.version}: deploy that one or a later one`,
    };
  return fitted(saga, instance);
}

function resolved(fate: "runs" | "pinned", runner: MachineRunner, machine: MachineState): Fate {
  try {
    return { fate, runner, snapshot: runner.snapshotOf(machine) };
  } catch (error) {
    return { fate: "parks", problem: asError(error).message };
  }
}

function fitted(saga: Versions, instance: StoredInstance): Fate {
  const hint = `give earlier[${instance.version}] of saga ${saga.name} a migrate function or the machine of then`;
  try {
    const snapshot = saga.runner.snapshotOf(instance.machine as MachineState);
    const missing = missingOf(saga.runner, snapshot, instance);
    if (missing === undefined) return { fate: "fits", runner: saga.runner, snapshot };
    return { fate: "parks", problem: `${missing}: ${hint}` };
  } catch (error) {
    return { fate: "parks", problem: `${asError(error).message}: ${hint}` };
  }
}

function migrated(saga: Versions, instance: StoredInstance): Fate {
  const { value, context, history } = instance.machine as MachineState;
  try {
    const migrate = saga.migrations.get(instance.version);
    const after = migrate?.({ value, context, timers: instance.timers });
    if (after === undefined) throw new Error("the migration returned nothing");
    const state = {
      value: after.value,
      context: recordable(after.context),
      history: saga.runner.knownHistory(history),
      status: "active" as const,
    };
    checkPlainData("context of the migration", state.context, 28);
    const snapshot = saga.runner.snapshotOf(state);
    const timers = [...after.timers];
    const missing = missingOf(saga.runner, snapshot, { ...instance, timers });
    if (missing !== undefined) throw new Error(missing);
    return { fate: "migrates", runner: saga.runner, snapshot, timers };
  } catch (error) {
    const problem = `the migration from version ${instance.version} failed: ${asError(error).message}`;
    return { fate: "parks", problem };
  }
}

/** What is pending and today's machine wouldn't know in that state, and the other way round. */
function missingOf(
  runner: MachineRunner,
  snapshot: AnyMachineSnapshot,
  { timers, spent, commands }: Pick<StoredInstance, "timers" | "spent" | "commands">,
): string | undefined {
  if (snapshot.status !== "active") return undefined;
  const live = runner.invocationsOf(snapshot);
  for (const { invocation } of commands)
    if (invocation !== undefined && !live.has(invocation))
      return `its state doesn't invoke ${invocation}, which is on its way`;
  const due = new Set(timers.map(({ id }) => id));
  const delays = new Set<string>();
  for (const node of snapshot._nodes)
    for (const { eventType } of node.after) delays.add(eventType as string);
  for (const id of due)
    if (isDelay(id) && !delays.has(id)) return `its state has no delay ${id}, which is set`;
  for (const id of delays)
    if (!due.has(id) && !spent.includes(id)) return `its state waits for ${id}, which isn't set`;
  return undefined;
}
