/** Installs what tests need of Debian, where this is Debian and root. Where it can't, the tests that need it fail and say how. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";

export function installByApt(name: string): void {
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  const install = () => apt("install", "-y", "--no-install-recommends", name);
  try {
    try {
      install();
    } catch {
      // A machine that is new may not know yet what there is.
      apt("update");
      install();
    }
  } catch (cause) {
    console.error(`apt-get couldn't install ${name}:`, cause);
  }
}

/** A machine that has just started may still be installing something itself: its lock is waited for, and mirrors are asked again. */
function apt(...command: string[]): void {
  const patience = ["-o", "DPkg::Lock::Timeout=120", "-o", "Acquire::Retries=3"];
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  execFileSync("apt-get", [...patience, ...command], { stdio: "pipe", env });
}
