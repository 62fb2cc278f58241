import { execFile } from "node:child_process";
import { cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { openLmdbJournal } from "../../journal/index.js";
import { built, CLI } from "../support/built.js";
import { temporaryDirectory } from "../support/directories.js";
import { lmdbOptions } from "../support/journals.js";
import { eventsByPosition, fillStore, makeStore } from "./stores.js";

const { backupStore, salvageStore, verifyStore } = built;
const BACKUPS = Number(process.env["BACKUPS"] ?? 5);

/** Changes bytes of a file wherever a text stands. */
function damage(path: string, marker: string): number {
  const bytes = readFileSync(path);
  let found = 0;
  for (let at = bytes.indexOf(marker); at >= 0; at = bytes.indexOf(marker, at + 1)) {
    bytes[at + 2] = bytes[at + 2]! ^ 0x10;
    found += 1;
  }
  writeFileSync(path, bytes);
  return found;
}

async function tidemark(...args: string[]) {
  const run = promisify(execFile)(process.execPath, [CLI, ...args]);
  return run.then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as { code: number; stdout: string; stderr: string },
  );
}

describe("verify", () => {
  it("finds nothing wrong in a whole store, with or without its index, and counts what is in it", async () => {
    const directory = await makeStore(500);
    const report = await verifyStore(directory);
    expect(report).toMatchObject({ commits: 500, streams: 23, problems: [], problemCount: 0 });
    expect(report.indexedTo).toBe(report.head);
    rmSync(join(directory, "state"), { recursive: true });
    expect(await verifyStore(directory)).toEqual({ ...report, indexedTo: 0 });
  });

  it("finds nothing wrong where streams of one type have an event of one type in one commit", async () => {
    const directory = temporaryDirectory();
    const journal = await openLmdbJournal(lmdbOptions(directory));
    const events = [{ type: "Moved" }];
    const streams = ["seat/a", "seat/b"].map((streamId) => ({ streamId, events }));
    await journal.append({ streams });
    await journal.close();
    const report = await built.verifyStore(directory);
    expect(report).toMatchObject({ head: 2, indexedTo: 2, problems: [] });
  });

  it("works when the package lies in a folder with a space in its name", async () => {
    const directory = await makeStore(10);
    const elsewhere = join(temporaryDirectory(), "with a space");
    for (const part of ["src", "journal", "actors", "sagas"])
      cpSync(join("dist", part), join(elsewhere, "dist", part), { recursive: true });
    cpSync("package.json", join(elsewhere, "package.json"));
    symlinkSync(resolve("node_modules"), join(elsewhere, "node_modules"));
    const door = pathToFileURL(join(elsewhere, "dist", "src", "index.js")).href;
    const moved = (await import(door)) as typeof built;
    expect(await moved.verifyStore(directory)).toMatchObject({ commits: 10, problems: [] });
  });

  it("reads beside an owner that writes", async () => {
    const directory = await makeStore(100);
    const journal = await openLmdbJournal(lmdbOptions(directory));
    const writing = fillStore(journal, 100, 2_000);
    const report = await verifyStore(directory);
    await writing;
    expect(report.problems).toEqual([]);
    expect(report.commits).toBeGreaterThanOrEqual(100);
    await journal.close();
  });

  it("names the position of a damaged record in the log", async () => {
    const directory = await makeStore(300);
    const events = await eventsByPosition(directory);
    const [position] = [...events].find(([, text]) => text.includes("needle-150-"))!;
    expect(damage(join(directory, "log", "data.mdb"), "needle-150-")).toBeGreaterThan(0);
    const report = await verifyStore(directory);
    expect(report.problems).toContainEqual(expect.objectContaining({ part: "log", position }));
  });

  it("notices that the index says something else than the log, though each row is sound", async () => {
    const directory = await makeStore(200);
    const other = await makeStore(260);
    rmSync(join(directory, "state"), { recursive: true });
    cpSync(join(other, "state"), join(directory, "state"), { recursive: true });
    const report = await verifyStore(directory);
    expect(report.problems).toMatchObject([{ part: "state" }]);
  });

  it("reports a log that can't be read at all, and lives", async () => {
    const directory = await makeStore(200);
    const path = join(directory, "log", "data.mdb");
    writeFileSync(path, readFileSync(path).subarray(0, 8_192));
    const report = await verifyStore(directory);
    expect(report.problemCount).toBeGreaterThan(0);
    expect(report.problems.some(({ part }) => part === "log")).toBe(true);
  });

  it("reports a folder without a journal", async () => {
    const report = await verifyStore(temporaryDirectory());
    expect(report.problems.map(({ part }) => part)).toContain("manifest");
  });
});

describe("backup", () => {
  it("under load copies everything acknowledged before it began, whole, and the copy opens and goes on", async () => {
    const directory = await makeStore(50);
    const journal = await openLmdbJournal(lmdbOptions(directory));
    let writing = true;
    let next = 50;
    const load = (async () => {
      while (writing) {
        await fillStore(journal, next, 200);
        next += 200;
      }
    })();
    for (let n = 0; n < BACKUPS; n++) {
      const to = join(temporaryDirectory(), "copy");
      const headBefore = journal.head();
      const told: number[] = [];
      const report = await backupStore(directory, to, { onProgress: (done) => told.push(done) });
      expect(report.head).toBeGreaterThanOrEqual(headBefore);
      expect(told.length).toBeGreaterThan(0);
      const verified = await verifyStore(to);
      expect(verified).toMatchObject({ problems: [], head: report.head });
      const restored = await openLmdbJournal(lmdbOptions(to));
      expect(restored.storeId).toBe(journal.storeId);
      const wanted = journal.readPage({ after: 0, upTo: report.head, limit: 1e6 }).events;
      expect(restored.readPage({ after: 0, limit: 1e6 }).events).toEqual(wanted);
      await restored.append({ streams: [{ streamId: "s/1", events: [{ type: "T" }] }] });
      await restored.close();
    }
    writing = false;
    await load;
    await journal.close();
  });

  it("refuses a folder with something in it, and one without a journal, and writes nothing", async () => {
    const directory = await makeStore(5);
    await expect(backupStore(directory, directory)).rejects.toMatchObject({
      code: "invalid-argument",
    });
    const to = join(temporaryDirectory(), "copy");
    await expect(backupStore(temporaryDirectory(), to)).rejects.toMatchObject({
      code: "journal-format",
    });
    expect([existsSync(to), existsSync(`${to}.partial`)]).toEqual([false, false]);
  });
});

describe("salvage", () => {
  it("of a folder that is no store says so, and makes nothing", async () => {
    const [from, parent] = [temporaryDirectory(), temporaryDirectory()];
    const to = join(parent, "saved");
    await expect(salvageStore(from, to)).rejects.toMatchObject({
      code: "journal-unreadable",
      message: expect.stringContaining("has no log in it") as string,
    });
    expect(existsSync(to)).toBe(false);
  });

  it("of a whole journal gives the same events, versions, claims and commands, and leaves the original as it is", async () => {
    const directory = await makeStore(400);
    const before = readFileSync(join(directory, "log", "data.mdb"));
    const to = join(temporaryDirectory(), "saved");
    const report = await salvageStore(directory, to);
    expect(report).toMatchObject({
      commits: 400,
      lost: [],
      lostEvents: 0,
      incompleteStreams: [],
      lostClaims: [],
    });
    expect(readFileSync(join(directory, "log", "data.mdb")).equals(before)).toBe(true);
    expect((await verifyStore(to)).problems).toEqual([]);
    const original = await openLmdbJournal(lmdbOptions(directory));
    const saved = await openLmdbJournal(lmdbOptions(to));
    expect(saved.storeId).not.toBe(original.storeId);
    const events = original.readPage({ after: 0, limit: 10_000 }).events;
    const expected = events.map((event) => ({
      ...event,
      eventId: `${saved.storeId}:${event.position}`,
    }));
    expect(saved.readPage({ after: 0, limit: 10_000 }).events).toEqual(expected);
    expect(saved.findClaim("k", "13")).toEqual(original.findClaim("k", "13"));
    expect(saved.findCommand("c-50")?.position).toBe(original.findCommand("c-50")?.position);
    await original.close();
    await saved.close();
  });

  it("leaves out a damaged record only, and says which events and versions are lost", async () => {
    const directory = await makeStore(400);
    const events = await eventsByPosition(directory);
    const [position] = [...events].find(([, text]) => text.includes('"needle-205-'))!;
    expect(damage(join(directory, "log", "data.mdb"), "needle-205-")).toBeGreaterThan(0);
    const to = join(temporaryDirectory(), "saved");
    const report = await salvageStore(directory, to);
    expect(report.lost).toEqual([[position, position]]);
    expect(report).toMatchObject({ commits: 399, lostEvents: 1 });
    expect(report.incompleteStreams).toEqual([{ streamId: "s/5", missing: [11, 11] }]);
    expect((await verifyStore(to)).problems).toEqual([]);
    const rest = [...events].filter(([at]) => at !== position).map(([, text]) => text);
    expect([...(await eventsByPosition(to)).values()]).toEqual(rest);
  });

  it("goes on behind pages that end the reading process", async () => {
    const directory = await makeStore(2_000);
    const path = join(directory, "log", "data.mdb");
    const bytes = readFileSync(path);
    // Every page that holds this record, or once did, becomes garbage.
    for (let at = bytes.indexOf("needle-900-"); at >= 0; at = bytes.indexOf("needle-900-", at + 1))
      bytes.fill(0xa5, at - (at % 4_096), at - (at % 4_096) + 4_096);
    writeFileSync(path, bytes);
    const to = join(temporaryDirectory(), "saved");
    const report = await salvageStore(directory, to);
    expect(report.lostEvents).toBeGreaterThan(0);
    expect(report.commits).toBeGreaterThan(1_500);
    expect((await verifyStore(to)).problems).toEqual([]);
  });
});

describe("npx tidemark", () => {
  it("verifies, backs up and salvages, as text and as JSON, and tells by its exit code", async () => {
    const directory = await makeStore(300);
    const fine = await tidemark("verify", directory);
    expect(fine).toMatchObject({ code: 0 });
    expect(fine.stdout).toContain("nothing is wrong");
    const copy = join(temporaryDirectory(), "copy");
    const backedUp = await tidemark("backup", directory, copy, "--json");
    expect(JSON.parse(backedUp.stdout)).toMatchObject({ to: copy });
    damage(join(copy, "log", "data.mdb"), "needle-250-");
    const broken = await tidemark("verify", copy, "--json");
    expect(broken.code).toBe(1);
    expect(JSON.parse(broken.stdout)).toMatchObject({ problemCount: 1 });
    const saved = await tidemark("salvage", copy, join(temporaryDirectory(), "saved"));
    expect(saved.code).toBe(1);
    expect(saved.stdout).toContain("1 events are lost");
  });

  it("ends with 2 and says why where it can't do what was asked", async () => {
    const nowhere = join(temporaryDirectory(), "nowhere");
    const results = await Promise.all([
      tidemark("backup", nowhere, `${nowhere}-copy`),
      tidemark("verify", nowhere),
      tidemark("dance"),
    ]);
    for (const { code, stderr } of results) {
      expect(code).toBe(2);
      expect(stderr).not.toContain("    at ");
      expect(stderr.trim()).not.toBe("");
    }
  });
});
