/** A service with a handler that never returns on the third event. Usage: node hanging-child.js DIRECTORY */
import { collection, openRuntime, projection } from "tidemark";
import { Account } from "../crash/account-under-fire.js";

const [directory = ""] = process.argv.slice(2);
const hanging = projection({
  name: "hanging",
  version: 1,
  from: [Account],
  collections: { rows: collection<{ count: number }>() },
  on: {
    Deposited: (event, { rows }) => {
      while (event.position === 3);
      rows.put(event.entityId, { count: event.version });
    },
  },
});
const runtime = await openRuntime({
  directory,
  aggregates: [Account],
  projections: [hanging],
  freeBytesMin: 0,
  hangingAfterMs: 300,
});
for (;;) await runtime.ask(Account, "a", { type: "Deposit", data: { cents: 1 } });
