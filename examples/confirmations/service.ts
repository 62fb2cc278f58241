/** The service as it is started each time: orders, the saga that confirms them, and the mails. */
import type { Reactor, Runtime, Saga } from "tidemark";
import { confirmation, type MailRequested } from "./confirmation-saga.js";
import { confirmationMail } from "./confirmation-mail-reactor.js";
import type { MailProvider } from "./mail-provider.js";
import { Order } from "./order.js";

export interface Parts {
  readonly aggregates: [typeof Order];
  readonly sagas: [Saga<MailRequested>];
  readonly reactors: [Reactor];
}

export interface Service {
  readonly runtime: Runtime;
  readonly confirmation: Saga<MailRequested>;
}

/** @param open - `openRuntime`, or another that takes its options. */
export async function openService(
  provider: MailProvider,
  retryDelayMs: number,
  open: (parts: Parts) => Promise<Runtime>,
): Promise<Service> {
  const saga = confirmation(retryDelayMs);
  // The reactor asks the runtime that it is part of.
  const opening: Promise<Runtime> = open({
    aggregates: [Order],
    sagas: [saga],
    reactors: [confirmationMail(saga, provider, () => opening)],
  });
  return { runtime: await opening, confirmation: saga };
}

/**
 * Resolves once sagas and reactors have nothing left to do but to wait for a timer: each may give the other something to
 * do, so both are asked until neither did anything.
 */
export async function settled({ runtime }: Service): Promise<void> {
  for (let head = -1; runtime.head !== head;) {
    head = runtime.head;
    await runtime.sagas.idle();
    await runtime.operations.refresh("confirmation-mail");
  }
}
