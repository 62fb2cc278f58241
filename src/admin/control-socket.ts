/**
 * The socket of a directory, opened by whoever owns that: who can open the file may do everything, since the permissions of the files
 * beside it give as much. A side door: where it can't be opened the service runs without it.
 */
import { chmodSync, rmSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { userInfo } from "node:os";
import type { Closable } from "../messaging/transport.js";
import type { Logger } from "../kernel/log.js";
import type { AdminService } from "./admin-service.js";
import type { Caller } from "./caller.js";
import { ControlConnection } from "./control-connection.js";
import { makeControlPath, removeControl } from "./control-path.js";

const CONNECTIONS_MAX = 64;

/** Listens at the socket of a directory that this process owns. Never rejects; logs why it doesn't listen. */
export async function openControlSocket(
  service: AdminService,
  directory: string,
  logger: Logger,
): Promise<Closable> {
  try {
    const path = makeControlPath(directory);
    // The directory is ours, so what is there is of an owner that isn't any more.
    if (process.platform !== "win32") rmSync(path, { force: true });
    const control = new ControlSocket(service, directory, path);
    await control.listen();
    return control;
  } catch (error) {
    logger.warn({ directory, error }, "the control socket couldn't be opened: it runs without");
    return { close: () => Promise.resolve() };
  }
}

class ControlSocket implements Closable {
  readonly #directory: string;
  readonly #path: string;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor(service: AdminService, directory: string, path: string) {
    this.#directory = directory;
    this.#path = path;
    const caller: Caller = { by: userName(), via: "socket", change: true, payloads: true };
    this.#server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket));
      // A service isn't kept alive by those who look at it.
      socket.unref();
      new ControlConnection(service, socket, caller);
    });
    this.#server.maxConnections = CONNECTIONS_MAX;
    this.#server.unref();
  }

  async listen(): Promise<void> {
    const bound = new Promise<void>((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(this.#path, () => {
        this.#server.removeListener("error", reject);
        resolve();
      });
    });
    await bound;
    // What goes wrong later costs a connection, never the process.
    this.#server.on("error", () => undefined);
    if (process.platform !== "win32") chmodSync(this.#path, 0o600);
  }

  async close(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    removeControl(this.#directory, this.#path);
  }
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // In a container the user may have a number and no name.
    return String(process.getuid?.() ?? "unknown");
  }
}
