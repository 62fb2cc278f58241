/**
 * A NATS server of an example's own: on a free port of the loopback interface, with a store of its own in a temporary folder. It
 * never outlives the example, however that ends.
 */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

const NAME = "nats-server";
const READY_WITHIN_MS = 20_000;

/**
 * A shell between the example and its server: reads the signal to end it with. If the example is killed instead, its end of the
 * pipe closes, and the server and its folder go, too. Nobody reads standard error then: a word about the killed server would end
 * the shell before it has tidied up.
 */
const WATCH = `
"$0" -c "$1/server.conf" & server=$!
if read -r signal; then kill -"$signal" $server; wait $server
else exec 2>/dev/null; kill -KILL $server; wait $server; rm -rf "$1"; fi
`;

export interface RunningNatsServer {
  /** For `nats({ servers })`. */
  readonly url: string;
  /** As a crash would end it; {@link RunningNatsServer.restart} brings it back with what it has stored. */
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Loses everything it has stored. It must be killed before. */
  wipe(): void;
  /** Shuts it down, and removes what it has stored. */
  stop(): Promise<void>;
}

/** @throws Error - The program isn't installed, or doesn't start. */
export async function startNatsServer(): Promise<RunningNatsServer> {
  const program = natsProgram();
  const folder = mkdtempSync(join(tmpdir(), "tidemark-example-nats-"));
  const listen = `127.0.0.1:${await freePort()}`;
  const store = JSON.stringify(join(folder, "store"));
  const config = `listen: "${listen}"\njetstream { store_dir: ${store} }\n`;
  writeFileSync(join(folder, "server.conf"), config);
  let child: ChildProcess | undefined = await start(program, folder);
  const end = async (signal: "INT" | "KILL") => {
    const ending = child;
    child = undefined;
    if (ending !== undefined) await endBy(ending, signal);
  };
  return {
    url: `nats://${listen}`,
    kill: () => end("KILL"),
    restart: async () => void (child ??= await start(program, folder)),
    wipe: () => rmSync(join(folder, "store"), { recursive: true, force: true }),
    stop: async () => {
      await end("INT");
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function natsProgram(): string {
  const given = process.env["NATS_SERVER"];
  if (given !== undefined) return given;
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/bin"];
  const found = folders.map((folder) => join(folder, NAME)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new Error(
    `${NAME} isn't installed: put it into the PATH, or name it in NATS_SERVER; on Debian it is "apt-get install ${NAME}"`,
  );
}

/** Resolves once it takes connections. */
function start(program: string, folder: string): Promise<ChildProcess> {
  const child = spawn("sh", ["-c", WATCH, program, folder], { stdio: ["pipe", "ignore", "pipe"] });
  return new Promise((resolve, reject) => {
    let output = "";
    const fail = (why: string) => reject(new Error(`${NAME} ${why}:\n${output}`));
    const timer = setTimeout(() => {
      child.stdin.end();
      fail("doesn't start");
    }, READY_WITHIN_MS);
    child.once("error", reject);
    child.once("close", () => fail("ended"));
    child.stderr.on("data", (chunk: Buffer) => {
      if (output.includes("Server is ready")) return;
      output += chunk.toString();
      if (!output.includes("Server is ready")) return;
      clearTimeout(timer);
      resolve(child);
    });
  });
}

function endBy(child: ChildProcess, signal: "INT" | "KILL"): Promise<void> {
  assert(child.stdin);
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.stdin.write(`${signal}\n`);
  return ended;
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      const port = typeof address === "object" ? (address?.port ?? 0) : 0;
      server.close(() => resolve(port));
    });
  });
}
