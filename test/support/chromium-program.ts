/**
 * Before all tests: installs `chromium` on Debian where it is missing, if this is root; see nats-program.ts. Where that fails, the tests
 * that need a browser fail, and say how to install it.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];
const PACKAGE = "chromium";

/** Where the browser is; undefined where none is installed. `CHROMIUM` in the environment names another place. */
export function chromiumProgram(): string | undefined {
  const given = process.env["CHROMIUM"];
  if (given !== undefined) return given;
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin"];
  return folders
    .flatMap((folder) => NAMES.map((name) => join(folder, name)))
    .find((path) => existsSync(path));
}

export default function setup(): void {
  if (chromiumProgram() !== undefined) return;
  if (process.getuid?.() !== 0 || !existsSync("/usr/bin/apt-get")) return;
  const apt = (...command: string[]) => execFileSync("apt-get", command, { stdio: "pipe" });
  const install = () => apt("install", "-y", "--no-install-recommends", PACKAGE);
  try {
    try {
      install();
    } catch {
      // A machine that is new may not know yet what there is.
      apt("update");
      install();
    }
  } catch (cause) {
    console.error(`apt-get couldn't install ${PACKAGE}:`, cause);
  }
}
