/** What only benchmarks need is installed when the first benchmark runs, so that nobody else waits for it. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** @param peers - Also the libraries for `--peers`, which take longer. */
export function installContenders(peers: boolean): void {
  const wanted = peers ? join("@event-driven-io", "emmett") : "better-sqlite3";
  if (existsSync(join("bench", "node_modules", wanted))) return;
  console.error("installing the contenders into bench/node_modules (once; a minute or two)");
  const omitted = peers ? [] : ["--omit=optional"];
  execFileSync("npm", ["ci", "--no-audit", "--no-fund", ...omitted], {
    cwd: "bench",
    stdio: "inherit",
  });
}
