/** Which data directory is meant. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { CliError } from "./cli-error.js";
import type { Shell } from "./shell.js";
import type { Environment } from "./target.js";

/** The same, if there is something. @throws CliError - There isn't. */
export function existingDirectory(shell: Shell, given: string | undefined): string {
  const directory = directoryOf(shell, given);
  if (existsSync(directory)) return directory;
  throw new CliError(
    `there is no ${resolve(directory)}: give the data directory, or name it in TIDEMARK_DIR`,
  );
}

/** The one that is given, or named in the environment, or where a service has it that says nothing else. */
export function directoryOf(shell: Shell, given: string | undefined): string {
  return given ?? environmentDirectory(shell.ports.env);
}

export function environmentDirectory(env: Environment): string {
  const { TIDEMARK_DIR: named } = env;
  return named === undefined || named === "" ? "./data" : named;
}
