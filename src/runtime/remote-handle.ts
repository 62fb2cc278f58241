/** How a user asks an aggregate of another service. */
import type { Answer } from "../../actors/index.js";
import type { Message } from "../kernel/event.js";
import type { RemoteAskOptions } from "../messaging/remote-commands.js";

/** An aggregate of another service, or of this one, to send commands to; see `Runtime.remote`. */
export interface RemoteHandle<Command extends Message, Event extends Message> {
  /**
   * Sends a command to an entity of another service and waits for its answer; see `Runtime.ask`. `version` and `position` are
   * of the other service's journal.
   *
   * @throws InvalidArgumentError - An id, the command or an option isn't valid. Nothing was sent.
   * @throws NoRespondersError, DisconnectedError - Nothing was done; may be retried.
   * @throws RequestTimeoutError - It may have been carried out: retry with the same command id.
   * @throws RemoteFailedError - The other service failed; its `remoteCode` and `retryable` say how.
   * @throws BadMessageError - The other side's answer can't be understood.
   * @throws MessagingClosedError - The runtime is closing. Nothing was sent.
   */
  ask(entityId: string, command: Command, options?: RemoteAskOptions): Promise<Answer<Event>>;
}
