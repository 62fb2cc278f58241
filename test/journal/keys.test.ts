import { cpSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { KeyStoreError, LmdbKeys, MemoryKeys, type KeyStore } from "../../journal/index.js";
import { scanForPlainText } from "tidemark/testing";
import { keyOf, keysConformance } from "../conformance/keys.js";
import { temporaryDirectory } from "../support/directories.js";

const opened: KeyStore[] = [];

afterEach(async () => {
  for (const store of opened.splice(0)) await store.close();
});

async function openKeys(path: string, storeId = "store", readOnly = false): Promise<LmdbKeys> {
  const giveWay = () => new Promise<void>((resolve) => setImmediate(resolve));
  const keys = await LmdbKeys.open({ path, storeId, readOnly, giveWay });
  opened.push(keys);
  return keys;
}

keysConformance("in memory", () => {
  const keys = new MemoryKeys();
  return { open: () => Promise.resolve(keys) };
});

keysConformance("on disk", () => {
  const path = join(temporaryDirectory(), "keys");
  let current: LmdbKeys | undefined;
  return {
    async open() {
      await current?.close();
      return (current = await openKeys(path));
    },
  };
});

describe("Keys on disk", () => {
  test("that were left out of a rewriting are in no file any more", async () => {
    const path = join(temporaryDirectory(), "keys");
    const keys = await openKeys(path);
    for (let n = 0; n < 200; n++) await keys.put([keyOf(`subject-${n}`, "first")]);
    expect(scanForPlainText(path, ["wrapped subject-77 first"])).not.toEqual([]);
    await keys.rewrite((key) => (key.subject === "subject-77" ? undefined : key));
    expect(scanForPlainText(path, ["wrapped subject-77 first"])).toEqual([]);
    expect(scanForPlainText(path, ["wrapped subject-78 first"])).not.toEqual([]);
  });

  test("are as they were after a kill before the rewriting was published, and rewritten after one behind it", async () => {
    const path = join(temporaryDirectory(), "keys");
    const keys = await openKeys(path);
    await keys.put([keyOf("a", "a1"), keyOf("b", "b1")]);
    await keys.close();
    const before = join(temporaryDirectory(), "before");
    cpSync(path, before, { recursive: true });
    const again = await openKeys(path);
    await again.rewrite((key) => (key.subject === "a" ? undefined : key));
    await again.close();

    // Killed while the copy was written.
    const during = join(temporaryDirectory(), "during");
    cpSync(before, during, { recursive: true });
    mkdirSync(join(during, "2.next"));
    writeFileSync(join(during, "2.next", "data.mdb"), Buffer.alloc(5_000, 1));
    const first = await openKeys(during);
    expect(first.find("a")).toEqual([keyOf("a", "a1")]);
    expect(readdirSync(during)).toEqual(["1"]);

    // Killed behind the rename, before the old ones were removed.
    const behind = join(temporaryDirectory(), "behind");
    cpSync(before, behind, { recursive: true });
    cpSync(join(path, "2"), join(behind, "2.tmp"), { recursive: true });
    renameSync(join(behind, "2.tmp"), join(behind, "2"));
    const second = await openKeys(behind);
    expect(second.find("a")).toEqual([]);
    expect(second.find("b")).toEqual([keyOf("b", "b1")]);
    expect(readdirSync(behind)).toEqual(["2"]);
  });

  test("of another store are refused, and damaged ones too", async () => {
    const path = join(temporaryDirectory(), "keys");
    await (await openKeys(path)).close();
    await expect(openKeys(path, "another")).rejects.toThrow(KeyStoreError);
    rmSync(join(path, "1", "data.mdb"));
    writeFileSync(join(path, "1", "data.mdb"), Buffer.alloc(20_000, 9));
    await expect(openKeys(path)).rejects.toMatchObject({ code: "journal-corrupted" });
  });

  test("are seen by a reader, which gives up what the owner has left out", async () => {
    const path = join(temporaryDirectory(), "keys");
    const keys = await openKeys(path);
    await keys.put([keyOf("a", "a1"), keyOf("b", "b1")]);
    const reader = await openKeys(path, "store", true);
    expect(reader.find("a")).toHaveLength(1);
    await keys.rewrite((key) => (key.subject === "a" ? undefined : key));
    reader.refresh();
    expect(reader.find("a")).toEqual([]);
    expect(reader.find("b")).toHaveLength(1);
    await expect(reader.put([keyOf("c", "c1")])).rejects.toThrow(KeyStoreError);
  });
});
