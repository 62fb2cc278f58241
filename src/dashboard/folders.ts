/**
 * Where operations of the panel write files: whoever opens the panel names the folders, and a browser only what is new in them. A page
 * that could name any path could fill the disk anywhere, and find out what is there.
 */
import { posix, win32 } from "node:path";
import type { OperationName } from "../index.js";
import type { JsonObject } from "./json-input.js";
import { Refusal } from "./refusal.js";

/** Full paths on the machine on which the runtime runs; undefined where the panel writes none of that. */
export interface Folders {
  readonly backupsTo: string | undefined;
  readonly archivesTo: string | undefined;
}

interface Written {
  readonly folder: keyof Folders;
  /** The path's name in the operation's input. */
  readonly path: string;
}

const WRITTEN: Partial<Record<OperationName, Written>> = {
  backup: { folder: "backupsTo", path: "to" },
  compact: { folder: "archivesTo", path: "archiveTo" },
};

/** Begins with a letter or a digit and has no separator: it is never a path, hidden, or the folder above. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$/;

/**
 * The input as the operation takes it: `name` has become a path in the folder.
 *
 * @throws Refusal - It names a path itself or no name (400), or no folder was given (409).
 */
export function inFolder(
  operation: OperationName,
  { name, ...input }: JsonObject,
  folders: Folders,
): JsonObject {
  const written = WRITTEN[operation];
  if (written === undefined) return name === undefined ? input : { name, ...input };
  const folder = folders[written.folder];
  if (folder === undefined)
    throw new Refusal(
      409,
      "no-folder",
      `This panel has no folder to write to; open it with ${written.folder}`,
    );
  if (Object.hasOwn(input, written.path) || typeof name !== "string" || !NAME.test(name))
    throw new Refusal(
      400,
      "bad-input",
      "Give a name for it: at most 120 letters, digits, dots, dashes and underscores, the first a letter or a digit",
    );
  // The runtime may run on another machine than the panel, of another system: its folder tells.
  const system = posix.isAbsolute(folder) ? posix : win32;
  return { ...input, [written.path]: system.join(folder, name) };
}

/** Whether a path is full, on whichever system. */
export function isFullPath(path: unknown): path is string {
  return typeof path === "string" && (posix.isAbsolute(path) || win32.isAbsolute(path));
}
