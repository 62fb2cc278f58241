/** Operations that can't be undone: an entity ends, a subject is forgotten, keys are wrapped anew. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, it } from "vitest";
import { checkExport, openAdmin, openRuntime, type Runtime } from "tidemark";
import { MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { Article, definitions as shop } from "../../examples/guides/command-line.js";
import { ANN, privacy, users, userView } from "../privacy/people.js";
import { temporaryDirectory } from "../support/directories.js";
import { office } from "../support/office.js";
import { Purse } from "../support/transfers.js";

let runtime: Runtime | undefined;
afterEach(() => runtime?.close());
const people = { aggregates: [users], projections: [userView], privacy };

it("tombstone ends an entity of an aggregate, and nothing else", async () => {
  const directory = new MemoryDirectory();
  runtime = await openMemoryRuntime({ ...office, directory });
  await runtime.ask(Purse, "ann", { type: "Deposit", data: { cents: 5 } });
  const admin = runtime.admin();
  await admin.call("tombstone", { stream: "purse/ann", reason: "she left" });
  const after = await runtime.ask(Purse, "ann", { type: "Deposit", data: { cents: 5 } });
  expect(after).toMatchObject({ status: "rejected", code: "tombstoned" });
  const { head } = runtime;
  for (const [stream, code] of [
    ["purse/nobody", "not-found"],
    ["spending/ann", "invalid-argument"],
    ["tidemark/admin:log", "invalid-argument"],
  ] as const)
    await expect(admin.call("tombstone", { stream }), stream).rejects.toMatchObject({ code });
  const types = [...runtime.events({ after: head })].map(({ type }) => type);
  expect(new Set(types)).toEqual(new Set(["AdminAction", "AdminActionFailed"]));
  const { entries } = await admin.call("audit", { limit: 4 });
  expect(entries.at(-1)).toMatchObject({
    what: "tombstone",
    subject: "purse/ann",
    outcome: "done",
  });
});

it("compact archives an entity whose definition gives a summary, and is audited; other streams and paths are refused", async () => {
  runtime = await openMemoryRuntime({ ...shop, directory: new MemoryDirectory() });
  const receive = { type: "Receive", data: { count: 2 } } as const;
  for (const article of ["cup", "pot"]) await runtime.ask(Article, article, receive);
  await runtime.ask(Article, "cup", receive);
  const admin = runtime.admin();
  const archiveTo = join(temporaryDirectory(), "a folder that isn't there yet", "cup.ndjson");
  const { report } = await admin.call("compact", {
    stream: "article/cup",
    archiveTo,
    reason: "long",
  });
  expect(report).toMatchObject({ version: 3, archive: { file: archiveTo, lastVersion: 2 } });
  expect((await checkExport(archiveTo)).events).toBe(2);
  expect((await runtime.state(Article, "cup")).state).toEqual({ count: 4 });
  const { entries } = await admin.call("audit", { limit: 1 });
  expect(entries).toMatchObject([
    { what: "compact", subject: "article/cup", outcome: "done", reason: "long" },
  ]);
  const other = join(temporaryDirectory(), "other.ndjson");
  for (const [stream, to, code] of [
    ["article/nobody", other, "not-found"],
    ["article/pot", other, "invalid-argument"],
    ["tidemark/admin:log", other, "invalid-argument"],
    ["article/cup", "cup.ndjson", "invalid-argument"],
  ] as const)
    await expect(
      admin.call("compact", { stream, archiveTo: to }),
      `${stream} ${to}`,
    ).rejects.toMatchObject({ code });
  expect([existsSync(other), existsSync("cup.ndjson")]).toEqual([false, false]);
});

it("compact says of an aggregate without a summary that its definition lacks one", async () => {
  runtime = await openMemoryRuntime({ ...office, directory: new MemoryDirectory() });
  await runtime.ask(Purse, "ann", { type: "Deposit", data: { cents: 5 } });
  const archiveTo = join(temporaryDirectory(), "ann.ndjson");
  await expect(runtime.admin().call("compact", { stream: "purse/ann", archiveTo })).rejects.toThrow(
    "in the definition of aggregate purse",
  );
  expect(existsSync(archiveTo)).toBe(false);
});

it("forget tells what it would take, takes it, and is audited; keys are wrapped anew", async () => {
  runtime = await openMemoryRuntime({ ...people, directory: new MemoryDirectory() });
  await runtime.ask(users, "u1", { type: "Register", data: ANN });
  const admin = runtime.admin({ by: "olga", via: "panel", change: true, payloads: true });
  const tried = await admin.call("forget", { subject: "u1", dryRun: true });
  expect(tried.report).toMatchObject({ subject: "u1", events: { user: { Registered: 1 } } });
  expect((await runtime.state(users, "u1")).state).toMatchObject({ name: ANN.name });
  await admin.call("forget", { subject: "u1", reason: "asked to" });
  expect(await admin.call("state", { stream: "user/u1" })).toMatchObject({
    state: { name: "[erased]" },
  });
  const { masterKeyId } = await admin.call("rotateKeys", {});
  expect(masterKeyId).not.toBe("");
  const { entries } = await admin.call("audit", {});
  const told = entries.filter(({ what }) => what === "forget" || what === "rotateKeys");
  expect(told.map(({ what, outcome, reason }) => [what, outcome, reason])).toEqual([
    ["rotateKeys", "done", undefined],
    ["forget", "done", "asked to"],
    ["forget", "done", undefined],
  ]);
  expect(JSON.stringify(entries)).not.toContain(ANN.name);
});

it("a service that keeps nothing personal has nothing to forget", async () => {
  runtime = await openMemoryRuntime({ ...office, directory: new MemoryDirectory() });
  for (const name of ["forget", "rotateKeys"] as const)
    await expect(
      runtime.admin().call(name, (name === "forget" ? { subject: "u1" } : {}) as never),
      name,
    ).rejects.toMatchObject({ code: "operation-refused" });
});

it("looking without the service shows personal values to whoever has the keys", async () => {
  const directory = temporaryDirectory();
  runtime = await openRuntime({ ...people, directory, freeBytesMin: 0 });
  await runtime.ask(users, "u1", { type: "Register", data: ANN });
  await runtime.close();
  const open = await openAdmin({ directory, definitions: people });
  const { state } = await open.call("state", { stream: "user/u1" });
  await open.close();
  expect(state).toMatchObject({ name: ANN.name });
  const raw = await openAdmin({ directory });
  const { events } = await raw.call("events", { stream: "user/u1" });
  await raw.close();
  expect(events).toHaveLength(1);
  const { data } = events[0] ?? {};
  expect(Buffer.from(JSON.stringify(data)).includes(ANN.name)).toBe(false);
});

it("metrics and rates of commands come from one recorder", async () => {
  runtime = await openMemoryRuntime({ ...office, directory: new MemoryDirectory() });
  await runtime.ask(Purse, "ann", { type: "Deposit", data: { cents: 5 } });
  await runtime.ask(Purse, "ann", { type: "Withdraw", data: { cents: 50 } });
  const admin = runtime.admin();
  const { families } = await admin.call("metrics", {});
  expect(families).toContainEqual(expect.objectContaining({ name: "tidemark_commands_total" }));
  const { commandsPerSecond, rejectedPerSecond, failedPerSecond, latency } = await admin.call(
    "overview",
    {},
  );
  expect(commandsPerSecond).toBeCloseTo(2 * rejectedPerSecond, 5);
  expect(rejectedPerSecond).toBeGreaterThan(0);
  expect(failedPerSecond).toBe(0);
  expect(latency).toMatchObject({ samples: 2 });
});
