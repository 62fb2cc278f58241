/**
 * Before all tests: installs `chromium` on Debian where it is missing, if this is root; see nats-program.ts. Where that fails, the tests
 * that need a browser fail, and say how to install it.
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { installByApt } from "./apt.js";

const NAMES = ["chromium", "chromium-browser", "google-chrome"];

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
  if (chromiumProgram() === undefined) installByApt("chromium");
}
