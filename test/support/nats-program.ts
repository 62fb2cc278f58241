/** Where the program `nats-server` is, and installing it where it isn't. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAME = "nats-server";
const HOW_TO = `${NAME} isn't installed: put it into the PATH, or name it in NATS_SERVER; on Debian it is "apt-get install ${NAME}"`;

/** @throws Error - It isn't there, and says how to install it. */
export function natsProgram(): string {
  const found = natsProgramFound();
  if (found === undefined) throw new Error(HOW_TO);
  return found;
}

function natsProgramFound(): string | undefined {
  const given = process.env["NATS_SERVER"];
  if (given !== undefined) return given;
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/bin"];
  return folders.map((folder) => join(folder, NAME)).find((path) => existsSync(path));
}

/**
 * Before all tests: installs it on Debian where it is missing, if this is root. Once, since test files run side by side and would
 * fight for the lock of the package manager. Where that fails, the tests that need it fail, and say how to install it.
 */
export default function setup(): void {
  if (natsProgramFound() !== undefined) return;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  const install = () => apt("install", "-y", "--no-install-recommends", NAME);
  try {
    try {
      install();
    } catch {
      // A machine that is new may not know yet what there is.
      apt("update");
      install();
    }
  } catch (cause) {
    console.error(`apt-get couldn't install ${NAME}:`, cause);
  }
}

function apt(...command: string[]): void {
  execFileSync("apt-get", command, { stdio: "pipe" });
}
