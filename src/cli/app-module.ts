/** The compiled module that `--app` names. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { hasCode } from "../index.js";
import { CliError } from "./cli-error.js";

/** What it exports. @throws CliError - It isn't there, or can't be loaded. */
export async function exportsOf(app: string): Promise<Readonly<Record<string, unknown>>> {
  const path = resolve(app);
  if (!existsSync(path))
    throw new CliError(`there is no ${path}: give a compiled module with --app`);
  try {
    return (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  } catch (error) {
    if (hasCode(error, "ERR_UNKNOWN_FILE_EXTENSION"))
      throw new CliError(`Node can't load ${path} as it is: compile it, and give the .js file`);
    throw new CliError(`${path} can't be loaded: ${String(error)}`);
  }
}
