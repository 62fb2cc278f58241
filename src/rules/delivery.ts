/** What rule sets share with whoever else coordinates: origins of inputs, commands and timers that are pending. */
export type {
  CommandAddress,
  CommandOutcome,
  Hand,
  IndexChanges,
  Origin,
  PendingCommand,
  PendingTimer,
} from "../../sagas/instance.js";
