import { spawnSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { openLmdbJournal, type Journal } from "../../journal/index.js";
import { openEnvironment, openTable } from "../../journal/lmdb/environment.js";
import { stateRow } from "../../journal/lmdb/index-rows.js";
import { dump } from "../conformance/journal.js";
import { lmdbOptions } from "../support/journals.js";
import { temporaryDirectory } from "../support/directories.js";
import { ManualClock } from "tidemark/testing";

const STREAMS = Array.from({ length: 9 }, (_, n) => `s/${n}`);
const COMMANDS = Array.from({ length: 300 }, (_, n) => `c-${n}`);
const opened: Journal[] = [];
afterEach(async () => {
  for (const journal of opened.splice(0)) await journal.close();
});

async function open(directory: string, options: object = {}): Promise<Journal> {
  const journal = await openLmdbJournal({ ...lmdbOptions(directory), ...options });
  opened.push(journal);
  return journal;
}

async function fill(journal: Journal, from = 0, upTo = 300): Promise<void> {
  const pending = [];
  for (let n = from; n < upTo; n++) {
    pending.push(
      journal.append({
        streams: [
          {
            streamId: `s/${n % 9}`,
            events: Array.from({ length: 1 + (n % 3) }, (_, k) => ({
              type: `T${n % 4}`,
              data: { n, k },
            })),
          },
        ],
        commandId: `c-${n}`,
        claims: [{ op: "take", name: "key", key: `k${n % 50}`, owner: `s/${(n % 50) % 9}` }],
      }),
    );
  }
  await Promise.all(pending);
}

function everything(journal: Journal) {
  const claims = Array.from({ length: 50 }, (_, n) => journal.findClaim("key", `k${n}`));
  return { ...dump(journal, STREAMS, COMMANDS), claims };
}

describe("the folder state", () => {
  it("is rebuilt from the log when it is deleted: everything is equal", async () => {
    const directory = temporaryDirectory();
    let journal = await open(directory);
    await fill(journal);
    const before = everything(journal);
    await journal.close();
    rmSync(join(directory, "state"), { recursive: true });
    journal = await open(directory);
    expect(everything(journal)).toEqual(before);
    expect(
      (
        await journal.append({
          streams: [
            { streamId: "s/0", events: [{ type: "T0" }], expected: journal.streamVersion("s/0") },
          ],
        })
      ).duplicate,
    ).toBe(false);
  });

  it.each([0, 1, 150, 299])(
    "is brought up to the log when it is an old copy (of %i commits)",
    async (commits) => {
      const directory = temporaryDirectory();
      let journal = await open(directory);
      await fill(journal, 0, commits);
      await journal.close();
      const copy = join(temporaryDirectory(), "state");
      cpSync(join(directory, "state"), copy, { recursive: true });
      journal = await open(directory);
      await fill(journal, commits);
      const before = everything(journal);
      await journal.close();
      rmSync(join(directory, "state"), { recursive: true });
      cpSync(copy, join(directory, "state"), { recursive: true });
      journal = await open(directory);
      expect(everything(journal)).toEqual(before);
      await journal.close();
      journal = await open(directory);
      expect(everything(journal)).toEqual(before);
    },
  );

  it("is rebuilt when it knows more than the log, when it is of another store, and when its format is another", async () => {
    const directory = temporaryDirectory();
    let journal = await open(directory);
    await fill(journal, 0, 100);
    const before = everything(journal);
    await journal.close();
    const oldLog = join(temporaryDirectory(), "log");
    cpSync(join(directory, "log"), oldLog, { recursive: true });
    journal = await open(directory);
    await fill(journal, 100);
    await journal.close();
    rmSync(join(directory, "log"), { recursive: true });
    cpSync(oldLog, join(directory, "log"), { recursive: true });
    journal = await open(directory);
    expect(everything(journal)).toEqual(before);
    await journal.close();

    const other = temporaryDirectory();
    journal = await open(other);
    await fill(journal, 50, 150);
    await journal.close();
    rmSync(join(directory, "state"), { recursive: true });
    cpSync(join(other, "state"), join(directory, "state"), { recursive: true });
    journal = await open(directory);
    expect(everything(journal)).toEqual(before);
    await journal.close();

    const environment = openEnvironment(join(directory, "state"), false);
    const meta = openTable(environment, "meta");
    const row = stateRow.decode(meta.get("state")!)!;
    await meta.put("state", stateRow.encode({ ...row, format: 99, indexedTo: 3 }));
    await environment.close();
    journal = await open(directory);
    expect(everything(journal)).toEqual(before);
  });

  it("loses its snapshots only, and nothing that is true", async () => {
    const directory = temporaryDirectory();
    let journal = await open(directory);
    await fill(journal, 0, 10);
    await journal.saveSnapshot({
      streamId: "s/0",
      version: 1,
      position: 1,
      takenAtMs: 1,
      fingerprint: "f",
      state: {},
    });
    await journal.close();
    rmSync(join(directory, "state"), { recursive: true });
    journal = await open(directory);
    expect(journal.findSnapshot("s/0")).toBeUndefined();
  });
});

describe("opening after a close, with nothing beyond the index", () => {
  it("indexes no commit twice", async () => {
    const directory = temporaryDirectory();
    for (let round = 1; round <= 4; round++) {
      const journal = await open(directory);
      await journal.append({ streams: [{ streamId: "s/0", events: [{ type: "T0" }] }] });
      expect(journal.streamVersion("s/0")).toBe(round);
      await journal.close();
      const again = await open(directory);
      expect(again.streamVersion("s/0")).toBe(round);
      expect([...again.readStream("s/0")]).toHaveLength(round);
      await again.close();
    }
  });
});

describe("the owner lock", () => {
  it("refuses a second owner with the pid of the first, in this process and in another", async () => {
    const directory = temporaryDirectory();
    const journal = await open(directory);
    await expect(open(directory)).rejects.toMatchObject({
      code: "journal-owned",
      ownerPid: process.pid,
    });
    const program = `
      const { openRuntime } = await import("tidemark");
      try { await openRuntime({ directory: ${JSON.stringify(directory)}, aggregates: [] }); console.log("opened"); }
      catch (error) { console.log(JSON.stringify({ code: error.code, ownerPid: error.ownerPid, message: error.message })); }`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
    });
    expect(JSON.parse(stdout)).toMatchObject({
      code: "journal-owned",
      ownerPid: process.pid,
      message: expect.stringContaining("readOnly") as string,
    });
    await journal.append({ streams: [{ streamId: "s/0", events: [{ type: "T0" }] }] });
    await journal.close();
    expect(existsSync(join(directory, "owner.json"))).toBe(false);
    await open(directory);
  });

  it.each([
    ["a process that is gone", { pid: 2 ** 22 - 1 }],
    ["a process that has this one's pid and another start", { startedAt: "1" }],
    ["a process before the last boot", { realm: "another-boot pid:[1]" }],
  ])("is taken over from %s", async (_name, changes) => {
    const directory = temporaryDirectory();
    const journal = await open(directory);
    const owner = JSON.parse(readFileSync(join(directory, "owner.json"), "utf8")) as object;
    await journal.close();
    writeFileSync(
      join(directory, "owner.json"),
      JSON.stringify({ ...owner, token: "other", ...changes }),
    );
    const again = await open(directory);
    await again.append({ streams: [{ streamId: "s/0", events: [{ type: "T0" }] }] });
    expect(readdirSync(directory).filter((name) => name.startsWith("owner"))).toEqual([
      "owner.json",
    ]);
  });

  it("counts an owner that can't be seen as alive while it touches its file", async () => {
    const directory = temporaryDirectory();
    const journal = await open(directory);
    const owner = JSON.parse(readFileSync(join(directory, "owner.json"), "utf8")) as {
      realm: string;
    };
    await journal.close();
    const elsewhere = {
      ...owner,
      host: "another-container",
      realm: `${owner.realm.split(" ")[0]} pid:[1]`,
      token: "other",
      pid: 7,
    };
    writeFileSync(join(directory, "owner.json"), JSON.stringify(elsewhere));
    const clock = new ManualClock(Date.now());
    await expect(open(directory, { clock })).rejects.toMatchObject({
      code: "journal-owned",
      ownerPid: 7,
      ownerHost: "another-container",
    });
    clock.setWall(Date.now() + 11_000);
    await open(directory, { clock });
  });

  it("is overtaken by a torn file of a writer that died while creating it", async () => {
    const directory = temporaryDirectory();
    await (await open(directory)).close();
    writeFileSync(join(directory, "owner.json"), "{");
    expect((await open(directory)).head()).toBe(0);
  });
});

describe("reading beside the owner", () => {
  it("shows durable commits that the owner hasn't indexed, follows it, and refuses to write", async () => {
    const directory = temporaryDirectory();
    const owner = await open(directory);
    await fill(owner, 0, 100);
    const reader = await open(directory, { readOnly: true });
    expect(everything(reader)).toEqual(everything(owner));
    await fill(owner, 100, 200);
    expect(everything(reader)).toEqual(everything(owner));
    expect(() =>
      reader.enqueue({ streams: [] }, { committed: () => undefined, failed: () => undefined }),
    ).toThrow(expect.objectContaining({ code: "journal-read-only" }) as Error);
    await expect(reader.append({ streams: [] })).rejects.toMatchObject({
      code: "journal-read-only",
    });
    await owner.close();
    const again = await open(directory);
    await fill(again, 200, 300);
    expect(everything(reader)).toEqual(everything(again));
  });

  it("works from another process, which sees what this one has just acknowledged", async () => {
    const directory = temporaryDirectory();
    const owner = await open(directory);
    await fill(owner, 0, 30);
    const program = `
      const { openRuntime } = await import("tidemark");
      const runtime = await openRuntime({ directory: ${JSON.stringify(directory)}, aggregates: [], readOnly: true });
      console.log(JSON.stringify({ head: runtime.head, positions: [...runtime.events()].map(({ position }) => position) }));
      await runtime.close();`;
    const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
    });
    const head = owner.head();
    expect(JSON.parse(stdout)).toEqual({
      head,
      positions: Array.from({ length: head }, (_, n) => n + 1),
    });
    await fill(owner, 30, 40);
    expect(owner.head()).toBeGreaterThan(head);
  });

  it("wakes its listeners when the owner has written", async () => {
    const directory = temporaryDirectory();
    const owner = await open(directory);
    const clock = new ManualClock();
    const reader = await open(directory, { readOnly: true, clock });
    let woken = 0;
    reader.onCommitted(() => (woken += 1));
    await clock.advance(200);
    expect(woken).toBe(0);
    await fill(owner, 0, 5);
    await clock.advance(100);
    expect(woken).toBe(1);
    expect(reader.head()).toBe(owner.head());
  });

  it("refuses a folder without a journal", async () => {
    await expect(open(temporaryDirectory(), { readOnly: true })).rejects.toMatchObject({
      code: "journal-format",
    });
  });
});

describe("the manifest", () => {
  const cases: [string, (text: string) => string | undefined][] = [
    ["missing", () => undefined],
    ["garbled", () => "{ not json"],
    ["not an object", () => "[]"],
    ["of a newer format", (text) => text.replace('"formatVersion": 1', '"formatVersion": 2')],
    ["of another page size", (text) => text.replace('"pageSize": 4096', '"pageSize": 8192')],
    ["of another codec", (text) => text.replace('"msgpack"', '"json"')],
    ["without a store id", (text) => text.replace(/"storeId": "[^"]*"/, '"storeId": 5')],
  ];
  it.each(cases)(
    "that is %s is refused before any data is opened, and nothing is changed",
    async (_name, change) => {
      const directory = temporaryDirectory();
      const journal = await open(directory);
      await fill(journal, 0, 5);
      await journal.close();
      const path = join(directory, "manifest.json");
      const text = readFileSync(path, "utf8");
      const changed = change(text);
      if (changed === undefined) rmSync(path);
      else writeFileSync(path, changed);
      const before = readFileSync(join(directory, "log", "data.mdb"));
      await expect(open(directory)).rejects.toMatchObject({ code: "journal-format" });
      expect(readFileSync(join(directory, "log", "data.mdb")).equals(before)).toBe(true);
      expect(existsSync(path) ? readFileSync(path, "utf8") : undefined).toBe(changed);
      expect(existsSync(join(directory, "owner.json"))).toBe(false);
      writeFileSync(path, text);
      expect((await open(directory)).head()).toBe(9);
    },
  );
});

describe("the free-space guard", () => {
  it("refuses appends while the disk has too little, and takes them again when it has enough", async () => {
    const clock = new ManualClock();
    let freeBytes = 1_000_000;
    const journal = await open(temporaryDirectory(), {
      clock,
      freeBytesMin: 500_000,
      freeBytes: () => freeBytes,
    });
    await fill(journal, 0, 2);
    freeBytes = 400_000;
    await clock.advance(1_001);
    await expect(
      journal.append({ streams: [{ streamId: "s/0", events: [{ type: "T" }] }] }),
    ).rejects.toMatchObject({
      code: "journal-full",
      freeBytes: 400_000,
      freeBytesMin: 500_000,
      retryable: true,
    });
    const head = journal.head();
    expect(journal.streamVersion("s/0")).toBe(1);
    freeBytes = 900_000;
    await clock.advance(101);
    expect(
      (
        await journal.append({
          streams: [{ streamId: "s/0", events: [{ type: "T" }], expected: 1 }],
        })
      ).position,
    ).toBe(head + 1);
  });

  it("looks at the real disk by default", async () => {
    const journal = await open(temporaryDirectory(), { freeBytesMin: Number.MAX_SAFE_INTEGER });
    await expect(
      journal.append({ streams: [{ streamId: "s/0", events: [{ type: "T" }] }] }),
    ).rejects.toMatchObject({ code: "journal-full" });
  });
});

describe("files", () => {
  it("are for the owner's eyes only", async () => {
    const directory = join(temporaryDirectory(), "made");
    const journal = await open(directory);
    await fill(journal, 0, 3);
    const modeOf = (path: string) => (statSync(path).mode & 0o777).toString(8);
    for (const folder of ["", "log", "state"]) expect(modeOf(join(directory, folder))).toBe("700");
    for (const file of ["manifest.json", "owner.json", "log/data.mdb", "state/data.mdb"])
      expect(modeOf(join(directory, file))).toBe("600");
  });
});

describe("a flipped bit in a record", () => {
  it("is detected by every way of reading the log, with the position; the stream's copy is whole", async () => {
    const directory = temporaryDirectory();
    let journal = await open(directory);
    const marker = "needle-in-the-log";
    await fill(journal, 0, 5);
    const { position } = await journal.append({
      streams: [{ streamId: "s/0", events: [{ type: "T0", data: { marker } }] }],
      commandId: "damaged",
    });
    await fill(journal, 10, 15);
    await journal.close();
    const path = join(directory, "log", "data.mdb");
    const bytes = readFileSync(path);
    let found = 0;
    for (let at = bytes.indexOf(marker); at >= 0; at = bytes.indexOf(marker, at + 1)) {
      bytes[at + 3] = bytes[at + 3]! ^ 1;
      found += 1;
    }
    expect(found).toBeGreaterThan(0);
    writeFileSync(path, bytes);
    journal = await open(directory);
    const damaged = expect.objectContaining({ code: "journal-corrupted", position }) as Error;
    expect(
      [...journal.readStream("s/0")].find((event) => event.position === position)?.data,
    ).toEqual({
      marker,
    });
    expect(() => journal.readPage({ after: 0, limit: 1_000 })).toThrow(damaged);
    expect(() =>
      journal.readPage({ after: 0, limit: 1_000, filter: { eventTypes: ["T0"] } }),
    ).toThrow(damaged);
    expect(() => journal.findCommand("damaged")).toThrow(damaged);
    // Everything else can still be read.
    expect(journal.readPage({ after: 0, upTo: position - 1, limit: 1_000 }).events).toHaveLength(
      position - 1,
    );
    expect([...journal.readStream("s/1")].length).toBeGreaterThan(0);
  });
});
