/**
 * Keys of views as bytes whose order is the order of the keys. The bytes are those that lmdb-js writes for an array
 * (ordered-binary 1.6.3), so its own reader finds the rows. They are written here since that module gets wrong: texts of 64
 * characters and more with U+0000 to U+0004 (not escaped: different keys collide), keys of one part (read back as no
 * array), nulls behind another null (read back as text).
 */
import { JournalCorruptedError } from "../errors.js";
import { STORED_KEY_BYTES_MAX, storedPart } from "../view-keys.js";
import type { ViewKey, ViewKeyPart } from "../views.js";

const SEPARATOR = 0;
const NULL = 0;
const ESCAPE = 4;
const FALSE = 6;
const TRUE = 7;
/** First bytes of numbers: the nibble 0 and a double whose sign bit is set, or the nibble 1 and one where it isn't. */
const NUMBER_FIRST = 8;
const NUMBER_LAST = 23;
const NUMBER_BYTES = 9;
/** Precedes a text that would begin like something else. */
const TEXT = 27;
const ESCAPED = /[\u0000-\u0004]/g;
const UNESCAPED = /\u0004([\u0000-\u0004])/g;

const EXPONENT_BIAS = 1023;
/** Bits that a bigint of 64 bits has beyond the 53 of a double. */
const FRACTION_BITS = 11;

/** Numbers pass through here on their way between bits and values. */
const double = new DataView(new ArrayBuffer(8));

/** @throws InvalidArgumentError - A part has no order. How long the key may be is checked elsewhere. */
export function encodeViewKey(key: ViewKey): Buffer {
  const parts: ViewKeyPart[] = [];
  let most = 0;
  for (const part of key) {
    const stored = escapedPart(storedPart(part));
    parts.push(stored);
    most += typeof stored === "string" ? Buffer.byteLength(stored) + 2 : NUMBER_BYTES + 2;
  }
  const bytes = Buffer.allocUnsafe(most);
  let at = 0;
  for (let index = 0; index < parts.length; index += 1) {
    if (index > 0) at = bytes.writeUInt8(SEPARATOR, at);
    at = writePart(bytes, at, parts[index] as ViewKeyPart);
  }
  return bytes.subarray(0, at);
}

function escapedPart(part: ViewKeyPart): ViewKeyPart {
  return typeof part === "string" ? part.replace(ESCAPED, "\u0004$&") : part;
}

/**
 * A key to look for: the bytes that LMDB takes. None that is stored is as long as what is cut off here, so it sorts between
 * the same keys as before and still equals none.
 */
export function boundOf(key: ViewKey): Buffer {
  return encodeViewKey(key).subarray(0, STORED_KEY_BYTES_MAX + 1);
}

function writePart(bytes: Buffer, at: number, part: ViewKeyPart): number {
  switch (typeof part) {
    case "string": {
      // An empty text has no first character: NaN.
      const isPlain = part.charCodeAt(0) > TEXT;
      const start = isPlain ? at : bytes.writeUInt8(TEXT, at);
      return start + bytes.write(part, start);
    }
    case "number":
      return writeNumber(bytes, at, part);
    case "bigint":
      return writeBigint(bytes, at, part);
    case "boolean":
      return bytes.writeUInt8(part ? TRUE : FALSE, at);
    default:
      return bytes.writeUInt8(NULL, at);
  }
}

/** 72 bits: the nibble 1, the double, the nibble 0; of a negative one the nibble 0, and all bits but the sign turned over. */
function writeNumber(bytes: Buffer, at: number, value: number): number {
  double.setFloat64(0, value);
  const turned = value < 0 ? 0xffffffff : 0;
  const high = double.getUint32(0) ^ (turned >>> 1);
  const low = double.getUint32(4) ^ turned;
  bytes.writeUInt32BE(((high >>> 4) | (value < 0 ? 0 : 0x10000000)) >>> 0, at);
  bytes.writeUInt32BE(((high << 28) | (low >>> 4)) >>> 0, at + 4);
  return bytes.writeUInt8((low & 0xf) << 4, at + 8);
}

/** The next double below, and how far the value is above it, in 11 bits: 4 in the last nibble, 7 in a byte from 0x80 on. */
function writeBigint(bytes: Buffer, at: number, value: bigint): number {
  const floor = doubleBelow(value);
  const fraction = Number((value - BigInt(floor)) << fractionShift(floor));
  const end = writeNumber(bytes, at, floor);
  bytes[end - 1] = (bytes[end - 1] ?? 0) | (fraction >> 7);
  return bytes.writeUInt8(0x80 | (fraction & 0x7f), end);
}

function doubleBelow(value: bigint): number {
  const nearest = Number(value);
  if (BigInt(nearest) <= value) return nearest;
  double.setFloat64(0, nearest);
  double.setBigInt64(0, double.getBigInt64(0) + (nearest > 0 ? -1n : 1n));
  return double.getFloat64(0);
}

function fractionShift(floor: number): bigint {
  double.setFloat64(0, floor);
  const exponent = ((double.getUint16(0) >>> 4) & 0x7ff) - EXPONENT_BIAS;
  return BigInt(52 + FRACTION_BITS - exponent);
}

/** @throws JournalCorruptedError - The bytes aren't a key. */
export function decodeViewKey(stored: Uint8Array): ViewKey {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  const parts: ViewKeyPart[] = [];
  let at = 0;
  for (;;) {
    const end = endOfPart(bytes, at);
    parts.push(readPart(bytes, at, end));
    if (end >= bytes.length) return parts;
    if (bytes[end] !== SEPARATOR) throw notAKey(bytes);
    at = end + 1;
  }
}

function endOfPart(bytes: Buffer, start: number): number {
  const first = bytes[start];
  if (first === undefined) throw notAKey(bytes);
  if (first === NULL || first === FALSE || first === TRUE) return start + 1;
  if (first >= NUMBER_FIRST && first <= NUMBER_LAST) {
    const end = start + NUMBER_BYTES;
    if (end > bytes.length) throw notAKey(bytes);
    return (bytes[end] ?? 0) >= 0x80 ? end + 1 : end;
  }
  if (first < TEXT) throw notAKey(bytes);
  let end = start;
  while (end < bytes.length && bytes[end] !== SEPARATOR) end += bytes[end] === ESCAPE ? 2 : 1;
  return end;
}

function readPart(bytes: Buffer, start: number, end: number): ViewKeyPart {
  const first = bytes[start] ?? 0;
  if (first === NULL) return null;
  if (first === FALSE || first === TRUE) return first === TRUE;
  if (first > NUMBER_LAST) {
    const text = bytes.toString("utf8", first === TEXT ? start + 1 : start, end);
    return text.includes("\u0004") ? text.replace(UNESCAPED, "$1") : text;
  }
  const floor = readNumber(bytes, start);
  if (end === start + NUMBER_BYTES) return floor;
  const fraction = ((bytes[end - 2] ?? 0) & 0xf) * 2 ** 7 + ((bytes[end - 1] ?? 0) & 0x7f);
  return BigInt(floor) + (BigInt(fraction) >> fractionShift(floor));
}

function readNumber(bytes: Buffer, at: number): number {
  const first = bytes.readUInt32BE(at);
  const second = bytes.readUInt32BE(at + 4);
  const turned = first >>> 28 === 0 ? 0xffffffff : 0;
  double.setUint32(0, ((first << 4) | (second >>> 28)) ^ (turned >>> 1));
  double.setUint32(4, ((second << 4) | ((bytes[at + 8] ?? 0) >>> 4)) ^ turned);
  return double.getFloat64(0);
}

function notAKey(bytes: Buffer): JournalCorruptedError {
  return new JournalCorruptedError(
    0,
    `the bytes ${bytes.toString("hex")} aren't a key of a view (delete the folder "views": it is rebuilt)`,
  );
}
