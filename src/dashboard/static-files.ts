/** The files of the page, read once: what is asked for is looked up, and never becomes a path. */
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, extname, join, relative, sep } from "node:path";

export interface StaticFile {
  readonly contentType: string;
  readonly body: Buffer;
}

const TYPES: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** By path of the address; `/` is the page. */
export function staticFiles(folder = publicFolder()): ReadonlyMap<string, StaticFile> {
  const files = new Map<string, StaticFile>();
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    const contentType = TYPES[extname(entry.name)];
    if (!entry.isFile() || contentType === undefined) continue;
    const path = join(entry.parentPath, entry.name);
    const address = `/${relative(folder, path).split(sep).join("/")}`;
    files.set(address === "/index.html" ? "/" : address, { contentType, body: readFileSync(path) });
  }
  return files;
}

/** Within the package, from the sources and from what was built of them. */
function publicFolder(): string {
  const manifest = createRequire(import.meta.url).resolve("tidemark/package.json");
  return join(dirname(manifest), "src/dashboard/public");
}
