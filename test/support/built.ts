/** The package as users get it: compiled. For what starts processes of its own, which can't run from sources. */
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Tidemark from "tidemark";

const ROOT = join(import.meta.dirname, "../..");

export const built = (await import(
  pathToFileURL(join(ROOT, "dist/src/index.js")).href
)) as typeof Tidemark;

export const CLI = join(ROOT, "dist/src/cli/main.js");
