/** A service that owns a directory until it is killed; says so once it does. */
import { openRuntime } from "tidemark";
import { office } from "../support/office.js";

const [directory = ""] = process.argv.slice(2);
await openRuntime({ ...office, directory, freeBytesMin: 0 });
process.stdout.write("ready\n");
setInterval(() => undefined, 60_000);
