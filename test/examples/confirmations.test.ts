import { describe, expect, it } from "vitest";
import { givenSaga } from "tidemark/testing";
import { confirmation } from "../../examples/confirmations/confirmation-saga.js";
import { outcomeOf, startExample } from "../support/programs.js";

describe("the confirmations example", () => {
  it("asks for a refused mail again after a delay, and for no other once it was sent", () => {
    givenSaga(confirmation(60_000))
      .start({ orderId: "o-1", email: "ada@example.org", item: "lamp" })
      .thenEmitted({
        type: "MailRequested",
        data: { to: "ada@example.org", subject: "Your order o-1: lamp", attempt: 1 },
      })
      .when({ type: "MailFailed", data: { attempt: 1, reason: "mailbox is full" } })
      .thenState("waiting")
      .thenTimers({ "xstate.after.retry.confirmation.waiting": 60_000 })
      .advance(60_000)
      .thenEmitted({
        type: "MailRequested",
        data: { to: "ada@example.org", subject: "Your order o-1: lamp", attempt: 2 },
      })
      .when({ type: "MailSent", data: { attempt: 2, effectId: "e-1" } })
      .thenDone();
  });

  it("asks for a refused mail again later, also after a reopening, and sends one each through 200 crash points", async () => {
    const { output, code } = await startExample("confirmations", ["--ci", "--size", "200"]).ended;
    expect(output).toMatch(/Closed while 6 of 16 confirmations wait for another try/);
    expect(output).toMatch(/all are told:\n +failed +2\n +sent +14\n/);
    expect(output).toMatch(
      /order +MailSent +\{"attempt":3,"effectId":"[^"]+\/confirmation-mail"\}/,
    );
    expect(output).toMatch(/ 90 min +confirmation +MailRequested +.+"attempt":2\}/);
    expect(output).toMatch(/xstate\.after\.retry\.confirmation\.waiting +-> requested/);
    expect(output).toMatch(/Killed at 200 points, .+: 2,800 mails, one each; [1-9]\d* were asked/);
    expect(code, output).toBe(0);
    expect(outcomeOf(output)).toEqual({
      "orders told, closed while some waited": "16",
      "points at which it was killed": "200",
      "mails, one each at every point": "2800",
    });
  });
});
