/**
 * The controls: LMDB without its syncs. A power cut must lose what it acknowledged, or the test could not find a loss.
 * Usage: node power-cut-raw-child.js write DIRECTORY ACKNOWLEDGEMENTS noSync|noMetaSync|synced; else see inspection.ts
 */
import { mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";
import { open, type RootDatabase } from "lmdb";
import { acknowledgementOf } from "./crash-journal.js";
import { inspectImages } from "./power-cut-inspection.js";

const COMMITS = 300;
const VALUE = "v".repeat(200);

function openRaw(directory: string, flags: object): RootDatabase<string, number> {
  const path = join(directory, "log");
  mkdirSync(path, { recursive: true });
  return open<string, number>({
    path,
    noSubdir: false,
    encoding: "string",
    overlappingSync: false,
    eventTurnBatching: false,
    pageSize: 4_096,
    mapSize: 2 ** 30,
    ...flags,
    ...{ safeRestore: true },
  });
}

async function write(directory: string, acknowledgements: string, flag: string): Promise<void> {
  const file = openSync(acknowledgements, "a");
  const database = openRaw(directory, { [flag]: true });
  for (let n = 1; n <= COMMITS; n++) {
    await database.put(n, `${n} ${VALUE}`);
    writeSync(file, acknowledgementOf(n, n));
  }
  await database.close();
}

async function inspectRaw(directory: string, acknowledged: ReadonlyMap<number, number>) {
  try {
    const database = openRaw(directory, {});
    const lost = [...acknowledged.keys()].filter((n) => database.get(n) !== `${n} ${VALUE}`);
    await database.close();
    return lost.map((n) => `put ${n} was acknowledged and is lost`);
  } catch (error) {
    return [String(error)];
  }
}

const [mode = "", directory = "", acknowledgements = "", flag = ""] = process.argv.slice(2);
if (mode === "write") await write(directory, acknowledgements, flag);
else await inspectImages(inspectRaw);
