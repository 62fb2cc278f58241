/** A PostgreSQL of one test's own: a fresh cluster in a temporary folder, on a free port of the loopback interface. */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../src/testing/free-port.js";

const DEBIAN = "/usr/lib/postgresql";

/** Where its programs are; undefined where it isn't installed. `POSTGRES_BIN` names another place. */
export function postgresPrograms(): string | undefined {
  const given = process.env["POSTGRES_BIN"];
  if (given !== undefined) return given;
  const versions = existsSync(DEBIAN) ? readdirSync(DEBIAN) : [];
  return versions
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(DEBIAN, version, "bin"))
    .find((bin) => existsSync(join(bin, "initdb")) && existsSync(join(bin, "postgres")));
}

export class PostgresServer {
  readonly #bin: string;
  readonly #directory: string;
  readonly #user: { readonly uid: number; readonly gid: number } | undefined;
  #port = 0;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  private constructor(bin: string) {
    this.#bin = bin;
    this.#directory = mkdtempSync(join(tmpdir(), "tidemark-postgres-"));
    this.#user = process.getuid?.() === 0 ? otherUser() : undefined;
  }

  /** Makes a cluster, and starts it. */
  static async start(bin: string): Promise<PostgresServer> {
    const server = new PostgresServer(bin);
    if (server.#user !== undefined)
      chownSync(server.#directory, server.#user.uid, server.#user.gid);
    const args = ["-D", server.#data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale"];
    execFileSync(join(bin, "initdb"), args, { ...server.#spawning, stdio: "pipe" });
    server.#port = await freePort();
    await server.restart();
    return server;
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.#port}/postgres`;
  }

  get #data(): string {
    return join(this.#directory, "data");
  }

  get #spawning() {
    return { cwd: this.#directory, ...this.#user };
  }

  /** Starts it where it is stopped. Resolves once it takes connections. */
  async restart(): Promise<void> {
    const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories="];
    const args = ["-D", this.#data, "-p", String(this.#port)];
    for (const setting of settings) args.push("-c", setting);
    const child = spawn(join(this.#bin, "postgres"), args, {
      ...this.#spawning,
      stdio: ["ignore", "ignore", "pipe"],
    });
    this.#child = child;
    let output = "";
    this.#ended = new Promise((resolve) => child.once("close", () => resolve()));
    await new Promise<void>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", () => reject(new Error(`PostgreSQL didn't start:\n${output}`)));
      child.stderr.on("data", (chunk: Buffer) => {
        output += chunk.toString();
        if (output.includes("ready to accept connections")) resolve();
      });
    });
  }

  /** `SIGINT` ends its connections and shuts down; `SIGQUIT` is a crash, from which it recovers when it is started again. */
  async stop(signal: "SIGINT" | "SIGQUIT"): Promise<void> {
    this.#child?.kill(signal);
    await this.#ended;
  }

  async remove(): Promise<void> {
    await this.stop("SIGINT");
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** It refuses to run as root. */
function otherUser(): { uid: number; gid: number } {
  const users = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"));
  const user = ["postgres", "nobody"]
    .map((name) => users.find(([found]) => found === name))
    .find((found) => found !== undefined);
  if (user === undefined) throw new Error("there is no user to run PostgreSQL as");
  return { uid: Number(user[2]), gid: Number(user[3]) };
}
