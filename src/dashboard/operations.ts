/** Which of the operations look, and which change something. What isn't in the table of this version isn't offered. */
import { ADMIN_CHANGES, ADMIN_OPERATIONS, type OperationName } from "../index.js";

export type Effect = "look" | "change";

export function isOperation(name: string): name is OperationName {
  return ADMIN_OPERATIONS.has(name);
}

export function effectOf(operation: OperationName): Effect {
  return ADMIN_CHANGES.has(operation) ? "change" : "look";
}
