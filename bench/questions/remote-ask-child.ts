/** The service that is asked: a runtime with accounts on disk, or a bare NATS subscription that answers as much. */
import { connect } from "nats";
import { openRuntime } from "../../src/index.js";
import { nats } from "../../src/messaging/nats/index.js";
import { Account } from "../account.js";
import { inDirectory } from "../stores/directory.js";
import { answerBytes, RAW_SUBJECT } from "../stores/raw-nats.js";

const [, , mode, servers] = process.argv as [string, string, string, string];

async function ended(): Promise<void> {
  process.stdout.write("ready\n");
  await new Promise<void>((resolve) => process.stdin.once("end", resolve).resume());
}

if (mode === "raw") {
  const connection = await connect({ servers });
  connection.subscribe(RAW_SUBJECT, {
    callback: (_error, message) => message.respond(answerBytes),
  });
  await connection.flush();
  await ended();
  await connection.close();
} else {
  await inDirectory(async (directory) => {
    const messaging = nats({ servers, prefix: "bench" });
    const aggregates = [Account];
    const expose = { events: [] };
    const runtime = await openRuntime({ directory, aggregates, messaging, expose });
    await ended();
    await runtime.close();
  });
}
