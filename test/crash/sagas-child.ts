/**
 * A service that is killed while it carries out transfers.
 * Usage: node sagas-child.js DIRECTORY FROM TO
 */
import { openRuntime } from "tidemark";
import { Purse, Transfer, TransferOrder } from "../support/transfers.js";
import { CALLERS, fill, transfer } from "./sagas-under-fire.js";

const [directory = "", from = "", to = ""] = process.argv.slice(2);
const runtime = await openRuntime({
  directory,
  aggregates: [Purse, TransferOrder],
  sagas: [Transfer],
  freeBytesMin: 0,
});
await fill(runtime);
process.stdout.write("open\n");

let next = Number(from);

async function caller(): Promise<void> {
  while (next < Number(to)) await transfer(runtime, next++);
}

await Promise.all(Array.from({ length: CALLERS }, caller));
await runtime.sagas.idle();
process.stdout.write("done\n");
// Killed all the same: what it leaves must be whole at every moment.
await new Promise((resolve) => setTimeout(resolve, 60_000));
