import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { makeStore } from "../maintenance/stores.js";
import { built } from "../support/built.js";
import { temporaryDirectory } from "../support/directories.js";
import { randomFrom } from "../support/random.js";

/** More with CORRUPTION_IMAGES=5000; the same again with SEED=…. */
const IMAGES = Number(process.env["CORRUPTION_IMAGES"] ?? 50);
const SEED = Number(process.env["SEED"] ?? Date.now() % 1_000_000);
const COMMITS = 400;
const PAGE = 4_096;
const PARALLEL = 2;

type Random = () => number;
type Corruption = (bytes: Buffer, random: Random) => Buffer;

const below = (random: Random, end: number) => Math.floor(random() * end);

function pageOf(bytes: Buffer, random: Random): Buffer {
  const page = below(random, bytes.length / PAGE);
  return bytes.subarray(page * PAGE, (page + 1) * PAGE);
}

const CORRUPTIONS: Readonly<Record<string, Corruption>> = {
  "a flipped bit": (bytes, random) => {
    const at = below(random, bytes.length);
    bytes[at] = bytes[at]! ^ (1 << below(random, 8));
    return bytes;
  },
  "a flipped bit in a meta page": (bytes, random) => {
    const at = below(random, 2) * PAGE + below(random, 170);
    bytes[at] = bytes[at]! ^ (1 << below(random, 8));
    return bytes;
  },
  "a page of garbage": (bytes, random) => {
    const page = pageOf(bytes, random);
    for (let at = 0; at < page.length; at++) page[at] = below(random, 256);
    return bytes;
  },
  "a page of zeroes": (bytes, random) => {
    pageOf(bytes, random).fill(0);
    return bytes;
  },
  "a page of another place": (bytes, random) => {
    Buffer.from(pageOf(bytes, random)).copy(pageOf(bytes, random));
    return bytes;
  },
  "a file that ends too early": (bytes, random) => bytes.subarray(0, below(random, bytes.length)),
};

describe(`damage in a data file, ${IMAGES} times, seed ${SEED}`, () => {
  it("is found by verify, or changes nothing that can be read; and the process that asks lives", async () => {
    const store = await makeStore(COMMITS);
    const sound = await built.verifyStore(store);
    expect(sound.problems).toEqual([]);
    const undetected: string[] = [];
    const counts = { found: 0, harmless: 0 };
    const names = Object.keys(CORRUPTIONS);
    let next = 0;
    async function worker(): Promise<void> {
      while (next < IMAGES) {
        const index = next++;
        const random = randomFrom(Math.imul(SEED + 1, 0x9e3779b1) ^ index);
        const name = names[index % names.length]!;
        const part = random() < 0.7 ? "log" : "state";
        const directory = join(temporaryDirectory(), "store");
        cpSync(store, directory, { recursive: true });
        const path = join(directory, part, "data.mdb");
        writeFileSync(path, CORRUPTIONS[name]!(readFileSync(path), random));
        const report = await built.verifyStore(directory);
        if (report.problemCount > 0) counts.found += 1;
        else if (report.head === sound.head && report.checksum === sound.checksum)
          counts.harmless += 1;
        else undetected.push(`image ${index}: ${name} in ${part}`);
      }
    }
    await Promise.all(Array.from({ length: PARALLEL }, worker));
    console.log(`damage: ${IMAGES} images, seed ${SEED}, ${JSON.stringify(counts)}`);
    expect(undetected).toEqual([]);
    expect(counts.found).toBeGreaterThan(IMAGES / 4);
  });
});
