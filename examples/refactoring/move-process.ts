/**
 * The new service in a process of its own, so that it can be killed: moves what is to be moved, and kills itself with SIGKILL once
 * so many payments have been.
 *
 * `node dist/examples/refactoring/move-process.js DIRECTORY DIE_AT`
 */
import { moved, openAfter } from "./services.js";

const [directory = "", dieAt = "0"] = process.argv.slice(2);

let count = 0;
const runtime = await openAfter(directory, () => {
  count += 1;
  if (count === Number(dieAt)) process.kill(process.pid, "SIGKILL");
});
await moved(runtime);
await runtime.close();
