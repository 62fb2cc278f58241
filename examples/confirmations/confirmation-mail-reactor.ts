/**
 * The reactor: sends what the saga has asked for, and records what came of it by a command to the order. That the outcome isn't
 * known is no outcome: then it throws, and is called again with the same effect id.
 */
import { reactor, type Runtime, type Saga } from "tidemark";
import type { MailRequested } from "./confirmation-saga.js";
import type { MailProvider } from "./mail-provider.js";
import { Order } from "./order.js";

/** @param opened - A reactor may be at work before `openRuntime` has answered. */
export function confirmationMail(
  confirmation: Saga<MailRequested>,
  provider: MailProvider,
  opened: () => Promise<Runtime>,
) {
  return reactor({
    name: "confirmation-mail",
    from: [confirmation],
    start: "beginning",
    on: {
      // #region effect
      MailRequested: async (event, { effectId }) => {
        const { to, subject, attempt } = event.data;
        const delivery = await provider.send(effectId, { to, subject });
        const runtime = await opened();
        // The instance is named after its order.
        await runtime.ask(
          Order,
          event.entityId,
          delivery.status === "sent"
            ? { type: "RecordMailSent", data: { attempt, effectId } }
            : { type: "RecordMailFailed", data: { attempt, reason: delivery.reason } },
          { commandId: `${effectId}/outcome`, causedBy: event },
        );
      },
      // #endregion
    },
  });
}
