import { spawn } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { compareStores, exportStore, importStore } from "tidemark";
import { describe, expect, it } from "vitest";
import { openLmdbJournal } from "../../journal/index.js";
import { built } from "../support/built.js";
import { temporaryDirectory } from "../support/directories.js";
import { lmdbOptions } from "../support/journals.js";
import { until } from "../support/until.js";

const DOOR = pathToFileURL("dist/src/index.js").href;
const MEBIBYTE = 1024 * 1024;

/** Twelve mebibytes, so that there is something to be in the middle of. */
async function largeStore(): Promise<string> {
  const directory = join(temporaryDirectory(), "store");
  const journal = await openLmdbJournal(lmdbOptions(directory));
  const texts = Array.from({ length: 600 }, (_, n) => `${n}-`.padEnd(20_000, `${n} `));
  await Promise.all(
    texts.map((text, n) =>
      journal.append({
        streams: [{ streamId: `s/${n % 7}`, events: [{ type: "T", data: { text } }] }],
        commandId: `c-${n}`,
      }),
    ),
  );
  await journal.close();
  return directory;
}

/** Runs a function of the package in a process of its own, which is killed once `isTime`; whether it ended before. */
async function killedWhen(call: string, isTime: () => boolean): Promise<boolean> {
  const program = `const t = await import(${JSON.stringify(DOOR)}); await t.${call};`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const closed = new Promise<number | null>((resolve) => child.on("close", resolve));
  let ended = false;
  void closed.then(() => (ended = true));
  await until(() => ended || isTime());
  child.kill("SIGKILL");
  return (await closed) === 0;
}

const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0;
const quoted = (...values: string[]) => values.map((value) => JSON.stringify(value)).join(", ");

describe("a process that is killed", () => {
  it("while it exports leaves what can be gone on with, again and again, to the same file", async () => {
    const directory = await largeStore();
    const wanted = join(temporaryDirectory(), "wanted");
    await exportStore(directory, wanted);
    const file = join(temporaryDirectory(), "all.ndjson");
    for (const share of [0, 2, 5, 8]) {
      const call = `exportStore(${quoted(directory, file)}, { resume: true })`;
      const ended = await killedWhen(call, () => sizeOf(`${file}.partial`) > share * MEBIBYTE);
      // A kill may come between the last step and the end of the process.
      if (ended) expect(existsSync(file)).toBe(true);
      if (existsSync(file)) break;
    }
    if (!existsSync(file)) await exportStore(directory, file, { resume: true });
    expect(readFileSync(file).equals(readFileSync(wanted))).toBe(true);
    expect(existsSync(`${file}.partial`)).toBe(false);
  });

  it("while it imports, or makes the index, leaves what can be gone on with, and the copy is equal", async () => {
    const directory = await largeStore();
    const file = join(temporaryDirectory(), "all.ndjson");
    await exportStore(directory, file);
    const copy = join(temporaryDirectory(), "copy");
    const call = `importStore(${quoted(file, copy)})`;
    const log = join(`${copy}.importing`, "log", "data.mdb");
    const moments = [
      () => existsSync(`${copy}.importing`),
      () => sizeOf(log) > 0,
      () => sizeOf(log) > 3 * MEBIBYTE,
      () => sizeOf(log) > 8 * MEBIBYTE,
      () => existsSync(join(`${copy}.importing`, "state")),
    ];
    for (const isTime of moments) {
      if (await killedWhen(call, isTime)) expect(existsSync(copy)).toBe(true);
      if (existsSync(copy)) break;
    }
    if (!existsSync(copy)) await importStore(file, copy);
    expect(await compareStores(directory, copy)).toMatchObject({ equal: true, equalCommits: 600 });
    const [original, imported] = [
      await built.verifyStore(directory),
      await built.verifyStore(copy),
    ];
    expect(imported).toEqual({ ...original, directory: copy });
  });
});
