/** What may be given to a machine from outside. */
import { checkObject } from "../src/kernel/check.js";
import { InvalidArgumentError } from "../src/kernel/errors.js";
import type { Message } from "../src/kernel/event.js";
import { checkId } from "../src/kernel/ids.js";
import { isReservedType } from "./machine-check.js";

/**
 * Whoever could give a machine an answer, a timeout or the end of an invocation would make it believe what hasn't happened.
 *
 * @throws InvalidArgumentError - It isn't an event, or only XState and Tidemark may give events of that type. Nothing was written.
 */
export function checkGivenEvent(event: Message): void {
  checkObject("event for a saga", event);
  const { type } = event;
  checkId("type of an event for a saga", type);
  // XState reads it as any event.
  if (type === "*" || isReservedType(type))
    throw new InvalidArgumentError(
      "type of an event for a saga",
      "one that neither XState nor Tidemark gives (xstate.…, saga.…, ….accepted, ….rejected, ….timed-out, ….given-up, compensated, compensation-failed)",
      type,
    );
}
