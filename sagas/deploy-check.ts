import type { Place } from "./instance.js";
import type { StoredInstance } from "./machine-versions.js";
import type { Saga } from "./saga.js";
export interface DeployReport {
  readonly willPark: number;
}
export class DeployCheck {
  constructor(readonly saga: Saga) {}
  add(_place: Place, _count: number, _samples: readonly StoredInstance[]): void {}
  report(): DeployReport {
    return { willPark: 0 };
  }
}
