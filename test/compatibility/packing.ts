/** A store in one small file: the files of its parts, without what belongs to the process that had it open. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

const KEPT = /(^|\/)(manifest\.json|data\.mdb)$/;

export function pack(directory: string, file: string): void {
  const paths = readdirSync(directory, { recursive: true, encoding: "utf8" });
  const files = paths
    .filter((path) => KEPT.test(path))
    .sort()
    .map((path) => [path, readFileSync(join(directory, path)).toString("base64")]);
  writeFileSync(file, gzipSync(JSON.stringify(files), { level: 9 }));
}

export function unpack(file: string, directory: string): void {
  const text = gunzipSync(readFileSync(file)).toString();
  for (const [path, content] of JSON.parse(text) as [string, string][]) {
    const target = join(directory, path);
    mkdirSync(dirname(target), { recursive: true });
    writeFileSync(target, Buffer.from(content, "base64"));
  }
}
