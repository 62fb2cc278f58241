import { cpSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { openRuntime, type PrivacyOptions, type Runtime } from "tidemark";
import { MemoryDirectory, openMemoryRuntime, scanForPlainText } from "tidemark/testing";
import { MemoryKeys } from "../../journal/index.js";
import { temporaryDirectory } from "../support/directories.js";
import { ANN, NEEDLES, privacy, users, userView } from "./people.js";

const opened: Runtime[] = [];

afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.close();
});

async function open(directory: string, options: PrivacyOptions = privacy): Promise<Runtime> {
  const runtime = await openRuntime({
    directory,
    freeBytesMin: 0,
    aggregates: [users],
    projections: [userView],
    privacy: options,
  });
  opened.push(runtime);
  return runtime;
}

function masterKey(...ids: readonly string[]): PrivacyOptions {
  const keys = ids.map((id) => ({ id, key: Buffer.alloc(32, id) }));
  return { masterKey: (id) => (id === undefined ? keys[0] : keys.find((key) => key.id === id)) };
}

test("An archive of what was compacted holds personal values as they were recorded", async () => {
  const directory = temporaryDirectory();
  const runtime = await open(directory);
  await runtime.ask(users, "u1", { type: "Register", data: ANN });
  await runtime.ask(users, "u1", { type: "Register", data: ANN });
  const archiveTo = join(directory, "u1.ndjson");
  await runtime.compact(users, "u1", {
    archiveTo,
    summary: ({ email, name, street, born, points }) => ({
      type: "Registered" as const,
      data: { email, name, address: { street, country: "Utopia" }, born, points },
    }),
  });
  expect((await runtime.state(users, "u1")).state.name).toBe(ANN.name);
  expect(scanForPlainText(directory, NEEDLES)).toEqual([]);
  expect(scanForPlainText(directory, ["$sealed"])).not.toEqual([]);
});

describe("Keys of subjects", () => {
  test("are missed before anything is opened: personal fields without the option are refused", async () => {
    await expect(openMemoryRuntime({ aggregates: [users] })).rejects.toThrow(
      "privacy, which the personal fields of aggregate user need, must be given",
    );
  });

  test("wrapped by another master key are refused at opening, naming it", async () => {
    const directory = temporaryDirectory();
    await (await open(directory, masterKey("one"))).close();
    await expect(open(directory, masterKey("two"))).rejects.toMatchObject({
      code: "master-key",
      masterKeyId: "one",
    });
    const wrong: PrivacyOptions = { masterKey: () => ({ id: "one", key: Buffer.alloc(32, 1) }) };
    await expect(open(directory, wrong)).rejects.toThrow("isn't the key");
    await open(directory, masterKey("one"));
  });

  test("wrapped anew are opened by the new master key alone", async () => {
    const directory = temporaryDirectory();
    let runtime = await open(directory, masterKey("one"));
    await runtime.ask(users, "u1", { type: "Register", data: ANN });
    await runtime.close();
    runtime = await open(directory, masterKey("two", "one"));
    await runtime.ask(users, "u2", { type: "Register", data: { email: "b@b.bb", name: "Bea" } });
    expect(await runtime.privacy.rotateMasterKey()).toBe("two");
    await runtime.close();
    runtime = await open(directory, masterKey("two"));
    expect((await runtime.state(users, "u1")).state.email).toBe(ANN.email);
    expect((await runtime.state(users, "u2")).state.name).toBe("Bea");
    expect(runtime.findClaim("email", ANN.email)?.entityId).toBe("u1");
  });

  test("of one subject are all used: what was written before a rotation, and after", async () => {
    const directory = temporaryDirectory();
    let runtime = await open(directory);
    await runtime.ask(users, "u1", { type: "Register", data: ANN });
    await runtime.privacy.rotateKey("u1");
    await runtime.ask(users, "u1", { type: "Register", data: { ...ANN, name: "Ann Other" } });
    await runtime.close();
    runtime = await open(directory);
    const names = [...runtime.history(users, "u1")].map(
      ({ data }) => (data as { name: string }).name,
    );
    expect(names).toEqual([ANN.name, "Ann Other"]);
    const report = await runtime.privacy.forget("u1", { dryRun: true });
    expect(report.keyIds).toHaveLength(2);
    expect(runtime.privacy.has("u1")).toBe(true);
    await runtime.privacy.forget("u1");
    expect(runtime.privacy.has("u1")).toBe(false);
    expect(JSON.stringify([...runtime.events()])).not.toContain("Ann");
  });

  test("restored from before a forgetting don't bring anybody back", async () => {
    const directory = temporaryDirectory();
    let runtime = await open(directory);
    await runtime.ask(users, "u1", { type: "Register", data: ANN });
    await runtime.ask(users, "u2", { type: "Register", data: { email: "b@b.bb", name: "Bea" } });
    await runtime.operations.refresh(userView);
    await runtime.close();
    const saved = join(temporaryDirectory(), "keys");
    cpSync(join(directory, "keys"), saved, { recursive: true });
    runtime = await open(directory);
    await runtime.privacy.forget("u1");
    await runtime.close();
    rmSync(join(directory, "keys"), { recursive: true });
    cpSync(saved, join(directory, "keys"), { recursive: true });
    runtime = await open(directory);
    expect((await runtime.state(users, "u1")).state.name).toBe("[erased]");
    expect((await runtime.state(users, "u2")).state.name).toBe("Bea");
    expect(runtime.privacy.has("u1")).toBe(false);
  });

  test("of somebody whose forgetting was cut short behind the proof are destroyed at the next opening", async () => {
    const directory = new MemoryDirectory();
    const options = { directory, aggregates: [users], projections: [userView], privacy };
    let runtime = await openMemoryRuntime(options);
    await runtime.ask(users, "u1", { type: "Register", data: ANN });
    await runtime.operations.refresh(userView);
    // The disk gives out when the keys are to be destroyed.
    const rewrite = Object.getOwnPropertyDescriptor(MemoryKeys.prototype, "rewrite");
    Object.defineProperty(directory.keys, "rewrite", {
      configurable: true,
      value: () => Promise.reject(new Error("no space")),
    });
    await expect(runtime.privacy.forget("u1")).rejects.toThrow("no space");
    // Whoever can't finish it doesn't show anything more.
    expect((await runtime.state(users, "u1")).state.name).toBe("[erased]");
    await runtime.close();
    expect(directory.keys.find("u1")).toHaveLength(1);
    Object.defineProperty(directory.keys, "rewrite", rewrite as PropertyDescriptor);
    runtime = await openMemoryRuntime(options);
    opened.push(runtime);
    expect(directory.keys.find("u1")).toEqual([]);
    expect((await runtime.state(users, "u1")).state.name).toBe("[erased]");
    const found = await runtime.view(userView).find("byEmail", { equals: ANN.email });
    expect(found.entries).toEqual([]);
    expect(runtime.privacy.forgotten()).toHaveLength(1);
  });
});
