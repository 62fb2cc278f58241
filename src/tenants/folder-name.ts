/**
 * The folder of a tenant, and back: lower-case letters, digits, `-` and `_` stand for themselves, every other byte of the UTF-8
 * form is `=` and two hex digits, and `t-` stands before all.
 *
 * ```
 * acme     t-acme
 * Acme/1   t-=41cme=2f1
 * ```
 *
 * Two ids never have one name, on a file system that ignores case or normalizes text, too; none is `..`, hidden, or a
 * device of some system.
 */
import { InvalidArgumentError } from "../kernel/errors.js";
import { checkId } from "../kernel/ids.js";

const PREFIX = "t-";
/** File systems take 255, and a name to be removed has more behind it. */
const NAME_LENGTH_MAX = 200;
const ENCODED = /[^a-z0-9_-]/;
const NAME = /^t-(?:[a-z0-9_-]|=[0-9a-f]{2})+$/;

/** @throws InvalidArgumentError - It isn't an id, or its name would be too long for a folder. */
export function folderNameOf(tenantId: string): string {
  checkId("tenant id", tenantId);
  let name = PREFIX;
  for (const byte of Buffer.from(tenantId)) {
    const character = String.fromCharCode(byte);
    name += ENCODED.test(character) ? `=${byte.toString(16).padStart(2, "0")}` : character;
  }
  if (name.length > NAME_LENGTH_MAX)
    throw new InvalidArgumentError(
      "tenant id",
      `at most ${NAME_LENGTH_MAX - PREFIX.length} bytes, of which all but a-z, 0-9, - and _ count three times`,
      tenantId,
    );
  return name;
}

/** The id that a folder is of; undefined for any other folder. */
export function tenantIdOf(name: string): string | undefined {
  if (!NAME.test(name)) return undefined;
  const bytes = name
    .slice(PREFIX.length)
    .replace(/=([0-9a-f]{2})/g, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  const id = Buffer.from(bytes, "latin1").toString();
  // What stands for itself may be written otherwise, too; only the one that we write counts.
  try {
    return folderNameOf(id) === name ? id : undefined;
  } catch {
    return undefined;
  }
}
