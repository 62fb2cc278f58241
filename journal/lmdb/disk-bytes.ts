/** Bytes on disk of each part of a store: what its data files take, holes left out. */
import { statSync } from "node:fs";
import { join } from "node:path";

const PARTS = ["log", "state", "views", "keys"] as const;
const BLOCK_BYTES = 512;

export function diskBytesOf(directory: string): Readonly<Record<string, number>> {
  const bytes: Record<string, number> = {};
  for (const part of PARTS) {
    const file = statSync(join(directory, part, "data.mdb"), { throwIfNoEntry: false });
    if (file !== undefined) bytes[part] = file.blocks * BLOCK_BYTES;
  }
  return bytes;
}
