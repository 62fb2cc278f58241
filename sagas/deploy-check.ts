/**
 * What would become of instances under a definition: groups of those that are in the same place, each judged by samples. Whether
 * an instance fits depends on its state, timers and commands, hardly on its context: samples of a group speak for it.
 */
import { counted } from "../src/kernel/counted.js";
import type { InstanceStatus, Place } from "./instance.js";
import { fateOf, type Fate, type StoredInstance } from "./machine-versions.js";
import type { Saga } from "./saga.js";
import { tableOf } from "./text-table.js";

/** From the best to the worst. */
const FATES = [
  "runs",
  "fits",
  "pinned",
  "migrates",
  "parks",
] as const satisfies readonly Fate["fate"][];

/** Instances of one status, version and state. */
export interface DeployGroup {
  /** Of the machine that they run on now. */
  readonly version: number;
  readonly hash: string;
  readonly state: string;
  readonly status: InstanceStatus;
  readonly instances: number;
  /**
   * The worst one among those looked at: they run on the same machine, fit today's as they are, go on with the machine of
   * their version, are turned over, or would be parked with their next input.
   */
  readonly fate: "runs" | "fits" | "pinned" | "migrates" | "parks";
  /** How many were looked at. */
  readonly samples: number;
  /** How many of them have that fate. */
  readonly samplesOfFate: number;
  /** Why they would be parked. */
  readonly problem?: string;
}

/** What would become of the instances of a saga. */
export interface DeployReport {
  readonly saga: string;
  /** Of the definition that was checked. */
  readonly version: number;
  /** What would park first, then as they were added. */
  readonly groups: readonly DeployGroup[];
  /** Instances in groups of which a sample would park. */
  readonly willPark: number;
  /** A table for people. */
  toString(): string;
}

export class DeployCheck {
  readonly #saga: Saga;
  readonly #groups: DeployGroup[] = [];

  constructor(saga: Saga) {
    this.#saga = saga;
  }

  /**
   * Adds a group.
   *
   * @param place - What its instances are listed under.
   * @param count - Instances in it.
   * @param samples - Started ones of it; with none nothing has a state yet, and today's machine will run them.
   */
  add(place: Place, count: number, samples: readonly StoredInstance[]): void {
    const [status, version, hash, state] = place;
    const fates = samples.map((sample) => fateOf(this.#saga, sample));
    let worst: Fate | undefined;
    for (const fate of fates) if (worst === undefined || rankOf(fate) > rankOf(worst)) worst = fate;
    const fate = worst?.fate ?? "runs";
    this.#groups.push({
      version,
      hash,
      state,
      status,
      instances: count,
      fate,
      samples: samples.length,
      samplesOfFate: fates.filter((each) => each.fate === fate).length,
      ...(worst?.fate === "parks" ? { problem: worst.problem } : {}),
    });
  }

  report(): DeployReport {
    const { name, version } = this.#saga;
    const parked = this.#groups.filter(({ fate }) => fate === "parks");
    const groups = [...parked, ...this.#groups.filter(({ fate }) => fate !== "parks")];
    const willPark = parked.reduce((sum, { instances }) => sum + instances, 0);
    const toString = () => textOf(name, version, groups, willPark);
    // Not among the fields: a report is compared, and printed as JSON.
    const report = { saga: name, version, groups, willPark };
    return Object.defineProperty(report, "toString", { value: toString });
  }
}

function rankOf({ fate }: Fate): number {
  return FATES.indexOf(fate);
}

function textOf(
  saga: string,
  version: number,
  groups: readonly DeployGroup[],
  willPark: number,
): string {
  const total = groups.reduce((sum, { instances }) => sum + instances, 0);
  const summary =
    willPark === 0
      ? `none of ${counted(total, "instance", "instances")} would be parked`
      : `${willPark} of ${counted(total, "instance", "instances")} would be parked`;
  const head = `saga ${saga}, version ${version}: ${summary}`;
  if (groups.length === 0) return head;
  const rows = groups.map((group) => [
    `v${group.version}`,
    group.status,
    group.state,
    String(group.instances),
    fateText(group),
    group.problem ?? "",
  ]);
  return `${head}\n${tableOf(["version", "status", "state", "instances", "fate", "why"], rows)}`;
}

function fateText({ fate, samples, samplesOfFate }: DeployGroup): string {
  return samplesOfFate === samples ? fate : `${fate} (${samplesOfFate} of ${samples} looked at)`;
}
