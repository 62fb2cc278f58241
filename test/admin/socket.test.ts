/** The socket of a directory: what it carries, who may, what it bears, and what is left where its owner is killed. */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createConnection, type Socket } from "node:net";
import { userInfo } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { connectAdmin, openAdmin, openRuntime, type AdminClient, type Runtime } from "tidemark";
import { temporaryDirectory } from "../support/directories.js";
import { office } from "../support/office.js";
import { Purse } from "../support/transfers.js";
import { startProgram } from "../support/programs.js";
import { until } from "../support/until.js";

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
});

async function own(directory: string, admin = {}): Promise<Runtime> {
  const runtime = await openRuntime({ ...office, directory, freeBytesMin: 0, admin });
  closing.push(runtime);
  return runtime;
}
async function connect(directory: string): Promise<AdminClient> {
  const client = await connectAdmin({ directory });
  closing.push(client);
  return client;
}
const deposit = (runtime: Runtime, purse: string, cents: number) =>
  runtime.ask(Purse, purse, { type: "Deposit", data: { cents } });

/** A stranger to the client: writes what it likes, and hears what comes. */
async function raw(path: string): Promise<Socket & { readonly heard: string[] }> {
  const socket = createConnection(path);
  const heard: string[] = [];
  let rest = "";
  socket.on("data", (piece: Buffer) => {
    const lines = (rest + piece.toString()).split("\n");
    rest = lines.pop() ?? "";
    heard.push(...lines);
  });
  socket.on("error", () => undefined);
  await new Promise((resolve) => socket.once("connect", resolve));
  closing.push({ close: async () => void socket.destroy() });
  return Object.assign(socket, { heard });
}

describe("the socket of a directory", () => {
  it("carries operations of a running service, with what JSON has no form for, and its errors", async () => {
    const directory = temporaryDirectory();
    const runtime = await own(directory);
    await deposit(runtime, "ann", 500);
    const client = await connect(directory);
    expect(await client.call("state", { stream: "purse/ann" })).toEqual({
      stream: "purse/ann",
      kind: "aggregate",
      version: 1,
      state: { cents: 500, closed: false },
    });
    const missing = client.call("stream", { stream: "purse/nobody" });
    await expect(missing).rejects.toMatchObject({
      name: "AdminError",
      code: "not-found",
      message: 'there is no stream "purse/nobody"',
    });
    await client.call("projection.pause", { name: "purses", reason: "a look" }, { by: "ann" });
    const { entries } = await client.call("audit", { limit: 2 });
    expect(entries[1]).toMatchObject({
      what: "projection.pause",
      via: "socket",
      by: `ann (${userInfo().username})`,
      reason: "a look",
      outcome: "done",
    });
  });

  it("answers many at a time over one connection, and the slow ones don't keep the others waiting", async () => {
    const directory = temporaryDirectory();
    const runtime = await own(directory);
    const client = await connect(directory);
    const waiting = client.call("events", { after: runtime.head, waitMs: 30_000 });
    const infos = await Promise.all(Array.from({ length: 200 }, () => client.call("info", {})));
    expect(new Set(infos.map(({ storeId }) => storeId)).size).toBe(1);
    await deposit(runtime, "ann", 1);
    expect((await waiting).events).toMatchObject([{ type: "Deposited" }]);
  });

  it("lets a request be taken back", async () => {
    const directory = temporaryDirectory();
    const runtime = await own(directory);
    const client = await connect(directory);
    const controller = new AbortController();
    const { signal } = controller;
    const unwanted = client.call("events", { after: runtime.head, waitMs: 30_000 }, { signal });
    controller.abort(new Error("enough"));
    await expect(unwanted).rejects.toThrow("enough");
    expect(await client.call("info", {})).toMatchObject({ readOnly: false });
  });

  it("belongs to its user alone, and is gone with its owner", async () => {
    const directory = temporaryDirectory();
    const runtime = await own(directory);
    const path = join(directory, "control.sock");
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const client = await connect(directory);
    const open = client.call("events", { after: runtime.head, waitMs: 30_000 });
    open.catch(() => undefined);
    await runtime.close();
    await expect(open).rejects.toMatchObject({ code: "admin-closed" });
    await expect(client.call("info", {})).rejects.toMatchObject({ code: "admin-closed" });
    expect(existsSync(path)).toBe(false);
    await expect(connectAdmin({ directory })).rejects.toMatchObject({ code: "no-owner" });
  });

  it("isn't there where the runtime is told so, or only reads", async () => {
    const directory = temporaryDirectory();
    await own(directory, { socket: false });
    const reader = await openRuntime({ ...office, directory, readOnly: true });
    closing.push(reader);
    expect(readdirSync(directory)).not.toContain("control.sock");
    await expect(connectAdmin({ directory })).rejects.toMatchObject({ code: "no-owner" });
  });

  it("of a directory with a long path is found all the same", async () => {
    const directory = join(temporaryDirectory(), "d".repeat(100), "e".repeat(100));
    mkdirSync(directory, { recursive: true });
    const runtime = await own(directory);
    expect(existsSync(join(directory, "control.sock"))).toBe(false);
    expect((await (await connect(directory)).call("info", {})).directory).toBe(directory);
    await runtime.close();
    expect(existsSync(join(directory, "control.path"))).toBe(false);
  });

  it("that can't be opened costs a line in the log, and nothing else", async () => {
    const directory = temporaryDirectory();
    mkdirSync(join(directory, "control.sock"));
    const warnings: string[] = [];
    const ignore = () => undefined;
    const logger = {
      debug: ignore,
      info: ignore,
      warn: (_fields: object, message: string) => void warnings.push(message),
      error: ignore,
    };
    const runtime = await openRuntime({ ...office, directory, freeBytesMin: 0, logger });
    closing.push(runtime);
    expect(warnings).toContain("the control socket couldn't be opened: it runs without");
    expect(await deposit(runtime, "ann", 1)).toMatchObject({ status: "accepted" });
  });

  it("left by an owner that was killed is taken over by the next one, and answers nobody meanwhile", async () => {
    const directory = temporaryDirectory();
    const owner = startProgram("test/admin/socket-child.js", [directory]);
    await owner.hasWritten("ready");
    const client = await connect(directory);
    await client.call("projection.pause", { name: "purses" });
    const open = client.call("events", { after: 1_000, waitMs: 30_000 });
    open.catch(() => undefined);
    owner.kill("SIGKILL");
    await expect(open).rejects.toMatchObject({ code: "admin-closed" });
    await owner.ended;
    expect(existsSync(join(directory, "control.sock"))).toBe(true);
    await expect(connectAdmin({ directory })).rejects.toMatchObject({ code: "no-owner" });
    await own(directory);
    const { entries } = await (await connect(directory)).call("audit", {});
    const paused = entries.find(({ what }) => what === "projection.pause");
    expect(paused).toMatchObject({ outcome: "done", via: "socket" });
  });

  it("replaces a plain file that is in its place", async () => {
    const directory = temporaryDirectory();
    writeFileSync(join(directory, "control.sock"), "not a socket");
    await own(directory);
    expect(await (await connect(directory)).call("info", {})).toMatchObject({ directory });
  });
});

describe("a stranger at the socket", () => {
  const stranger = async () => {
    const directory = temporaryDirectory();
    const runtime = await own(directory);
    return { runtime, socket: await raw(join(directory, "control.sock")), directory };
  };
  const codeOf = (line: string | undefined) =>
    (JSON.parse(line ?? "{}") as { error?: { code?: string } }).error?.code;

  it.each([
    ["what isn't JSON", "hello"],
    ["a number", "5"],
    ["null", "null"],
    ["a list", "[1,2]"],
    ["no id", '{"operation":"info"}'],
    ["an id that is none", '{"id":"x","operation":"info"}'],
    ["__proto__ in its input", '{"id":1,"operation":"events","input":{"__proto__":{"limit":1}}}'],
    ["__proto__ as an operation", '{"id":1,"operation":"__proto__","input":{}}'],
    ["a form that is none", '{"id":1,"operation":"events","input":{"limit":{"$date":"x"}}}'],
    [
      "deep nesting",
      `{"id":1,"operation":"events","input":${"[".repeat(5_000)}${"]".repeat(5_000)}}`,
    ],
    ["an unknown operation", '{"id":1,"operation":"shutdown","input":{}}'],
    ["a name that is none", '{"id":1,"operation":"info","by":5}'],
  ])("who says %s is told so, and may go on", async (_, line) => {
    const { socket } = await stranger();
    socket.write(`${line}\n{"id":2,"operation":"info","input":{}}\n`);
    await until(() => socket.heard.length === 2);
    const [refused, info] = socket.heard.toSorted((a) => (codeOf(a) === undefined ? 1 : -1));
    expect(codeOf(refused)).toMatch(/^(invalid-argument|unknown-operation)$/);
    expect(JSON.parse(info ?? "{}")).toMatchObject({ id: 2, output: { readOnly: false } });
    expect(({} as { limit?: number }).limit).toBeUndefined();
  });

  it("who sends a line without an end is cut off, and others aren't", async () => {
    const { socket, directory } = await stranger();
    const closed = new Promise((resolve) => socket.once("close", resolve));
    const endless = Buffer.alloc(256 * 1024, "x");
    for (let n = 0; n < 8; n++) socket.write(endless);
    await closed;
    expect(codeOf(socket.heard[0])).toBe("invalid-argument");
    expect(await (await connect(directory)).call("info", {})).toMatchObject({ directory });
  });

  it("who sends 10,000 requests at once gets 10,000 answers", async () => {
    const { socket } = await stranger();
    const waits = Array.from(
      { length: 10_000 },
      (_, index) => `{"id":${index + 1},"operation":"events","input":{"after":${index % 3}}}`,
    );
    socket.write(`${waits.join("\n")}\n`);
    await until(() => socket.heard.length === 10_000);
    const ids = socket.heard.map((line) => (JSON.parse(line) as { id: number }).id);
    expect(new Set(ids).size).toBe(10_000);
  });

  it("who leaves requests waiting gets no more carried out, and others do", async () => {
    const { socket, runtime, directory } = await stranger();
    const { head } = runtime;
    const waits = Array.from(
      { length: 100 },
      (_, index) =>
        `{"id":${index + 1},"operation":"events","input":{"after":${head},"waitMs":30000}}`,
    );
    socket.write(`${waits.join("\n")}\n{"id":999,"operation":"info","input":{}}\n`);
    const client = await connect(directory);
    for (let n = 0; n < 50; n++)
      expect(await client.call("info", {}), String(n)).toMatchObject({ head });
    expect(socket.heard).toEqual([]);
    await deposit(runtime, "ann", 1);
    await until(() => socket.heard.length === 101);
    const gone = await raw(join(directory, "control.sock"));
    gone.write(`${waits.join("\n").replaceAll(`:${head},`, ":9999,")}\n`);
    gone.destroy();
    expect(await client.call("info", {})).toMatchObject({ head: runtime.head });
  });
});

describe("looking at a directory without its service", () => {
  it("with the definitions shows what can be read, beside the owner or after it was closed", async () => {
    const directory = temporaryDirectory();
    const runtime = await own(directory);
    await deposit(runtime, "ann", 500);
    await runtime.operations.refresh("purses");
    for (const moment of ["beside the owner", "after it"]) {
      const client = await openAdmin({ directory, definitions: office });
      closing.push(client);
      expect(await client.call("state", { stream: "purse/ann" }), moment).toMatchObject({
        state: { cents: 500 },
      });
      const { documents } = await client.call("projection.documents", { name: "purses" });
      expect(documents, moment).toEqual([{ id: "ann", document: { cents: 500 } }]);
      await expect(client.call("overview", {}), moment).rejects.toMatchObject({
        code: "owner-needed",
      });
      const change = client.call("projection.pause", { name: "purses" });
      await expect(change, moment).rejects.toMatchObject({ code: "owner-needed" });
      await runtime.close();
    }
  });

  it("without them shows what needs no code, and says what the rest needs", async () => {
    const directory = temporaryDirectory();
    const runtime = await own(directory);
    await deposit(runtime, "ann", 500);
    await runtime.close();
    const client = await openAdmin({ directory });
    closing.push(client);
    expect(await client.call("info", {})).toMatchObject({ readOnly: true, aggregates: [] });
    expect((await client.call("events", { types: ["Deposited"] })).events).toHaveLength(1);
    expect((await client.call("streams", { prefix: "purse/" })).streams).toHaveLength(1);
    expect(await client.call("stream", { stream: "purse/ann" })).toMatchObject({ kind: "other" });
    expect(await client.call("timers", {})).toEqual({ timers: [] });
    expect(await client.call("outbox", {})).toEqual({ lanes: [] });
    expect(await client.call("claims", {})).toEqual({ claims: [] });
    expect((await client.call("audit", {})).entries.length).toBeGreaterThan(0);
    for (const name of ["state", "saga.instances", "projection.documents"] as const)
      await expect(client.call(name, {} as never), name).rejects.toMatchObject({
        code: "definitions-needed",
      });
  });
});
