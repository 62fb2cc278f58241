import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.js";
import { NATS_SERVER, natsProgram } from "./nats-program.js";

const READY = "Server is ready";
const READY_WITHIN_MS = 20_000;
const PORT_TAKEN = "address already in use";
/** How many ports are tried. */
const PORTS_MAX = 5;

/**
 * A shell between us and the server, which ends when the server does. Beside it somebody reads the signal to end the server with; if
 * we are killed instead, our end of the pipe closes, and the server and its folder go, too. Nobody reads standard error then: a word
 * about the killed server would end the shell before it has tidied up.
 */
const WATCH = `
exec 3<&0
"$0" -c "$1/server.conf" 3<&- & server=$!
exec 2>/dev/null
{ read -r signal <&3; left=$?; trap "" TERM; kill -"\${signal:-KILL}" $server; exit $left; } & reader=$!
wait $server
kill $reader
wait $reader
if [ $? = 1 ]; then rm -rf "$1"; fi
`;

/** What a {@link NatsServer} is started with. */
export interface NatsServerOptions {
  /** More lines of its configuration, in the syntax of `nats-server`. */
  readonly config?: string;
  /** Without JetStream if false: it then stores nothing. */
  readonly jetStream?: boolean;
}

/**
 * A real NATS server of a test's own: on a free port of the loopback interface, with a store of its own in a temporary folder. It
 * doesn't outlive the process that has started it, however that ends.
 */
export class NatsServer {
  /** With its configuration, and what it has stored in `store`. Of this server only; removed with it. */
  readonly directory: string;
  readonly port: number;
  readonly #program: string;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  private constructor(program: string, port: number) {
    this.#program = program;
    this.port = port;
    this.directory = mkdtempSync(join(tmpdir(), "tidemark-nats-"));
  }

  /**
   * Resolves once it takes connections.
   *
   * @throws Error - The program isn't installed, and how to get it; or it doesn't start, and what it said.
   */
  static async start({
    config = "",
    jetStream = true,
  }: NatsServerOptions = {}): Promise<NatsServer> {
    const program = natsProgram();
    if (program === undefined)
      throw new Error(
        `${NATS_SERVER} isn't installed: put it into the PATH, or name it in NATS_SERVER; on Debian it is "apt-get install ${NATS_SERVER}"`,
      );
    for (let attempt = 1; ; attempt += 1) {
      const server = new NatsServer(program, await freePort());
      const store = jetStream ? `jetstream { store_dir: ${JSON.stringify(server.#store)} }` : "";
      const lines = `listen: "127.0.0.1:${server.port}"\n${store}\n${config}\n`;
      writeFileSync(join(server.directory, "server.conf"), lines);
      try {
        await server.restart();
        return server;
      } catch (error) {
        await server.remove();
        // Somebody may have taken the port since it was free.
        if (attempt === PORTS_MAX || !String(error).includes(PORT_TAKEN)) throw error;
      }
    }
  }

  /** For `nats({ servers })`, or any other client. */
  get url(): string {
    return `nats://127.0.0.1:${this.port}`;
  }

  get #store(): string {
    return join(this.directory, "store");
  }

  /** Starts it where it is stopped, on the same port and store; harmless where it runs. Resolves once it takes connections. */
  async restart(): Promise<void> {
    if (this.#child !== undefined) return;
    const child = spawn("sh", ["-c", WATCH, this.#program, this.directory], {
      stdio: ["pipe", "ignore", "pipe"],
    });
    this.#child = child;
    this.#ended = new Promise((resolve) => child.once("close", () => resolve()));
    // One that has ended by itself can be started again.
    child.once("close", () => (this.#child = this.#child === child ? undefined : this.#child));
    await isReady(child);
  }

  /** `SIGINT` shuts it down, `SIGKILL` is a crash. What it has stored stays; harmless where it is stopped. */
  async stop(signal: "SIGINT" | "SIGKILL" = "SIGINT"): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    child?.stdin?.write(`${signal.slice(3)}\n`);
    await this.#ended;
  }

  /** Loses everything it has stored. It must be stopped. */
  wipe(): void {
    rmSync(this.#store, { recursive: true, force: true });
  }

  /** Ends it, and removes its directory. */
  async remove(): Promise<void> {
    await this.stop("SIGKILL");
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function isReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why: string) => {
      clearTimeout(timer);
      reject(new Error(`${NATS_SERVER} ${why}:\n${output}`));
    };
    const timer = setTimeout(() => {
      fail(`isn't ready after ${READY_WITHIN_MS} ms`);
    }, READY_WITHIN_MS);
    child.once("error", reject);
    // A signal for a server that has ended by itself would be an error nobody waits for.
    child.stdin?.on("error", () => undefined);
    child.once("close", () => fail("has ended"));
    child.stderr?.on("data", (chunk: Buffer) => {
      if (output.includes(READY)) return;
      output += chunk.toString();
      if (!output.includes(READY)) return;
      clearTimeout(timer);
      resolve();
    });
  });
}
