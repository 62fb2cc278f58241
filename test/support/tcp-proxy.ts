/** A proxy on the loopback interface that stands between a client and a server, and does to them what networks do. */
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";

/**
 * - `pass`: everything goes through, after `delayMs`.
 * - `black-hole`: connections are taken, and nothing goes through in either direction.
 * - `half-open`: the server's bytes don't reach the client; the client's reach the server.
 * - `throttle`: one byte after the other, with `delayMs` between them.
 * - `refuse`: connections end at once.
 */
export type ProxyMode = "pass" | "black-hole" | "half-open" | "throttle" | "refuse";

export class TcpProxy {
  readonly #server: Server;
  readonly #targetPort: number;
  readonly #sockets = new Set<Socket>();
  #mode: ProxyMode = "pass";
  #delayMs = 0;

  private constructor(targetPort: number) {
    this.#targetPort = targetPort;
    // A client that half-closes still gets what the server says.
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#join(client));
  }

  static async start(targetPort: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(targetPort);
    proxy.#server.listen(0, "127.0.0.1");
    await once(proxy.#server, "listening");
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on, also for connections that are there. */
  set(mode: ProxyMode, delayMs = 0): void {
    this.#mode = mode;
    this.#delayMs = delayMs;
    if (mode === "refuse") this.drop();
  }

  /** Ends all connections without a word. */
  drop(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  get connections(): number {
    return this.#sockets.size / 2;
  }

  async stop(): Promise<void> {
    this.drop();
    this.#server.close();
    await once(this.#server, "close");
  }

  #join(client: Socket): void {
    if (this.#mode === "refuse") {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.#targetPort, host: "127.0.0.1", allowHalfOpen: true });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(from);
      from.setNoDelay(true);
      from.on("error", () => undefined);
      from.on("close", () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.on("end", () => to.end());
    }
    this.#carry(client, server, () => false);
    this.#carry(server, client, () => this.#mode === "half-open");
  }

  /** One chunk after the other, whatever the mode was when it came. */
  #carry(from: Socket, to: Socket, isCut: () => boolean): void {
    let last = Promise.resolve();
    from.on("data", (chunk: Buffer) => {
      if (this.#mode === "black-hole" || isCut()) return;
      const dueMs = performance.now() + (this.#mode === "pass" ? this.#delayMs : 0);
      last = last.then(() => this.#write(chunk, to, dueMs));
    });
  }

  async #write(chunk: Buffer, to: Socket, dueMs: number): Promise<void> {
    let written = 0;
    for (; this.#mode === "throttle" && written < chunk.length; written += 1) {
      if (to.destroyed) return;
      to.write(chunk.subarray(written, written + 1));
      await sleep(this.#delayMs);
    }
    if (dueMs > performance.now()) await sleep(dueMs - performance.now());
    if (!to.destroyed) to.write(chunk.subarray(written));
  }
}
