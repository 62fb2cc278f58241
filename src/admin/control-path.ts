/**
 * Where the socket of a directory is: `control.sock` in it. Paths of sockets are short, so a directory with a long one has its socket
 * in a folder of the temporary folder, and says where in the file `control.path`. On Windows it is a named pipe.
 */
import { createHash } from "node:crypto";
import { lstatSync, mkdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { hasCode } from "../kernel/errors.js";

const SOCKET = "control.sock";
const RECORD = "control.path";
/** The shortest bound of the systems there are is 104, with the byte that ends it. */
const PATH_BYTES_MAX = 103;

/** A place for the socket, made ready: nobody else can get into its folder. @throws Error - It can't be made so. */
export function makeControlPath(directory: string): string {
  const record = join(directory, RECORD);
  const path = join(directory, SOCKET);
  if (process.platform === "win32") return pipeOf(directory);
  if (Buffer.byteLength(path) <= PATH_BYTES_MAX) {
    rmSync(record, { force: true });
    return path;
  }
  const folder = join(tmpdir(), `tidemark-${userInfo().uid}-${hashOf(directory)}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  // The temporary folder is everybody's: somebody else may have made one of that name.
  const { uid, mode } = lstatSync(folder);
  const isOurs = uid === userInfo().uid && (mode & 0o077) === 0 && lstatSync(folder).isDirectory();
  if (!isOurs) throw new Error(`${folder} isn't a folder of this user alone`);
  const short = join(folder, SOCKET);
  writeFileSync(record, short, { mode: 0o600 });
  return short;
}

/** Where to look for the socket of a directory. */
export function findControlPath(directory: string): string {
  if (process.platform === "win32") return pipeOf(directory);
  try {
    return readFileSync(join(directory, RECORD), "utf8");
  } catch (error) {
    if (!hasCode(error, "ENOENT") && !hasCode(error, "ENOTDIR")) throw error;
    return join(directory, SOCKET);
  }
}

/** Whatever is left of a socket at that path: of an owner that was killed, say. */
export function removeControl(directory: string, path: string): void {
  if (process.platform === "win32") return;
  rmSync(path, { force: true });
  if (path !== join(directory, SOCKET)) rmSync(join(directory, RECORD), { force: true });
}

function pipeOf(directory: string): string {
  return `\\\\.\\pipe\\tidemark-${hashOf(directory)}`;
}

function hashOf(directory: string): string {
  return createHash("sha256").update(realpathSync(directory)).digest("hex").slice(0, 24);
}
