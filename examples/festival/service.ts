/** The service as it is started each time. */
import { openRuntime, type Runtime } from "tidemark";
import { Cascade } from "./cascade-saga.js";
import { FestivalEvent } from "./festival-event.js";
import { festivalView } from "./festival-view.js";
import { Membership } from "./membership-saga.js";
import { Team } from "./team.js";

export const parts = {
  aggregates: [FestivalEvent, Team],
  sagas: [Membership, Cascade],
  projections: [festivalView],
};

export function openService(directory: string, readOnly = false): Promise<Runtime> {
  // Hundreds are asked at a time here, on whatever machine.
  return openRuntime({ ...parts, directory, readOnly, askTimeoutMs: 60_000 });
}
