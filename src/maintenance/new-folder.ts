/** Where a copy goes. */
import { existsSync, readdirSync } from "node:fs";
import { resolve } from "node:path";
import { InvalidArgumentError } from "../kernel/errors.js";

/**
 * The full path of a folder that a copy may be written to.
 *
 * @throws InvalidArgumentError - There is something in it.
 */
export function newFolder(to: string, argument = "to"): string {
  if (typeof to !== "string" || to === "")
    throw new InvalidArgumentError(argument, "the path of a folder", to);
  const path = resolve(to);
  if (existsSync(path) && readdirSync(path).length > 0)
    throw new InvalidArgumentError(argument, "a folder that is empty or isn't there", to);
  return path;
}
