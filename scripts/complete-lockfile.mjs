// Adds to package-lock.json the optional builds for other platforms that npm left out because the registry in use
// doesn't offer them. `npm ci` refuses a lockfile without them (npm/cli#9846), on every platform. Run after `npm install`.
import { readFileSync, writeFileSync } from "node:fs";

const FILE = "package-lock.json";
const CPUS = ["arm64", "x64", "arm", "ia32", "ppc64", "riscv64", "s390x", "loong64", "wasm32"];
const SYSTEMS = ["darwin", "linux", "win32", "android", "freebsd", "openharmony"];

const lock = JSON.parse(readFileSync(FILE, "utf8"));

/** Whether a package at `path` would find `name`, as Node looks it up. */
function isFound(path, name) {
  for (
    let base = path;
    ;
    base = base.slice(0, Math.max(0, base.lastIndexOf("node_modules/") - 1))
  ) {
    if (`${base === "" ? "" : `${base}/`}node_modules/${name}` in lock.packages) return true;
    if (base === "") return false;
  }
}

let added = 0;
for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    if (isFound(path, name)) continue;
    const words = name.split("/").at(-1).split("-");
    const cpu = CPUS.filter((word) => words.includes(word));
    const os = SYSTEMS.filter((word) => words.includes(word));
    lock.packages[`node_modules/${name}`] = {
      version: version.replace(/^[~^]/, ""),
      ...(cpu.length > 0 ? { cpu } : {}),
      ...(entry.dev === true ? { dev: true } : {}),
      optional: true,
      ...(os.length > 0 ? { os } : {}),
    };
    added += 1;
  }
}
lock.packages = Object.fromEntries(
  Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)),
);
writeFileSync(FILE, `${JSON.stringify(lock, null, 2)}\n`);
console.log(`${added} builds for other platforms added to ${FILE}`);
