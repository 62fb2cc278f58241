/** All operations there are. */
import type { OperationName } from "./api.js";
import { auditOperations } from "./audit-operations.js";
import { deliveryOperations } from "./delivery-operations.js";
import { endingOperations } from "./ending-operations.js";
import { eventOperations } from "./event-operations.js";
import { maintenanceOperations } from "./maintenance-operations.js";
import { messagingOperations } from "./messaging-operations.js";
import type { OperationEntries, OperationEntry } from "./operation.js";
import { overviewOperations } from "./overview-operations.js";
import {
  projectionOperations,
  readerOperations,
  rebuildOperations,
} from "./projection-operations.js";
import { ruleChanges, ruleOperations } from "./rule-operations.js";
import { sagaChanges, sagaOperations } from "./saga-operations.js";
import { streamOperations } from "./stream-operations.js";

const OPERATIONS: OperationEntries<OperationName> = {
  ...overviewOperations,
  ...eventOperations,
  ...streamOperations,
  ...projectionOperations,
  ...rebuildOperations,
  ...readerOperations,
  ...sagaOperations,
  ...sagaChanges,
  ...ruleOperations,
  ...ruleChanges,
  ...deliveryOperations,
  ...messagingOperations,
  ...auditOperations,
  ...maintenanceOperations,
  ...endingOperations,
};

/** By its name, whoever gave that; undefined where there is none. */
export function operationNamed(name: string): OperationEntry<OperationName> | undefined {
  return Object.hasOwn(OPERATIONS, name)
    ? (OPERATIONS[name as OperationName] as unknown as OperationEntry<OperationName>)
    : undefined;
}

/** Names of all operations. */
export const NAMES: ReadonlySet<string> = new Set(Object.keys(OPERATIONS));

/** Names of the operations that change something. */
export const CHANGES: ReadonlySet<OperationName> = new Set(
  (Object.keys(OPERATIONS) as OperationName[]).filter((name) => OPERATIONS[name].changes === true),
);
