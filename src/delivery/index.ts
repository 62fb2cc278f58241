/** The door of delivery: how instances of sagas and rule sets get what is for them, and what they ask for leaves. */
export { commandIdOf } from "./command-id.js";
export { CoordinatorLog, type RefusedInput, type Routed } from "./coordinator-log.js";
export { DeliverySystem, type DeliveryStatus } from "./delivery-system.js";
export { DueQueue } from "./due-queue.js";
export { originOf, isBehind, type Origin } from "./origin.js";
export type { LaneStatus } from "./lane-status.js";
export {
  mayBeDone,
  type CommandAddress,
  type CommandOutcome,
  type Hand,
  type IndexChanges,
  type PendingCommand,
  type PendingTimer,
  type Place,
  type TimerEvent,
} from "./pending.js";
export { routedTo, Router, type Delivery, type Routes } from "./router.js";
export { DeliveryRows, under, type InstanceName } from "./rows.js";
export { deliveryIndexes, timersOf, waitingCommands } from "./row-lists.js";
