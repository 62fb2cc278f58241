import { describe, expect, it } from "vitest";
import { runExample } from "../support/examples.js";

describe("the confirmations example", () => {
  it("asks for a refused mail again later, also after a reopening, and sends one each through 200 crash points", async () => {
    const { output, code } = await runExample("confirmations", ["--ci", "--points", "200"]);
    expect(output).toMatch(/Closed while 6 of 16 confirmations wait for another try/);
    expect(output).toMatch(/all are told:\n +failed +2\n +sent +14\n/);
    expect(output).toMatch(
      /order +MailSent +\{"attempt":3,"effectId":"[^"]+\/confirmation-mail"\}/,
    );
    expect(output).toMatch(/xstate\.after\.retry\.confirmation\.waiting +-> requested/);
    expect(output).toMatch(/Killed at 200 points, .+: 2,800 mails, one each; [1-9]\d* were asked/);
    expect(code, output).toBe(0);
  });
});
