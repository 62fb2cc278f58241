import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect as connectTo } from "node:net";
import { join } from "node:path";
import { NatsServer } from "tidemark/testing";
import { afterEach, describe, expect, it, vi } from "vitest";
import { natsProgram } from "../../src/testing/nats-program.js";
import { temporaryDirectory } from "../support/directories.js";
import { until } from "../support/until.js";

const servers: NatsServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.remove();
});

async function started(options?: Parameters<typeof NatsServer.start>[0]): Promise<NatsServer> {
  const server = await NatsServer.start(options);
  servers.push(server);
  return server;
}

/** Whether somebody takes connections there. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectTo(port, "127.0.0.1");
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
    socket.once("connect", () => socket.destroy());
  });
}

const storedIn = ({ directory }: NatsServer) => existsSync(join(directory, "store", "jetstream"));

describe("a NATS server for tests", () => {
  it("keeps port and store over a crash and a shutdown, loses the store when it is wiped, and leaves nothing when it is removed", async () => {
    const server = await started();
    const { url, port } = server;
    for (const signal of ["SIGKILL", "SIGINT"] as const) {
      await server.stop(signal);
      expect(await answers(port)).toBe(false);
      await server.restart();
      expect(await answers(port)).toBe(true);
    }
    expect([server.url, storedIn(server)]).toEqual([url, true]);
    await server.stop();
    server.wipe();
    expect(storedIn(server)).toBe(false);
    await server.remove();
    expect([existsSync(server.directory), await answers(port)]).toEqual([false, false]);
  });

  it("stores nothing without JetStream", async () => {
    expect(storedIn(await started({ jetStream: false }))).toBe(false);
  });

  it("that doesn't start says why", async () => {
    await expect(NatsServer.start({ config: "no_such_option: 1" })).rejects.toThrow(
      /nats-server has ended:[^]*no_such_option/,
    );
  });

  it("tries another port where somebody has taken the one it was given", async () => {
    const folder = temporaryDirectory();
    const program = join(folder, "nats-server");
    const seen = join(folder, "seen");
    const script = `#!/bin/sh
cat "$2" >> "${seen}"
if [ $(wc -l < "${seen}") -gt 6 ]; then exec "${natsProgram() ?? ""}" "$@"; fi
echo "[FTL] Error listening on port: 127.0.0.1: bind: address already in use" >&2
exit 1
`;
    writeFileSync(program, script, { mode: 0o755 });
    vi.stubEnv("NATS_SERVER", program);
    try {
      const server = await started();
      const ports = [...readFileSync(seen, "utf8").matchAll(/^listen: "127\.0\.0\.1:(\d+)"$/gm)];
      expect(ports).toHaveLength(3);
      expect(ports.at(-1)?.[1]).toBe(String(server.port));
      expect(await answers(server.port)).toBe(true);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  it("goes with the process that started it, killed or not", async () => {
    const program = `
      const { NatsServer } = await import("tidemark/testing");
      const { port, directory } = await NatsServer.start();
      console.log(JSON.stringify({ port, directory }));
      setInterval(() => undefined, 1_000);`;
    const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(child.stdout, "data")) as [Buffer];
    const { port, directory } = JSON.parse(line.toString()) as { port: number; directory: string };
    expect([await answers(port), readdirSync(directory)]).toEqual([
      true,
      expect.arrayContaining(["server.conf"]),
    ]);
    child.kill("SIGKILL");
    await until(() => !existsSync(directory));
    expect(await answers(port)).toBe(false);
  });
});
