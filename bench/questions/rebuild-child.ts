/** Brings the counting view of a directory up to date; prints the highest memory on the way, in MiB. */
import { anonymousMemoryMiB } from "../memory.js";
import { openAccounts } from "../stores/tidemark-store.js";
import { Counting } from "../views.js";

const runtime = await openAccounts(process.argv[2] as string, { projections: [Counting] });
let highest = 0;
const look = () => (highest = Math.max(highest, anonymousMemoryMiB()));
const timer = setInterval(look, 10);
await runtime.operations.refresh(Counting, { timeoutMs: 600_000 });
look();
clearInterval(timer);
await runtime.close();
process.stdout.write(String(highest));
