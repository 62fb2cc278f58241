/** A NATS server of one test's own: on a free port of the loopback interface, with a store of its own in a temporary folder. */
import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { natsProgram } from "./nats-program.js";
import { freePort } from "./free-port.js";

export interface NatsServerOptions {
  /** More lines of its configuration. */
  readonly config?: string;
  /** Without JetStream if false. */
  readonly jetStream?: boolean;
}

export class NatsServer {
  readonly #program: string;
  readonly #options: NatsServerOptions;
  /** Of this server only; removed with it. */
  readonly directory: string;
  readonly port: number;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  private constructor(program: string, port: number, options: NatsServerOptions) {
    this.#program = program;
    this.#options = options;
    this.port = port;
    this.directory = mkdtempSync(join(tmpdir(), "tidemark-nats-"));
  }

  static async start(options: NatsServerOptions = {}): Promise<NatsServer> {
    const server = new NatsServer(natsProgram(), await freePort(), options);
    await server.restart();
    return server;
  }

  get address(): string {
    return `127.0.0.1:${this.port}`;
  }

  get #store(): string {
    return join(this.directory, "store");
  }

  /** Starts it where it is stopped, on the same port and store; harmless where it runs. Resolves once it takes connections. */
  async restart(): Promise<void> {
    if (this.#child !== undefined) return;
    const file = join(this.directory, "server.conf");
    const { config = "", jetStream = true } = this.#options;
    const store = jetStream ? `jetstream { store_dir: ${JSON.stringify(this.#store)} }` : "";
    writeFileSync(file, `listen: "127.0.0.1:${this.port}"\n${store}\n${config}\n`);
    const child = spawn(this.#program, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
    this.#child = child;
    // A test process that ends early must not leave it behind.
    const kill = () => void child.kill("SIGKILL");
    process.once("exit", kill);
    child.once("close", () => process.off("exit", kill));
    this.#ended = new Promise((resolve) => child.once("close", () => resolve()));
    let output = "";
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", () => reject(new Error(`nats-server didn't start:\n${output}`)));
      child.stderr.on("data", (chunk: Buffer) => {
        if (output.includes("Server is ready")) return;
        output += chunk.toString();
        if (output.includes("Server is ready")) resolve();
      });
    });
  }

  /** `SIGINT` shuts down, `SIGKILL` is a crash; `SIGSTOP` and `SIGCONT` are a pause. */
  async stop(signal: "SIGINT" | "SIGKILL" = "SIGINT"): Promise<void> {
    this.#child?.kill(signal);
    await this.#ended;
    this.#child = undefined;
  }

  /** Loses everything it has stored. It must be stopped. */
  wipe(): void {
    rmSync(this.#store, { recursive: true, force: true });
  }

  /** Keeps what it has stored. It must be stopped. */
  copyStore(): void {
    rmSync(`${this.#store}.copy`, { recursive: true, force: true });
    cpSync(this.#store, `${this.#store}.copy`, { recursive: true });
  }

  /** Goes back to what {@link NatsServer.copyStore} kept. It must be stopped. */
  rollBack(): void {
    this.wipe();
    cpSync(`${this.#store}.copy`, this.#store, { recursive: true });
  }

  async remove(): Promise<void> {
    await this.stop("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }
}
