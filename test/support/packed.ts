/** The package as npm hands it out: packed, and installed elsewhere. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";

export interface Packed {
  readonly tarball: string;
  /** Paths within the package. */
  readonly files: readonly string[];
}

/** What `npm` prints, run in a folder. What the cache has isn't asked for again. */
export function npm(args: readonly string[], cwd: string): string {
  return execFileSync("npm", args, {
    cwd,
    encoding: "utf8",
    env: { ...process.env, npm_config_prefer_offline: "true", npm_config_audit: "false" },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** The sources were built before the tests began: packing must not write dist while others run from it. */
export function pack(into: string): Packed {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", into];
  // npm 11 gives an array, or an object by package name in newer ones.
  const [{ filename, files }] = Object.values(JSON.parse(npm(args, process.cwd())) as object) as [
    { filename: string; files: { path: string }[] },
  ];
  return { tarball: join(into, filename), files: files.map(({ path }) => path) };
}
