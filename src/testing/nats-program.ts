import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

export const NATS_SERVER = "nats-server";

/** Where the program is; undefined where it isn't installed. `NATS_SERVER` in the environment names another place. */
export function natsProgram(): string | undefined {
  const given = process.env["NATS_SERVER"];
  if (given !== undefined) return given;
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/usr/local/bin"];
  return folders.map((folder) => join(folder, NATS_SERVER)).find((path) => existsSync(path));
}
