/** What docs/guides/nats.md shows; test/docs/guides/nats.test.ts opens it where there is no server. */
import { openRuntime, type Runtime } from "tidemark";
import { nats } from "tidemark/nats";
import { Account } from "./aggregates.js";

export async function openAccounts(directory: string): Promise<Runtime> {
  // #region open
  const runtime = await openRuntime({
    directory,
    aggregates: [Account],
    messaging: nats({
      servers: ["nats-1.internal:4222", "nats-2.internal:4222"],
      prefix: "shop",
      inbox: "accounts",
      auth: { credsFile: "/run/secrets/accounts.creds" },
      tls: { caFile: "/etc/ssl/nats-ca.pem" },
    }),
  });
  // #endregion
  return runtime;
}
