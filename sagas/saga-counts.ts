/** What would become of the instances there are: counted by where they are, each group judged by samples of it. */
import { under } from "../src/delivery/index.js";
import type { Journal, ViewReader } from "../journal/index.js";
import { DeployCheck, type DeployReport } from "./deploy-check.js";
import { readInstance } from "./instance-reader.js";
import type { InstanceState, Place } from "./instance.js";
import { SAGA_ROWS } from "./saga-rows.js";
import type { Saga } from "./saga.js";

const SAMPLES_MAX = 20;

/** How many instances are where. */
export interface InstanceCount {
  readonly place: Place;
  readonly instances: number;
}

export class SagaCounts {
  readonly #rows: ViewReader;
  readonly #journal: Journal;

  constructor(rows: ViewReader, journal: Journal) {
    this.#rows = rows;
    this.#journal = journal;
  }

  counts(saga: string): InstanceCount[] {
    const counts: InstanceCount[] = [];
    for (const { key, value } of this.#rows.rows("rows", under(SAGA_ROWS.countsKey(saga))))
      counts.push({ place: key.slice(3) as unknown as Place, instances: value as number });
    return counts;
  }

  /** @param saga - As it would be deployed; the instances are those of its name. */
  check(saga: Saga): DeployReport {
    const check = new DeployCheck(saga);
    for (const { place, instances } of this.counts(saga.name)) {
      const [status] = place;
      if (status === "active" || status === "parked")
        check.add(place, instances, this.#samples(saga, place));
    }
    return check.report();
  }

  #samples(saga: Saga, place: Place): InstanceState[] {
    const [, version, hash] = place;
    // What today's machine began needs no look.
    const limit = version === saga.version && hash === saga.hash ? 1 : SAMPLES_MAX;
    const range = { ...under(SAGA_ROWS.instancesKey(saga.name, ...place)), limit };
    const samples: InstanceState[] = [];
    for (const key of this.#rows.keys("rows", range)) {
      const state = readInstance(this.#journal, { owner: saga.name, instanceId: key[7] as string });
      if (state.machine !== null) samples.push(state);
    }
    return samples;
  }
}
