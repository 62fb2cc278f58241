/** Finds a running service, or opens a directory for reading. */
import { CliError } from "./cli-error.js";
import type { Connect } from "./target.js";

export const connect: Connect = () => Promise.reject(new CliError("not yet"));
