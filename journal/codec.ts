/**
 * The only door to msgpackr, and the seal that every stored value carries. A value on disk is a msgpack array whose last
 * element is a uint32 (0xce and 4 bytes): the CRC-32 of all bytes before those 4. So any msgpack reader can read our
 * store, and no flipped bit goes unnoticed.
 */
import { crc32 } from "node:zlib";
import { Packr } from "msgpackr";

// No records and no shared structures: every value can be decoded by itself, by anyone (facts A, 3 and A4).
const packr = new Packr({
  useRecords: false,
  structuredClone: false,
  moreTypes: false,
  int64AsType: "bigint",
  variableMapSize: true,
  copyBuffers: true,
});

const CRC_PLACEHOLDER = 0xffffffff;
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
  fields.push(CRC_PLACEHOLDER);
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
 * @returns The fields, or the problem as text where the bytes were damaged or aren't a sealed array of `length` fields.
 */
export function unseal(bytes: Uint8Array, length: number): unknown[] | string {
  if (bytes.length <= CRC_BYTES + 1) return `${bytes.length} bytes are too few for a record`;
  if (sealOf(bytes) !== checksum(bytes)) return "its checksum doesn't match";
  let fields: unknown;
  try {
    fields = packr.unpack(bytes);
  } catch (error) {
    return `it can't be decoded (${error instanceof Error ? error.message : String(error)})`;
  }
  if (!Array.isArray(fields) || fields.length !== length + 1)
    return `it isn't a record of ${length} fields`;
  return fields as unknown[];
}

function checksum(bytes: Uint8Array): number {
  return crc32(bytes.subarray(0, bytes.length - CRC_BYTES));
}
