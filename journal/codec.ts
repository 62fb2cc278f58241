/**
 * The only door to msgpackr, and the seal that every stored value carries. A value on disk is a msgpack array whose last
 * element is a uint32 (0xce and 4 bytes): the CRC-32 of all bytes before those 4. So any msgpack reader can read our
 * store, and no flipped bit goes unnoticed.
 */
import { crc32 } from "node:zlib";
import { addExtension, Packr } from "msgpackr";
import { fieldsOfSealed, Sealed, sealedOf } from "../src/kernel/sealed.js";

// No records and no shared structures: every value can be decoded by itself, by anyone (facts A, 3 and A4).
const OPTIONS = {
  useRecords: false,
  structuredClone: false,
  moreTypes: false,
  int64AsType: "bigint",
  variableMapSize: true,
  copyBuffers: true,
} as const;

const packr = new Packr(OPTIONS);

/** Extension type of a sealed leaf: an array of kind, store id, nonce, box, `[subject, key id, …]`, placeholder. */
const SEALED_TYPE = 0x53;
/** What stands within an extension is packed while something else is: not by the same instance. */
const inner = new Packr(OPTIONS);

addExtension({
  Class: Sealed,
  type: SEALED_TYPE,
  // As bytes of its own: other readers pass over an extension that they don't know.
  pack: (sealed: Sealed) => inner.pack(fieldsOfSealed(sealed)),
  unpack: (bytes: Uint8Array) => sealedOf(inner.unpack(bytes)),
});

/** Stands for the checksum until it is known; encoded in as many bytes. */
export const CHECKSUM_PLACE = 0xffffffff;
const CRC_BYTES = 4;

/** Encodes plain data. The result is not reused by later calls. */
export function encode(value: unknown): Uint8Array {
  return packr.pack(value);
}

/** Decodes plain data. @throws Error - The bytes aren't one whole value. */
export function decode(bytes: Uint8Array): unknown {
  return packr.unpack(bytes);
}

/** A copy that shares nothing with the original: what would be read back had it been recorded. */
export function throughCodec<T>(value: T): T {
  return packr.unpack(packr.pack(value)) as T;
}

/** Encodes `fields` with its checksum as one more element. */
export function seal(fields: unknown[]): Uint8Array {
  fields.push(CHECKSUM_PLACE);
  return sealPlaced(fields);
}

/** Like {@link seal}, for fields that end with {@link CHECKSUM_PLACE}: an array of its final length costs less. */
export function sealPlaced(fields: readonly unknown[]): Uint8Array {
  const bytes = packr.pack(fields);
  bytes.writeUInt32BE(checksum(bytes), bytes.length - CRC_BYTES);
  return bytes;
}

/** The checksum that a sealed value carries. */
export function sealOf(bytes: Uint8Array): number {
  const end = bytes.length;
  return (
    (bytes[end - 4] ?? 0) * 2 ** 24 +
    ((bytes[end - 3] ?? 0) << 16) +
    ((bytes[end - 2] ?? 0) << 8) +
    (bytes[end - 1] ?? 0)
  );
}

/**
 * Checks and decodes a sealed value.
 *
 * @returns The fields, or the problem as text where the bytes were damaged or aren't a sealed array of
 *   as many fields. The checksum is the last element.
 */
export function unseal(bytes: Uint8Array, most: number, least = most): unknown[] | string {
  if (bytes.length <= CRC_BYTES + 1) return `${bytes.length} bytes are too few for a record`;
  if (!isSealed(bytes)) return "its checksum doesn't match";
  let fields: unknown;
  try {
    fields = packr.unpack(bytes);
  } catch (error) {
    return `it can't be decoded (${error instanceof Error ? error.message : String(error)})`;
  }
  if (!Array.isArray(fields) || fields.length < least + 1 || fields.length > most + 1)
    return `it isn't a record of ${most} fields`;
  return fields as unknown[];
}

/** Decodes values that stand one behind the other. @throws Error - The bytes aren't whole values. */
export function decodeSequence(bytes: Uint8Array): unknown[] {
  return bytes.length === 0 ? [] : packr.unpackMultiple(bytes);
}

/** What a bin of fewer than 256 bytes begins with, before its length. */
export const BIN8 = 0xc4;
export const BIN_HEADER_BYTES = 2;

/** A bin of so many bytes, to be filled behind its header. */
export function emptyBin(length: number): Buffer {
  const bin = Buffer.allocUnsafe(BIN_HEADER_BYTES + length);
  bin[0] = BIN8;
  bin[1] = length;
  return bin;
}

const UINT32 = 0xce;

/** Puts encoded values one behind the other, and behind them the checksum of all, in the form that a sealed value ends with. */
export function sealSequence(values: readonly Uint8Array[]): Uint8Array {
  let length = SEAL_BYTES;
  for (const value of values) length += value.length;
  const bytes = Buffer.allocUnsafe(length);
  let at = 0;
  for (const value of values) {
    bytes.set(value, at);
    at += value.length;
  }
  bytes[at] = UINT32;
  bytes.writeUInt32BE(checksum(bytes), length - CRC_BYTES);
  return bytes;
}

/** Bytes that a sequence grows by when it is sealed. */
export const SEAL_BYTES = 1 + CRC_BYTES;

/** Whether the checksum that a sealed value or a sealed sequence ends with matches. */
export function isSealed(bytes: Uint8Array): boolean {
  return bytes.length > CRC_BYTES + 1 && sealOf(bytes) === checksum(bytes);
}

function checksum(bytes: Uint8Array): number {
  return crc32(bytes.subarray(0, bytes.length - CRC_BYTES));
}
