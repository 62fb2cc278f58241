/**
 * Before all tests: installs zsh and fish on Debian where they are missing, if this is root; see nats-program.ts. Where that fails, the
 * tests of completion in them fail, and say how to install them.
 */
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { installByApt } from "./apt.js";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type ShellName = (typeof SHELLS)[number];

/** @throws Error - It isn't installed. */
export function shellProgram(name: ShellName): string {
  const found = installed(name);
  if (found !== undefined) return found;
  throw new Error(`this test needs ${name}: apt-get install ${name}, brew install ${name}, …`);
}

function installed(name: ShellName): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin"];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

export default function setup(): void {
  for (const name of SHELLS) if (installed(name) === undefined) installByApt(name);
}
