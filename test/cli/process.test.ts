import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AuditEntry, Info, ShownEvent } from "tidemark";
import { NatsServer } from "tidemark/testing";
import { CLI } from "../support/built.js";
import { until } from "../support/until.js";

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const APP = join(import.meta.dirname, "../../dist/examples/guides/command-line.js");
const CHILD = join(import.meta.dirname, "../../dist/test/cli/shop-child.js");
/** More than a pipe holds. */
const DELIVERIES = 1_000;

let folder: string;
let directory: string;
let server: NatsServer;
let owner: ChildProcess;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tidemark-cli-"));
  directory = join(folder, "data");
  server = await NatsServer.start();
  owner = spawn(process.execPath, [CHILD, directory, server.url], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await new Promise((resolve) => owner.stdout?.once("data", resolve));
  for (let n = 0; n < DELIVERIES; n++) owner.stdin?.write(`cup-${n}\n`);
});
afterAll(async () => {
  owner.kill("SIGKILL");
  await server.remove();
  rmSync(folder, { recursive: true, force: true });
});

function started(command: string, args: readonly string[]) {
  const env = { ...process.env, TIDEMARK_DIR: directory, NO_COLOR: "" };
  let written = "";
  let child: ChildProcess | undefined;
  const ended = new Promise<Ended>((resolve) => {
    child = execFile(command, args, { cwd: folder, env }, (_error, stdout, stderr) =>
      resolve({ code: child?.exitCode ?? null, stdout, stderr }),
    );
    child.stdout?.on("data", (text: string) => (written += text));
    child.stdin?.end();
  });
  return { ended, output: () => written, kill: (signal: NodeJS.Signals) => child?.kill(signal) };
}

const tidemark = (...args: readonly string[]) => started(process.execPath, [CLI, ...args]).ended;

async function json<T>(...args: readonly string[]): Promise<T> {
  const { code, stdout, stderr } = await tidemark(...args, "--json");
  expect([code, stderr], args.join(" ")).toEqual([0, ""]);
  return JSON.parse(stdout) as T;
}

describe("beside a running service", () => {
  it("asks that over the socket in its directory", async () => {
    expect(await json<Info>("info")).toMatchObject({
      pid: owner.pid,
      service: "shop",
      readOnly: false,
    });
    expect(await json("state", "article/kettle")).toMatchObject({ state: { count: 2 } });
  });

  it("changes something only with --yes where nobody can be asked, and it is recorded who did it", async () => {
    const refused = await tidemark("projections", "pause", "shelf");
    expect([refused.code, refused.stdout]).toEqual([2, ""]);
    expect(refused.stderr).toContain("needs --yes");
    await json("projections", "pause", "shelf", "--yes", "--reason", "a look");
    await json("projections", "resume", "shelf", "--yes");
    const { entries } = await json<{ readonly entries: readonly AuditEntry[] }>("audit");
    const done = entries.filter(({ what }) => what.startsWith("projection."));
    const by = expect.stringContaining(userInfo().username) as unknown;
    expect(done).toMatchObject([
      { what: "projection.resume", by, via: "socket" },
      { what: "projection.pause", by, via: "socket", reason: "a look" },
    ]);
  });

  it("ends quietly with 0 where whoever reads has enough", async () => {
    const piped = `set -o pipefail; "$0" "$1" events --limit 1000000 --ndjson | head -n 1`;
    const { code, stdout, stderr } = await started("bash", ["-c", piped, process.execPath, CLI])
      .ended;
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({ position: 1, type: "SagaDeployed" });
  });

  it("follows what comes, until Ctrl-C, and ends with 0", async () => {
    const following = started(process.execPath, [
      CLI,
      "events",
      "--follow",
      "--ndjson",
      "--stream",
      "article/late",
    ]);
    const deliveries = setInterval(() => owner.stdin?.write("late\n"), 20);
    await until(() => following.output().includes("\n"));
    clearInterval(deliveries);
    following.kill("SIGINT");
    const { code, stdout, stderr } = await following.ended;
    expect([code, stderr]).toEqual([0, ""]);
    const [first = ""] = stdout.split("\n");
    expect((JSON.parse(first) as ShownEvent).stream).toBe("article/late");
  });

  it("asks and changes it over NATS from elsewhere", async () => {
    const there = ["--nats", server.url, "--service", "shop", "--prefix", "cli"];
    expect(await json<Info>("info", ...there)).toMatchObject({ pid: owner.pid });
    await json("projections", "pause", "shelf", "--yes", ...there);
    await json("projections", "resume", "shelf", "--yes", ...there);
    const { entries } = await json<{ readonly entries: readonly AuditEntry[] }>("audit");
    const last = entries.find(({ via }) => via !== undefined);
    expect(last).toMatchObject({
      via: "nats",
      by: expect.stringContaining(userInfo().username) as unknown,
    });
    const unnamed = await tidemark("info", "--nats", server.url);
    expect([unnamed.code, unnamed.stderr]).toEqual([
      2,
      expect.stringContaining("--service <name>"),
    ]);
  });
});

describe("beside nobody", () => {
  beforeAll(async () => {
    const gone = new Promise((resolve) => owner.once("close", resolve));
    owner.kill("SIGKILL");
    await gone;
  });

  it("reads the directory, and says what it would need for more", async () => {
    expect(await json<Info>("info")).toMatchObject({ readOnly: true });
    expect(await json("events", "--limit", "1")).toMatchObject([{ position: 1 }]);
    const { code, stderr } = await tidemark("state", "article/kettle");
    expect([code, stderr]).toEqual([2, expect.stringContaining("--app")]);
  });

  it("folds states with the definitions of a module", async () => {
    expect(await json("state", "article/kettle", "--at", "version:3", "--app", APP)).toMatchObject({
      state: { sku: "K-100", count: 8 },
    });
    for (const [app, says] of [
      [CHILD.replace("shop-child", "nosuch"), "there is no"],
      [CLI.replace("main.js", "text.js"), "exports no definitions"],
    ] as const) {
      const { code, stderr } = await tidemark("state", "article/kettle", "--app", app);
      expect([code, stderr]).toEqual([2, expect.stringContaining(says)]);
    }
  });

  it("follows a directory, and waits where nothing comes, until Ctrl-C", async () => {
    const { head } = await json<Info>("info");
    const all = ["events", "--follow", "--since", "2020-01-01", "--ndjson"];
    const following = started(process.execPath, [CLI, ...all]);
    let hasEnded = false;
    void following.ended.finally(() => (hasEnded = true));
    await until(() => hasEnded || following.output().includes(`{"position":${head},`));
    // Now it waits, with nothing but a timer; another command lasts longer than a process that has nothing to do.
    await json<Info>("info");
    expect(hasEnded).toBe(false);
    following.kill("SIGINT");
    const { code, stderr } = await following.ended;
    expect([code, stderr]).toEqual([0, ""]);
  });

  it("changes nothing, and says how it could", async () => {
    const { code, stderr } = await tidemark("projections", "pause", "shelf", "--yes", "--app", APP);
    expect([code, stderr]).toEqual([2, expect.stringContaining("Start it, and try again")]);
  });

  it("says where it looked where there is no directory, or no journal in it", async () => {
    const nowhere = await tidemark("info", "--dir", "./nosuch");
    expect([nowhere.code, nowhere.stderr]).toEqual([2, expect.stringContaining("--dir")]);
    mkdirSync(join(folder, "empty"));
    const empty = await tidemark("events", "--dir", "./empty");
    expect([empty.code, empty.stdout]).toEqual([2, ""]);
    expect(empty.stderr).toContain("empty");
  });
});
