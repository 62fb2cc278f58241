/**
 * The saga: asks for the mail that confirms an order, hears what became of it, and asks again later where it was refused. That a
 * mail is wanted is an event of its own, `MailRequested`, in the instance's stream.
 */
import { resume, saga, send, start, type AnswerEvent, type Saga } from "tidemark";
import { assign, emit, setup } from "xstate";
import { Order, type MailFailed, type MailSent, type OrderPlacedData } from "./order.js";

export interface MailRequested {
  readonly type: "MailRequested";
  readonly data: {
    readonly to: string;
    readonly subject: string;
    readonly attempt: number;
  };
}

interface Input extends OrderPlacedData {
  readonly orderId: string;
}

const ATTEMPTS_MAX = 4;

function confirmationMachine(retryDelayMs: number) {
  return setup({
    types: {
      context: {} as Input & { readonly attempt: number; readonly lastRefusal?: string },
      input: {} as Input,
      events: {} as MailSent | MailFailed | AnswerEvent<"give-up", typeof Order>,
      emitted: {} as MailRequested,
    },
    delays: {
      // Twice as long each time. Recorded as a moment, so that a restart neither forgets nor prolongs it.
      retry: ({ context }) => retryDelayMs * 2 ** (context.attempt - 1),
    },
    guards: {
      mayTryAgain: ({ context }) => context.attempt < ATTEMPTS_MAX,
    },
    actions: {
      countAttempt: assign({ attempt: ({ context }) => context.attempt + 1 }),
      // #region request
      requestMail: emit(({ context }) => ({
        type: "MailRequested",
        data: {
          to: context.email,
          subject: `Your order ${context.orderId}: ${context.item}`,
          attempt: context.attempt,
        },
      })),
      // #endregion
      giveUp: send(
        Order,
        ({ context }) => context.orderId,
        { type: "GiveUpConfirmation" },
        { as: "give-up" },
      ),
    },
  }).createMachine({
    id: "confirmation",
    context: ({ input }) => ({ ...input, attempt: 0 }),
    initial: "requested",
    states: {
      // #region states
      requested: {
        entry: ["countAttempt", "requestMail"],
        on: {
          MailSent: "sent",
          MailFailed: [
            {
              guard: "mayTryAgain",
              target: "waiting",
              actions: assign({ lastRefusal: ({ event }) => event.data.reason }),
            },
            { target: "givingUp" },
          ],
        },
      },
      waiting: { after: { retry: "requested" } },
      // #endregion
      givingUp: { entry: "giveUp", on: { "give-up.accepted": "failed" } },
      sent: { type: "final" },
      failed: { type: "final" },
    },
  });
}

export function confirmation(retryDelayMs: number): Saga<MailRequested> {
  // #region saga
  return saga<readonly [typeof Order], MailRequested>({
    name: "confirmation",
    machine: confirmationMachine(retryDelayMs),
    from: [Order],
    correlate: {
      OrderPlaced: ({ entityId, data }) => start(entityId, { ...data, orderId: entityId }),
      MailSent: ({ entityId }) => resume(entityId),
      MailFailed: ({ entityId }) => resume(entityId),
    },
    emits: ["MailRequested"],
    start: "beginning",
  });
  // #endregion
}
