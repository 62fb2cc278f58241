/**
 * Parts of index keys that are personal: marked where they are made, so that whoever writes and looks up entries sees hashes only, and the
 * store below replaces them by keyed ones. Equal parts stay equal, and no order is left.
 */
import { createHash } from "node:crypto";

/** No id, and hardly any text, begins with it; behind it stand as many characters of a hash. */
const MARK = "\u0007personal:";
const HASH_LENGTH = 64;

/** What stands for a part of a key. Null stays null: it says nothing about anybody. */
export function personalMark(part: unknown): string {
  const text = typeof part === "string" ? `"${part}` : String(part);
  return MARK + createHash("sha256").update(text).digest("hex");
}

/** The hash of a marked part, and what was put behind it; undefined for any other part. */
export function markedPartOf(
  part: unknown,
): { readonly hash: string; readonly rest: string } | undefined {
  if (typeof part !== "string" || !part.startsWith(MARK)) return undefined;
  const end = MARK.length + HASH_LENGTH;
  return { hash: part.slice(MARK.length, end), rest: part.slice(end) };
}
