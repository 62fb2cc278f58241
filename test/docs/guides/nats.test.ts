import { remote } from "tidemark";
import { describe, expect, it } from "vitest";
import { Account } from "../../../examples/guides/aggregates.js";
import { openAccounts } from "../../../examples/guides/nats.js";
import { temporaryDirectory } from "../../support/directories.js";

describe("the guide to NATS", () => {
  it("opens with a configuration whose servers aren't there, and everything local goes on", async () => {
    const runtime = await openAccounts(temporaryDirectory());
    const deposit = { type: "Deposit", data: { cents: 5 } } as const;
    expect(await runtime.ask(Account, "ada", deposit)).toMatchObject({ status: "accepted" });
    const asked = runtime.remote(remote("order")).ask("o-1", { type: "Place" });
    await expect(asked).rejects.toMatchObject({ code: "disconnected", retryable: true });
    expect(runtime.status().messaging?.connection.connected).toBe(false);
    await runtime.close();
  });
});
