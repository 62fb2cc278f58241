/** Operating a runtime of another process. */
import { checkId } from "../kernel/ids.js";
import { checkObject } from "../kernel/check.js";
import type { Transport } from "../messaging/transport.js";
import { connectEndpoint } from "./admin-endpoint.js";
import type { AdminClient } from "./api.js";

/** Which runtime: the one that owns a directory of this machine, or a service on another one. */
export type ConnectAdminOptions =
  | { readonly directory: string }
  /** The service must have been opened with `admin: { nats: "read" }` or `"change"`. */
  | { readonly transport: Transport; readonly service: string };

/**
 * Connects to a runtime that somebody else runs.
 *
 * @returns A client; close it when it isn't needed any more. Over a directory errors come as AdminError with their code and message.
 * @throws InvalidArgumentError - An option isn't valid.
 * @throws NoOwnerError - Nobody answers at the socket of the directory. `openAdmin` looks without a service.
 */
export async function connectAdmin(options: ConnectAdminOptions): Promise<AdminClient> {
  checkObject("options", options);
  if ("transport" in options) {
    checkId("service", options.service);
    return connectEndpoint(options.transport, options.service);
  }
  // Loaded only here: most programs that import tidemark connect to no socket.
  const { connectControl } = await import("./control-client.js");
  return connectControl(options.directory);
}
