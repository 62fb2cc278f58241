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

function apt(...command: string[]): void {
  execFileSync("apt-get", command, { stdio: "pipe" });
}
