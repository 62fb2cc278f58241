/**
 * The service in a process of its own, that forgets a guest and kills itself as soon as the proof is recorded, before it is
 * answered.
 *
 * `node dist/examples/privacy/forgetting-process.js DIRECTORY GUEST`
 */
import { openHotel } from "./service.js";

const [directory = "", guestId = ""] = process.argv.slice(2);

const runtime = await openHotel(directory);
const forgotten = runtime.privacy.forget(guestId, { by: "desk", reason: "asked for by letter" });
const look = () => {
  if (runtime.privacy.forgotten().length > 0) process.kill(process.pid, "SIGKILL");
  setImmediate(look);
};
look();
await forgotten;
// Too late: whoever started it is told so by the exit code.
process.exit(1);
