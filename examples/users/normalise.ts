/**
 * When two spellings are one. What is recorded is both: the text as it was typed, for writing to people, and its key, for
 * telling whether it is taken.
 */
import { domainToASCII } from "node:url";

const LOCAL_PART = /^[^\s\p{C}@]+$/u;
const DOMAIN = /\.[a-z][a-z0-9-]*$/;
const ADDRESS_BYTES_MAX = 254;
const USER_NAME = /^[a-z][a-z0-9._-]{2,29}$/;

// #region email
/** The same for every spelling of an address; undefined for what isn't one. */
export function emailKey(address: string): string | undefined {
  // "É" may be one character or an "E" with an accent behind it; full-width letters come from Asian keyboards.
  const text = address.trim().normalize("NFKC");
  const at = text.lastIndexOf("@");
  const local = text.slice(0, Math.max(0, at)).toLowerCase().normalize("NFKC");
  // "bücher.example" and "xn--bcher-kva.example" are one domain.
  const domain = domainToASCII(text.slice(at + 1)).replace(/\.$/, "");
  const key = `${local}@${domain}`;
  const isAddress = LOCAL_PART.test(local) && DOMAIN.test(domain);
  return isAddress && Buffer.byteLength(key) <= ADDRESS_BYTES_MAX ? key : undefined;
}
// #endregion

/** User names are plain ASCII, so that nobody is "pаypal" with a Cyrillic "а"; names for display may be any text. */
export function userNameKey(name: string): string | undefined {
  const key = name.trim().normalize("NFKC").toLowerCase();
  return USER_NAME.test(key) ? key : undefined;
}
