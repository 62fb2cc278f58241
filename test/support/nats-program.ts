/**
 * Before all tests: installs `nats-server` on Debian where it is missing, if this is root. Once, since test files run side by side
 * and would fight for the lock of the package manager. Where that fails, the tests that need it fail, and say how to install it.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { NATS_SERVER, natsProgram } from "../../src/testing/nats-program.js";

export default function setup(): void {
  if (natsProgram() !== undefined) return;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  const install = () => apt("install", "-y", "--no-install-recommends", NATS_SERVER);
  try {
    try {
      install();
    } catch {
      // A machine that is new may not know yet what there is.
      apt("update");
      install();
    }
  } catch (cause) {
    console.error(`apt-get couldn't install ${NATS_SERVER}:`, cause);
  }
}

function apt(...command: string[]): void {
  execFileSync("apt-get", command, { stdio: "pipe" });
}
