import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import {
  backupKeys,
  backupStore,
  openRuntime,
  planReclaim,
  reclaimStore,
  restoreKeys,
  type Runtime,
} from "tidemark";
import { LmdbKeys } from "../../journal/index.js";
import { temporaryDirectory } from "../support/directories.js";
import { ANN, privacy, users, userView } from "./people.js";

const BEA = { email: "b@b.bb", name: "Bea" };
const opened: Runtime[] = [];

afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.close();
});

async function open(directory: string): Promise<Runtime> {
  const runtime = await openRuntime({
    directory,
    freeBytesMin: 0,
    aggregates: [users],
    projections: [userView],
    privacy,
  });
  opened.push(runtime);
  return runtime;
}

async function withPeople(directory: string): Promise<Runtime> {
  const runtime = await open(directory);
  await runtime.ask(users, "u1", { type: "Register", data: ANN });
  await runtime.ask(users, "u2", { type: "Register", data: BEA });
  return runtime;
}

const nameOf = async (runtime: Runtime, id: string) => (await runtime.state(users, id)).state.name;
const newFolder = () => join(temporaryDirectory(), "copy");

/** The subjects in a copy, whoever they are. */
async function subjectsIn(path: string, storeId: string): Promise<string[]> {
  const giveWay = () => Promise.resolve();
  const keys = await LmdbKeys.open({ path, storeId, readOnly: true, giveWay });
  const subjects = keys.subjects("\u001f", 1_000);
  await keys.close();
  return [...subjects];
}

describe("A backup of keys", () => {
  test("made beside the owner and restored beside a backup of the journal opens what was sealed", async () => {
    const directory = newFolder();
    const runtime = await withPeople(directory);
    const [keys, target] = [newFolder(), newFolder()];
    const report = await backupKeys(directory, keys);
    expect(report).toMatchObject({ from: join(directory, "keys"), to: keys, subjects: 2 });
    expect(report.bytes).toBeGreaterThan(0);
    expect([readdirSync(keys), readdirSync(join(keys, "1"))]).toEqual([["1"], ["data.mdb"]]);
    await backupStore(directory, target);
    await runtime.close();
    const restored = await restoreKeys(keys, target);
    expect(restored).toMatchObject({ to: join(target, "keys"), subjects: 2 });
    expect(readdirSync(target)).not.toContain("keys.restoring");
    const again = await open(target);
    expect([await nameOf(again, "u1"), await nameOf(again, "u2")]).toEqual([ANN.name, BEA.name]);
  });

  test("holds nobody who is forgotten, and whoever is forgotten since is forgotten again at opening", async () => {
    const directory = newFolder();
    const runtime = await withPeople(directory);
    const [before, after] = [newFolder(), newFolder()];
    const { storeId } = await backupKeys(directory, before);
    await runtime.privacy.forget("u1");
    await backupKeys(directory, after);
    expect(await subjectsIn(before, storeId)).toEqual(["u1", "u2"]);
    expect(await subjectsIn(after, storeId)).toEqual(["u2"]);
    await runtime.close();
    rmSync(join(directory, "keys"), { recursive: true });
    await restoreKeys(before, directory);
    const again = await open(directory);
    expect([await nameOf(again, "u1"), await nameOf(again, "u2")]).toEqual(["[erased]", BEA.name]);
    expect(again.privacy.has("u1")).toBe(false);
  });

  test("made while subjects are forgotten is that of one moment, without those destroyed before it began", async () => {
    const directory = newFolder();
    const runtime = await open(directory);
    const ids = Array.from({ length: 8 }, (_, n) => `p${n}`);
    for (const id of ids)
      await runtime.ask(users, id, { type: "Register", data: { email: `${id}@b.bb`, name: id } });
    for (const id of ids.slice(0, -1)) {
      const to = newFolder();
      const gone = ids.filter((other) => !runtime.privacy.has(other));
      const [{ storeId }] = await Promise.all([
        backupKeys(directory, to),
        runtime.privacy.forget(id),
      ]);
      const kept = await subjectsIn(to, storeId);
      expect(kept.filter((subject) => gone.includes(subject))).toEqual([]);
      expect(kept).toEqual(expect.arrayContaining(ids.slice(ids.indexOf(id) + 1)));
    }
  });

  test("isn't restored where somebody has the directory open, where keys are, or for another store", async () => {
    const [directory, other, keys] = [newFolder(), newFolder(), newFolder()];
    const runtime = await withPeople(directory);
    await backupKeys(directory, keys);
    await expect(restoreKeys(keys, directory)).rejects.toMatchObject({ code: "journal-owned" });
    await runtime.close();
    await expect(restoreKeys(keys, directory)).rejects.toMatchObject({
      code: "invalid-argument",
      argument: "directory",
    });
    await (await withPeople(other)).close();
    rmSync(join(other, "keys"), { recursive: true });
    await expect(restoreKeys(keys, other)).rejects.toThrow("belong to store");
    await expect(restoreKeys(newFolder(), other)).rejects.toThrow("there are none");
    expect(readdirSync(other).filter((name) => name.startsWith("keys"))).toEqual([]);
    for (const nothing of [newFolder(), temporaryDirectory()])
      await expect(restoreKeys(keys, nothing)).rejects.toMatchObject({ code: "journal-format" });
  });

  test("goes only into an empty folder, and only where there are keys; else nothing is left of it", async () => {
    const directory = newFolder();
    await (await withPeople(directory)).close();
    const full = temporaryDirectory();
    mkdirSync(full, { recursive: true });
    writeFileSync(join(full, "mine"), "mine");
    await expect(backupKeys(directory, full)).rejects.toMatchObject({ code: "invalid-argument" });
    expect(readdirSync(full)).toEqual(["mine"]);
    const to = newFolder();
    mkdirSync(`${to}.partial`, { recursive: true });
    await expect(backupKeys(directory, to)).rejects.toThrow(`${to}.partial`);
    rmSync(`${to}.partial`, { recursive: true });
    rmSync(join(directory, "keys"), { recursive: true });
    await expect(backupKeys(directory, to)).rejects.toMatchObject({ code: "key-store" });
    expect([existsSync(to), existsSync(`${to}.partial`)]).toEqual([false, false]);
  });
});

test("A directory whose archived events are taken out keeps the keys of personal data", async () => {
  const [directory, to] = [newFolder(), newFolder()];
  const archiveTo = join(temporaryDirectory(), "u1.ndjson");
  const runtime = await withPeople(directory);
  await runtime.ask(users, "u1", { type: "Register", data: ANN });
  await runtime.compact(users, "u1", {
    archiveTo,
    summary: ({ email, name, street, born, points }) => ({
      type: "Registered" as const,
      data: { email, name, address: { street, country: "Utopia" }, born, points },
    }),
  });
  await runtime.operations.refresh(userView);
  await runtime.close();
  const { confirmation } = await planReclaim(directory);
  expect((await reclaimStore(directory, to, { confirm: confirmation })).events).toBe(2);
  const reclaimed = await open(to);
  expect([await nameOf(reclaimed, "u1"), await nameOf(reclaimed, "u2")]).toEqual([
    ANN.name,
    BEA.name,
  ]);
});
