/** Which data directory is meant. */
import type { Shell } from "./shell.js";
import type { Environment } from "./target.js";

/** The one that is given, or named in the environment, or where a service has it that says nothing else. */
export function directoryOf(shell: Shell, given: string | undefined): string {
  return given ?? environmentDirectory(shell.ports.env);
}

export function environmentDirectory(env: Environment): string {
  const { TIDEMARK_DIR: named } = env;
  return named === undefined || named === "" ? "./data" : named;
}
