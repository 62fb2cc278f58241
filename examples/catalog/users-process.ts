/** The users service in a process of its own: `users-process.js DIRECTORY SERVERS`. It ends with its parent. */
import { openUsers } from "./services.js";

const [directory = "", servers = ""] = process.argv.slice(2);
const runtime = await openUsers(directory, servers);
process.once("disconnect", () => void runtime.close());
process.send?.({ what: "ready" });
