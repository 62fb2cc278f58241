/** A script that awaits Tidemark and nothing else: a rebuild that rests, a retry, a view. Usage: node waiting-child.js DIRECTORY */
import { collection, openRuntime, projection } from "tidemark";
import { Account } from "../crash/account-under-fire.js";

const [directory = ""] = process.argv.slice(2);
let failures = 2;
const rows = projection({
  name: "rows",
  version: 1,
  from: [Account],
  collections: { rows: collection<{ count: number }>() },
  on: {
    Deposited: (event, documents) => {
      if (event.position === 3 && failures-- > 0) throw new Error("not yet");
      documents.rows.put(event.entityId, { count: event.version });
    },
  },
});
const options = { directory, aggregates: [Account], projections: [rows], freeBytesMin: 0 };
const runtime = await openRuntime(options);
for (let n = 0; n < 5; n++)
  await runtime.ask(Account, "a", { type: "Deposit", data: { cents: 1 } });
const row = await runtime.view(rows).get("a", { fresh: true });
failures = 2;
await runtime.operations.rebuild(rows);
const rebuild = runtime.operations.rebuilt(rows);
await new Promise((resolve) => setTimeout(resolve, 1));
const outcome = await rebuild;
await runtime.close();
console.log(JSON.stringify({ row, phase: outcome?.phase }));
