/**
 * One service in a process of its own, until it is told to end or whoever started it has ended.
 *
 * `node dist/examples/orders/service-process.js orders|seats|payments DIRECTORY NATS_SERVER`
 */
import { openService, type ServiceName } from "./services.js";

const [name, directory = "", server = ""] = process.argv.slice(2);

const runtime = await openService(name as ServiceName, directory, server);
// What it has published, for whoever has started it.
process.on("message", () => {
  const { published = 0, losses = 0 } = runtime.status().messaging?.relay ?? {};
  process.send?.({ published, losses });
});
process.once("disconnect", () => void runtime.close());
process.once("SIGTERM", () => {
  void runtime.close().then(() => process.exit());
});
process.send?.("ready");
