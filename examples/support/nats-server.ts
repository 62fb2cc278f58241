/** A NATS server of an example's own: on a free port of the loopback interface, with its own store in the example's directory. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { delimiter, join } from "node:path";

const NAME = "nats-server";

function natsProgram(): string {
  const given = process.env["NATS_SERVER"];
  if (given !== undefined) return given;
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/bin"];
  const found = folders.map((folder) => join(folder, NAME)).find((path) => existsSync(path));
  if (found === undefined)
    throw new Error(
      `${NAME} isn't installed: put it into the PATH, or name it in NATS_SERVER; on Debian it is "apt-get install ${NAME}"`,
    );
  return found;
}

export class NatsServer {
  readonly #directory: string;
  readonly #port: number;
  #child: ChildProcess | undefined;

  private constructor(directory: string, port: number) {
    this.#directory = directory;
    this.#port = port;
    process.once("exit", () => this.#child?.kill("SIGKILL"));
  }

  /** @param directory - Where it keeps what it must; must exist. */
  static async start(directory: string): Promise<NatsServer> {
    const server = new NatsServer(directory, await freePort());
    await server.restart();
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Resolves once it takes connections, on the same port and store as before. */
  async restart(): Promise<void> {
    const file = join(this.#directory, "nats.conf");
    const store = JSON.stringify(join(this.#directory, "nats"));
    writeFileSync(file, `listen: "${this.address}"\njetstream { store_dir: ${store} }\n`);
    const child = spawn(natsProgram(), ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    let output = "";
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", () => reject(new Error(`${NAME} didn't start:\n${output}`)));
      child.stderr.on("data", (chunk: Buffer) => {
        if (output.includes("Server is ready")) return;
        output += chunk.toString();
        if (output.includes("Server is ready")) resolve();
      });
    });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#child = undefined;
    const closed = once(child, "close");
    child.kill("SIGKILL");
    await closed;
  }

  /** Loses everything it has stored. It must be stopped. */
  wipe(): void {
    rmSync(join(this.#directory, "nats"), { recursive: true, force: true });
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
