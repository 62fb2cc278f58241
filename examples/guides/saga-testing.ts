/** How docs/guides/sagas.md tests a saga: the one of examples/confirmations. test/docs/guides/sagas.test.ts runs it. */
import type { Runtime, Saga } from "tidemark";
import {
  givenSaga,
  recordSagaHistory,
  replaySagaHistory,
  type SagaHistory,
} from "tidemark/testing";
import { confirmation } from "../confirmations/confirmation-saga.js";

export function specification(): void {
  // #region given
  givenSaga(confirmation(60_000))
    .start({ orderId: "o-1", email: "ada@example.org", item: "lamp" })
    .when({ type: "MailFailed", data: { attempt: 1, reason: "mailbox is full" } })
    .thenState("waiting")
    .thenTimers({ "xstate.after.retry.confirmation.waiting": 60_000 })
    .advance(60_000)
    .thenState("requested");
  // #endregion
}

export function golden(runtime: Runtime, Confirmation: Saga, Changed: Saga): SagaHistory {
  // #region golden
  // Plain data, to be kept as JSON with the tests.
  const history = recordSagaHistory(Confirmation, runtime.history(Confirmation, "order-7"));
  // Throws where the changed machine does something else: names the first step that differs, and how.
  replaySagaHistory(Changed, history);
  // #endregion
  return history;
}
