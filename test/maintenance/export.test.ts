import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import {
  backupStore,
  checkExport,
  compareStores,
  exportLines,
  exportStore,
  importStore,
} from "tidemark";
import { describe, expect, it } from "vitest";
import { openLmdbJournal, type AppendRequest } from "../../journal/index.js";
import { firstDigest, nextDigest } from "../../src/maintenance/export-format.js";
import { built } from "../support/built.js";
import { temporaryDirectory } from "../support/directories.js";
import { lmdbOptions } from "../support/journals.js";
import { fillStore, makeStore } from "./stores.js";

const { restoreStore, verifyStore } = built;
const RUNS = Number(process.env["EXPORT_RUNS"] ?? 15);

const fresh = (name: string) => join(temporaryDirectory(), name);

async function exported(directory: string, name = "all.ndjson"): Promise<string> {
  const file = fresh(name);
  await exportStore(directory, file);
  return file;
}

const linesIn = (file: string) => readFileSync(file, "utf8").split("\n").slice(0, -1);

function fileOf(lines: readonly string[]): string {
  const file = fresh("changed.ndjson");
  writeFileSync(file, lines.map((each) => `${each}\n`).join(""));
  return file;
}

const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
  fc.string({ unit: "grapheme" }),
  fc.date({ noInvalidDate: true }),
  fc.uint8Array({ maxLength: 40 }),
);
const key = fc.oneof(fc.constantFrom("a", "$date", "$$b", "7"), fc.string({ maxLength: 8 }));
const data = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("value"), { maxLength: 3 }),
    tie("map"),
  ),
  map: fc
    .dictionary(
      key.filter((name) => name !== "__proto__"),
      tie("value"),
      { maxKeys: 4 },
    )
    .map((map) => ({ ...map })),
})).value;
const streamId = fc.constantFrom("s/a", "s/b", "t/c");
const request: fc.Arbitrary<AppendRequest> = fc
  .record(
    {
      streams: fc.uniqueArray(streamId, { minLength: 1, maxLength: 3 }),
      events: fc.array(
        fc.record({ type: fc.constantFrom("A", "B"), data, shape: fc.integer({ min: 1, max: 3 }) }),
        {
          minLength: 1,
          maxLength: 3,
        },
      ),
      truncate: fc.boolean(),
      commandId: fc.option(fc.uuid(), { nil: undefined }),
      reply: data,
      headers: fc.option(data, { nil: undefined }),
      claimKey: fc.constantFrom("x", "y"),
      claim: fc.constantFrom("take", "release", "expiring", undefined),
    },
    { requiredKeys: ["streams", "events", "truncate", "claimKey"] },
  )
  .map(({ streams, events, truncate, commandId, reply, headers, claim, claimKey }) => {
    const taking = { op: "take", name: "k", key: claimKey, owner: "s/a" } as const;
    const change =
      claim === "release"
        ? ({ ...taking, op: "release" } as const)
        : claim === "expiring"
          ? { ...taking, expiresAtMs: 4_000_000_000_000 }
          : taking;
    return {
      streams: streams.map((id) => ({
        streamId: id,
        events,
        ...(truncate ? { truncateBefore: 1 } : {}),
      })),
      commandId,
      ...(reply === undefined ? {} : { reply }),
      ...(headers === undefined
        ? {}
        : { metadata: { headers: { h: headers }, causationId: "because" } }),
      ...(claim === undefined ? {} : { claims: [change] }),
    };
  });

describe("an export that is imported", () => {
  it("gives the same store, of whatever was recorded", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { maxLength: 12 }),
        fc.boolean(),
        async (requests, zip) => {
          const directory = fresh("store");
          const journal = await openLmdbJournal(lmdbOptions(directory));
          await Promise.all(requests.map((each) => journal.append(each)));
          const file = await exported(directory, zip ? "all.ndjson.gz" : "all.ndjson");
          const copy = fresh("copy");
          const report = await importStore(file, copy);
          expect(report).toMatchObject({
            storeId: journal.storeId,
            head: journal.head(),
            commits: requests.length,
          });
          expect(await compareStores(directory, copy)).toMatchObject({ equal: true });
          const imported = await openLmdbJournal(lmdbOptions(copy));
          const page = { after: 0, limit: 1_000 };
          expect(imported.readPage(page)).toEqual(journal.readPage(page));
          for (const claimKey of ["x", "y"])
            expect(imported.findClaim("k", claimKey)).toEqual(journal.findClaim("k", claimKey));
          for (const { commandId } of requests)
            if (commandId !== undefined)
              expect(imported.findCommand(commandId)).toEqual(journal.findCommand(commandId));
          for (const id of ["s/a", "s/b", "t/c"])
            expect([...imported.readStream(id)]).toEqual([...journal.readStream(id)]);
          await imported.close();
          await journal.close();
        },
      ),
      { numRuns: RUNS },
    );
  });

  it("verifies with the checksum of the original, has its index, and can be written to", async () => {
    const directory = await makeStore(3_000);
    const original = await verifyStore(directory);
    const copy = fresh("copy");
    const told: string[] = [];
    await importStore(await exported(directory, "all.gz"), copy, {
      precheck: false,
      onProgress: (done, total, what) => told.push(`${done}/${total} ${what}`),
    });
    expect(await verifyStore(copy)).toEqual({ ...original, directory: copy });
    expect(told.at(-1)).toBe(`${original.head}/${original.head} events`);
    const journal = await openLmdbJournal(lmdbOptions(copy));
    await journal.append({ streams: [{ streamId: "s/1", events: [{ type: "T" }] }] });
    await journal.close();
    expect(await compareStores(directory, copy)).toMatchObject({
      equal: false,
      equalCommits: 3_000,
      heads: [original.head, original.head + 1],
      difference: { position: original.head + 1, a: undefined },
    });
  });

  it("may get an id of its own, and then has the same commits", async () => {
    const directory = await makeStore(50);
    const copy = fresh("copy");
    const { storeId } = await importStore(exportLines(directory), copy, { keepStoreId: false });
    const compared = await compareStores(directory, copy);
    expect(compared.equal).toBe(true);
    expect(compared.storeIds[1]).toBe(storeId);
    expect(compared.storeIds[0]).not.toBe(storeId);
  });

  it("of an empty store gives an empty store", async () => {
    const directory = await makeStore(0);
    const copy = fresh("copy");
    expect(await importStore(await exported(directory), copy)).toMatchObject({
      head: 0,
      commits: 0,
    });
    expect((await verifyStore(copy)).problems).toEqual([]);
  });
});

describe("an export", () => {
  it("is as of the head when it began, while the owner writes on", async () => {
    const directory = await makeStore(1_000);
    const journal = await openLmdbJournal(lmdbOptions(directory));
    const head = journal.head();
    const writing = fillStore(journal, 1_000, 2_000);
    const file = fresh("all.ndjson");
    const report = await exportStore(directory, file);
    await writing;
    expect(report.upTo).toBeGreaterThanOrEqual(head);
    expect(report).toMatchObject({ from: 1, events: report.upTo, importable: true });
    const copy = fresh("copy");
    await importStore(file, copy);
    const compared = await compareStores(directory, copy);
    expect(compared).toMatchObject({ equalTo: report.upTo, difference: { b: undefined } });
    await journal.close();
  });

  it("is the same bytes each time, and the file is for its owner alone", async () => {
    const directory = await makeStore(2_000);
    const [a, b] = [await exported(directory), await exported(directory)];
    expect(readFileSync(a).equals(readFileSync(b))).toBe(true);
    expect(statSync(a).mode & 0o777).toBe(0o600);
    const zipped = await exported(directory, "all.gz");
    expect(gunzipSync(readFileSync(zipped)).equals(readFileSync(a))).toBe(true);
    expect(statSync(zipped).size).toBeLessThan(statSync(a).size / 2);
    expect([existsSync(`${a}.partial`), existsSync(`${zipped}.partial`)]).toEqual([false, false]);
  });

  it("of some streams has only these, with their positions and claims, and can't be imported", async () => {
    const directory = await makeStore(200);
    const file = fresh("some.ndjson");
    const report = await exportStore(directory, file, { streams: ["t/*", "s/0"] });
    expect(report.importable).toBe(false);
    const journal = await openLmdbJournal(lmdbOptions(directory));
    const wanted = journal
      .readPage({ after: 0, limit: 10_000 })
      .events.filter((event) => event.streamType === "t" || event.streamId === "s/0")
      .map(({ position, streamId: id, version, data: of }) => ({ position, id, version, of }));
    await journal.close();
    const found = linesIn(file)
      .slice(1)
      .flatMap((text) => (JSON.parse(text) as { streams?: Streams }).streams ?? [])
      .flatMap(({ streamId: id, position, firstVersion, events }) =>
        events.map((event, n) => ({
          position: position + n,
          id,
          version: firstVersion + n,
          of: event.data,
        })),
      );
    expect(found).toEqual(wanted);
    expect(report.events).toBe(wanted.length);
    expect(await checkExport(file)).toMatchObject({ events: wanted.length, importable: false });
    const copy = fresh("copy");
    await expect(importStore(file, copy)).rejects.toMatchObject({ code: "invalid-argument" });
    expect([existsSync(copy), existsSync(`${copy}.importing`)]).toEqual([false, false]);
  });

  it("of some positions begins with the commit that holds the first, and ends with the one that holds the last", async () => {
    const directory = await makeStore(100);
    const texts: string[] = [];
    for await (const text of exportLines(directory, { from: 13, upTo: 25 })) texts.push(text);
    const positions = texts.slice(1).flatMap((text) => {
      const { position } = JSON.parse(text) as { position?: number };
      return position === undefined ? [] : [position];
    });
    expect(positions.length).toBeGreaterThan(5);
    expect(positions[0]).toBeLessThanOrEqual(13);
    expect(positions[1]).toBeGreaterThan(13);
    expect(positions.at(-1)).toBeLessThanOrEqual(25);
    await expect(
      importStore(fileOf(texts.map((text) => text.trimEnd())), fresh("c")),
    ).rejects.toMatchObject({
      code: "invalid-argument",
    });
  });

  it("refuses what it can't do, and writes nothing", async () => {
    const directory = await makeStore(5);
    const file = await exported(directory);
    const refused = [
      exportStore(directory, file),
      exportStore(directory, fresh("a"), { from: 0 }),
      exportStore(directory, fresh("a"), { upTo: 99 }),
      exportStore(directory, fresh("a"), { streams: [] }),
      exportStore(directory, fresh("a"), { streams: ["account"] }),
      exportStore(directory, ""),
      importStore(file, directory),
      importStore(exportLines(directory), fresh("b"), { precheck: true }),
      importStore(fresh("missing"), fresh("b")),
      checkExport(directory),
    ];
    for (const each of refused)
      await expect(each).rejects.toMatchObject({ code: "invalid-argument" });
    const nowhere = fresh("nowhere");
    const out = fresh("out");
    await expect(exportStore(nowhere, out)).rejects.toMatchObject({ code: "journal-format" });
    expect([existsSync(out), existsSync(`${out}.partial`)]).toEqual([false, false]);
  });
});

type Streams = readonly {
  readonly streamId: string;
  readonly position: number;
  readonly firstVersion: number;
  readonly events: readonly { readonly data: unknown }[];
}[];

describe("a damaged export", () => {
  it("is noticed whichever line is left out, repeated, or exchanged with the next", async () => {
    const lines = linesIn(await exported(await makeStore(40)));
    for (let at = 0; at < lines.length; at++) {
      const without = lines.toSpliced(at, 1);
      const twice = lines.toSpliced(at, 0, lines[at]!);
      const changed = [without, twice];
      if (at + 1 < lines.length) changed.push(lines.toSpliced(at, 2, lines[at + 1]!, lines[at]!));
      for (const each of changed)
        await expect(checkExport(fileOf(each))).rejects.toMatchObject({ code: "export-damaged" });
    }
  });

  it("is noticed whichever byte is another, and wherever it is cut", async () => {
    const bytes = readFileSync(await exported(await makeStore(3)));
    const file = fresh("changed.ndjson");
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at] = changed[at]! ^ (1 << (at % 8));
      writeFileSync(file, changed);
      await expect(checkExport(file), `byte ${at}`).rejects.toMatchObject({
        code: "export-damaged",
      });
      writeFileSync(file, bytes.subarray(0, at));
      await expect(checkExport(file), `cut at ${at}`).rejects.toMatchObject({
        code: "export-damaged",
      });
    }
  });

  it("is noticed wherever a compressed one is cut or changed", async () => {
    const bytes = readFileSync(await exported(await makeStore(600), "all.gz"));
    const file = fresh("changed.gz");
    for (let at = 20; at < bytes.length; at += 997) {
      // The header of a gzip member names a time and a system, which mean nothing here.
      const changed = Buffer.from(bytes);
      changed[at] = changed[at]! ^ 0x10;
      for (const each of [changed, bytes.subarray(0, at)]) {
        writeFileSync(file, each);
        const problem = await checkExport(file).then(
          () => undefined,
          (error: unknown) => (error as { code: string }).code,
        );
        const isSame = unzipped(each)?.equals(gunzipSync(bytes)) === true;
        expect(problem, `byte ${at}`).toBe(isSame ? undefined : "export-damaged");
      }
    }
  });

  it("names the line, leaves what comes before it on disk, and is gone on with from a sound copy", async () => {
    const directory = await makeStore(2_000);
    const lines = linesIn(await exported(directory));
    const at = lines.findIndex((text) => text.includes("needle-1500-"));
    const broken = fileOf(lines.with(at, lines[at]!.replace("needle-1500-", "needle-1501-")));
    const copy = fresh("copy");
    await expect(importStore(broken, copy)).rejects.toMatchObject({
      code: "export-damaged",
      line: at + 1,
    });
    expect(existsSync(copy)).toBe(false);
    const unfinished = await verifyStore(`${copy}.importing`);
    expect(unfinished.problems).toEqual([]);
    expect(unfinished.commits).toBe(1_024);
    const report = await importStore(fileOf(lines), copy);
    expect(report.resumedAt).toBe(unfinished.head);
    expect(await compareStores(directory, copy)).toMatchObject({
      equal: true,
      equalCommits: 2_000,
    });
  });

  it("with precheck leaves nothing behind", async () => {
    const lines = linesIn(await exported(await makeStore(2_000)));
    const copy = fresh("copy");
    const cut = fileOf(lines.slice(0, -1));
    await expect(importStore(cut, copy, { precheck: true })).rejects.toMatchObject({
      code: "export-damaged",
      line: lines.length,
    });
    expect(existsSync(`${copy}.importing`)).toBe(false);
  });

  it("whose checks were computed anew is refused where its commits don't follow one another", async () => {
    const other = fresh("other");
    const journal = await openLmdbJournal(lmdbOptions(other));
    await journal.append({ streams: [{ streamId: "s/1", events: [{ type: "T" }] }] });
    await journal.append({ streams: [{ streamId: "s/1", events: [{ type: "T" }] }] });
    await journal.close();
    const [header = "", first = ""] = linesIn(await exported(other));
    const sha256 = nextDigest(firstDigest(`${header}\n`), [`${first}\n`, `${first}\n`]);
    const check = { upTo: 2, commits: 2, events: 2, sha256 };
    const forged = fileOf([
      header,
      first,
      first,
      JSON.stringify({ check }),
      JSON.stringify({ end: check }),
    ]);
    await expect(importStore(forged, fresh("copy"))).rejects.toMatchObject({
      code: "export-damaged",
      line: 3,
    });
  });

  it("isn't taken for the rest of another one", async () => {
    const [a, b] = [await makeStore(1_500), await makeStore(1_600)];
    const lines = linesIn(await exported(a));
    const copy = fresh("copy");
    await expect(importStore(fileOf(lines.slice(0, -3)), copy)).rejects.toMatchObject({
      code: "export-damaged",
    });
    await expect(importStore(await exported(b), copy)).rejects.toMatchObject({
      code: "invalid-argument",
    });
    await expect(importStore(fileOf(lines), copy, { keepStoreId: false })).rejects.toMatchObject({
      code: "invalid-argument",
      argument: "keepStoreId",
    });
    await importStore(fileOf(lines), copy);
    expect(await compareStores(a, copy)).toMatchObject({ equal: true });
  });
});

function unzipped(bytes: Uint8Array): Buffer | undefined {
  try {
    return gunzipSync(bytes);
  } catch {
    return undefined;
  }
}

describe("an export that was ended", () => {
  it("is gone on with wherever it was cut, compressed or not, and is then as if it had never been", async () => {
    const directory = await makeStore(2_500);
    for (const name of ["all.ndjson", "all.ndjson.gz"]) {
      const whole = readFileSync(await exported(directory, name));
      for (const share of [0, 0.001, 0.3, 0.61, 0.99, 1]) {
        const file = fresh(name);
        writeFileSync(`${file}.partial`, whole.subarray(0, Math.floor(whole.length * share)));
        await expect(exportStore(directory, file)).rejects.toMatchObject({
          code: "invalid-argument",
        });
        const report = await exportStore(directory, file, { resume: true });
        expect(report.commits).toBe(2_500);
        expect(readFileSync(file).equals(whole), `${name} ${share}`).toBe(true);
        expect([existsSync(`${file}.partial`), existsSync(`${file}.resumed`)]).toEqual([
          false,
          false,
        ]);
      }
    }
  });

  it("keeps its end, although the store has grown, and isn't gone on with for something else", async () => {
    const directory = await makeStore(1_200);
    const whole = readFileSync(await exported(directory));
    const journal = await openLmdbJournal(lmdbOptions(directory));
    await fillStore(journal, 1_200, 50);
    await journal.close();
    const file = fresh("all.ndjson");
    writeFileSync(`${file}.partial`, whole.subarray(0, 300_000));
    for (const other of [{ from: 2 }, { upTo: 7 }, { streams: ["s/1"] }])
      await expect(exportStore(directory, file, { ...other, resume: true })).rejects.toMatchObject({
        code: "invalid-argument",
      });
    await expect(exportStore(await makeStore(1_200), file, { resume: true })).rejects.toMatchObject(
      {
        argument: "storeId",
      },
    );
    await exportStore(directory, file, { resume: true });
    expect(readFileSync(file).equals(whole)).toBe(true);
  });

  it("is gone on with from a file that was compressed as a whole", async () => {
    const directory = await makeStore(700);
    const plain = readFileSync(await exported(directory));
    const file = fresh("again.gz");
    writeFileSync(file, gzipSync(plain));
    expect(await checkExport(file)).toMatchObject({ commits: 700 });
  });
});

describe("restoring", () => {
  it("gives the directory as it was backed up, read as a whole, and leaves the backup as it is", async () => {
    const directory = await makeStore(300);
    const copy = fresh("backup");
    await backupStore(directory, copy);
    const before = readFileSync(join(copy, "log", "data.mdb"));
    const to = fresh("restored");
    const report = await restoreStore(copy, to);
    expect(report).toMatchObject({ to, verified: { directory: to, commits: 300, problems: [] } });
    expect(await compareStores(directory, to)).toMatchObject({ equal: true, equalCommits: 300 });
    expect(readFileSync(join(copy, "log", "data.mdb")).equals(before)).toBe(true);
    expect(await verifyStore(to)).toEqual(report.verified);
  });

  it("of a damaged backup, or into a folder with something in it, writes nothing", async () => {
    const directory = await makeStore(300);
    const bytes = readFileSync(join(directory, "log", "data.mdb"));
    const at = bytes.indexOf("needle-150-");
    bytes[at + 2] = bytes[at + 2]! ^ 0x10;
    const damaged = fresh("damaged");
    cpSync(directory, damaged, { recursive: true });
    writeFileSync(join(damaged, "log", "data.mdb"), bytes);
    const to = fresh("restored");
    await expect(restoreStore(damaged, to)).rejects.toMatchObject({ code: "backup-damaged" });
    await expect(restoreStore(fresh("nowhere"), to)).rejects.toMatchObject({
      code: "backup-damaged",
    });
    expect(existsSync(to)).toBe(false);
    mkdirSync(to);
    writeFileSync(join(to, "something"), "");
    await expect(restoreStore(directory, to)).rejects.toMatchObject({ code: "invalid-argument" });
  });

  it("that was ended is begun anew", async () => {
    const directory = await makeStore(100);
    const to = fresh("restored");
    cpSync(directory, `${to}.restoring.partial`, { recursive: true });
    cpSync(directory, `${to}.restoring`, { recursive: true });
    rmSync(join(`${to}.restoring`, "manifest.json"));
    await restoreStore(directory, to);
    expect(await compareStores(directory, to)).toMatchObject({ equal: true });
    expect([existsSync(`${to}.restoring`), existsSync(`${to}.restoring.partial`)]).toEqual([
      false,
      false,
    ]);
  });
});
