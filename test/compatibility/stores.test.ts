import { execFile } from "node:child_process";
import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { openRuntime } from "tidemark";
import { describe, expect, it } from "vitest";
import { built } from "../support/built.js";
import { temporaryDirectory } from "../support/directories.js";
import { asJson, type ExpectedStore } from "./describe.js";
import { formats } from "./formats.js";
import { unpack } from "./packing.js";
import { shop } from "./shop.js";

/*
 * Stores as released versions wrote them, one folder a release. Each must open for ever, and show what it showed; see
 * docs/internals/compatibility.md.
 */

const run = promisify(execFile);
const SHOW = join(import.meta.dirname, "../../dist/test/compatibility/show-store-child.js");
const STORES = join(import.meta.dirname, "stores");
const releases = readdirSync(STORES);

function keptStore(release: string) {
  const directory = join(temporaryDirectory(), "store");
  unpack(join(STORES, release, "store.json.gz"), directory);
  const text = readFileSync(join(STORES, release, "expected.json"), "utf8");
  return { directory, expected: JSON.parse(text) as ExpectedStore };
}

/** What it shows at once, and after the timers of an hour. */
async function shownBy(directory: string, { closedAtMs }: ExpectedStore) {
  const { stdout } = await run(process.execPath, [SHOW, directory, String(closedAtMs)], {
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(stdout) as Pick<ExpectedStore, "shown" | "shownLater">;
}

describe.each(releases)("a store written by %s", (release) => {
  it("is whole, and has the checksum that it had", async () => {
    const { directory, expected } = keptStore(release);
    const report = asJson({ ...(await built.verifyStore(directory)), directory: "" });
    expect(report).toEqual(expected.verified);
    expect(report).toMatchObject({ problemCount: 0 });
  });

  it("opens with its events, states, claims, views, sagas, sessions and parked events, and goes on when time does", async () => {
    const { directory, expected } = keptStore(release);
    const { shown, shownLater } = await shownBy(directory, expected);
    expect(shown).toEqual(expected.shown);
    expect(shownLater).toEqual(expected.shownLater);
    expect((await built.verifyStore(directory)).problems).toEqual([]);
  });

  it("opens with the same where its index and its views were deleted", async () => {
    const { directory, expected } = keptStore(release);
    for (const part of ["state", "views"]) rmSync(join(directory, part), { recursive: true });
    const { shown, shownLater } = await shownBy(directory, expected);
    expect(shown).toEqual(expected.shown);
    expect(shownLater).toEqual(expected.shownLater);
  });

  it("is refused, and not touched, where it says it is of a newer format", async () => {
    const { directory } = keptStore(release);
    const path = join(directory, "manifest.json");
    const manifest = JSON.parse(readFileSync(path, "utf8")) as { formatVersion: number };
    const newer = JSON.stringify({ ...manifest, formatVersion: formats.journal + 1 });
    writeFileSync(path, newer);
    const before = readFileSync(join(directory, "log/data.mdb"));
    await expect(openRuntime({ ...shop, directory })).rejects.toMatchObject({
      code: "journal-format",
      message: expect.stringContaining(`formatVersion is ${String(formats.journal + 1)}`) as string,
    });
    expect(readFileSync(path, "utf8")).toBe(newer);
    expect(readFileSync(join(directory, "log/data.mdb"))).toEqual(before);
  });
});

describe("the formats of today", () => {
  it("are those of a store that is kept: a change of one comes with a store that has it", () => {
    const written = releases.map((release) => keptStore(release).expected.formats);
    expect(written).toContainEqual(formats);
  });
});
