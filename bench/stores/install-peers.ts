/** What only benchmarks need is installed when the first benchmark runs, so that nobody else waits for it. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

export function installPeers(): void {
  if (existsSync(join("bench", "node_modules", "better-sqlite3"))) return;
  console.error("installing the contenders into bench/node_modules (once; a minute or two)");
  execFileSync("npm", ["ci", "--no-audit", "--no-fund"], { cwd: "bench", stdio: "inherit" });
}
