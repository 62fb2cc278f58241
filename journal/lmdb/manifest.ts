/**
 * The manifest: what is in a directory, checked before any data file is opened. Opening data with other options than it
 * was written with can end the process in native code (facts, 0.10), so a mismatch must be found here.
 */
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { JournalFormatError } from "../errors.js";
import { TIDEMARK_VERSION } from "../package-version.js";
import { PAGE_SIZE, syncFile } from "./environment.js";

const FILE = "manifest.json";

/** Of the log and everything that can't be rebuilt. Derived parts carry numbers of their own. */
export const JOURNAL_FORMAT_VERSION = 1;

/** What must be as written for the data to be readable. */
const REQUIRED = {
  format: "tidemark-journal",
  formatVersion: JOURNAL_FORMAT_VERSION,
  codec: "msgpack",
  checksum: "crc32",
  keys: "ordered-binary",
  pageSize: PAGE_SIZE,
} as const;

/** Which versions write, for people. */
export const CREATED_BY = `tidemark ${TIDEMARK_VERSION}, lmdb 3.5.6`;

export interface Manifest {
  readonly storeId: string;
  readonly createdBy: string;
  readonly createdAt: string;
}

/**
 * The manifest of a directory; undefined where there is none.
 *
 * @throws JournalFormatError - It can't be read, or it describes something that this version can't open.
 */
export function readManifest(directory: string): Manifest | undefined {
  let text: string;
  try {
    text = readFileSync(join(directory, FILE), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new JournalFormatError(directory, `${FILE} can't be read`, { cause: error });
  }
  const fields = parse(directory, text);
  for (const [name, wanted] of Object.entries(REQUIRED)) {
    if (fields[name] !== wanted) {
      const given = fields[name] === undefined ? "missing" : JSON.stringify(fields[name]);
      throw new JournalFormatError(
        directory,
        `${FILE} says ${name} is ${given}, this version of Tidemark reads ${JSON.stringify(wanted)}`,
      );
    }
  }
  const { storeId, createdBy, createdAt } = fields;
  if (typeof storeId !== "string" || !/^[0-9a-f-]{36}$/.test(storeId)) {
    throw new JournalFormatError(directory, `${FILE} has no valid storeId`);
  }
  return { storeId, createdBy: String(createdBy), createdAt: String(createdAt) };
}

function parse(directory: string, text: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new JournalFormatError(directory, `${FILE} isn't JSON`, { cause });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new JournalFormatError(directory, `${FILE} isn't a JSON object`);
  }
  return value as Record<string, unknown>;
}

/** Writes the manifest so that after a power cut it is there whole or not at all. */
export function writeManifest(directory: string, manifest: Manifest): void {
  const temporary = join(directory, `${FILE}.new`);
  const text = `${JSON.stringify({ ...REQUIRED, ...manifest }, null, 2)}\n`;
  writeFileSync(temporary, text, { mode: 0o600 });
  syncFile(temporary);
  renameSync(temporary, join(directory, FILE));
  syncDirectory(directory);
}

/** Makes names created in a directory durable; a new file's name isn't synced with the file. */
export function syncDirectory(directory: string): void {
  const handle = openSync(directory, "r");
  try {
    fsyncSync(handle);
  } catch {
    // Some systems can't sync a directory; there the name is durable with the file.
  } finally {
    closeSync(handle);
  }
}
