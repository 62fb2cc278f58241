/**
 * The form of msgpack that a stranger sent, walked before it is decoded: a header of five bytes can announce an array for
 * which a decoder would allocate gigabytes, and extensions can stand for more than plain data.
 */
import { BadMessageError } from "./errors.js";

/** Timestamps (-1) and sealed leaves: the only extensions that plain data has. */
const TIMESTAMP = 0xff;
const SEALED = 0x53;
/** A sealed leaf is an array with an array in it. */
const SEALED_DEPTH = 2;

/** @throws BadMessageError - It isn't exactly one value of plain data, or is nested more deeply. */
export function checkMsgpack(bytes: Uint8Array, depthMax: number): void {
  const walk = new Walk(bytes);
  walk.value(depthMax);
  if (!walk.isAtEnd) throw new BadMessageError("bytes stand behind the value");
}

class Walk {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depthLeft: number): void {
    const first = this.#number(1);
    if (first <= 0x7f || first >= 0xe0) return;
    if (first <= 0x8f) return this.#items((first & 0x0f) * 2, depthLeft);
    if (first <= 0x9f) return this.#items(first & 0x0f, depthLeft);
    if (first <= 0xbf) return this.#skip(first & 0x1f);
    this.#wide(first, depthLeft);
  }

  #wide(first: number, depthLeft: number): void {
    switch (first) {
      case 0xc0: // null
      case 0xc2: // false
      case 0xc3: // true
        return;
      case 0xc4: // bin, with 1, 2 or 4 bytes of length
      case 0xc5:
      case 0xc6:
        return this.#skip(this.#number(1 << (first - 0xc4)));
      case 0xca: // float 32
        return this.#skip(4);
      case 0xcb: // float 64
        return this.#skip(8);
      case 0xcc: // unsigned integers of 1, 2, 4 or 8 bytes
      case 0xcd:
      case 0xce:
      case 0xcf:
        return this.#skip(1 << (first - 0xcc));
      case 0xd0: // signed integers
      case 0xd1:
      case 0xd2:
      case 0xd3:
        return this.#skip(1 << (first - 0xd0));
      case 0xd9: // text, with 1, 2 or 4 bytes of length
      case 0xda:
      case 0xdb:
        return this.#skip(this.#number(1 << (first - 0xd9)));
      case 0xdc: // arrays, with 2 or 4 bytes of length
      case 0xdd:
        return this.#items(this.#number(2 << (first - 0xdc)), depthLeft);
      case 0xde: // maps
      case 0xdf:
        return this.#items(this.#number(2 << (first - 0xde)) * 2, depthLeft);
      default:
        return this.#extension(first);
    }
  }

  #extension(first: number): void {
    const fixed: Readonly<Record<number, number>> = { 0xd6: 4, 0xd7: 8 };
    const isSized = first >= 0xc7 && first <= 0xc9;
    const length = isSized ? this.#number(1 << (first - 0xc7)) : fixed[first];
    const type = length === undefined ? undefined : this.#number(1);
    const begin = this.#at;
    this.#skip(length ?? 0);
    if (isSized && type === SEALED)
      checkMsgpack(this.#bytes.subarray(begin, this.#at), SEALED_DEPTH);
    // Longer ones than 12 bytes there are none.
    else if (type !== TIMESTAMP || first > 0xd7 || first === 0xc8 || first === 0xc9)
      throw new BadMessageError("it holds something other than plain data");
  }

  #items(count: number, depthLeft: number): void {
    if (depthLeft <= 0) throw new BadMessageError("it is nested too deeply");
    // Each takes a byte at least.
    if (count > this.#bytes.length - this.#at)
      throw new BadMessageError("it announces more than it holds");
    for (let item = 0; item < count; item++) this.value(depthLeft - 1);
  }

  #number(length: number): number {
    const at = this.#at;
    this.#skip(length);
    return this.#bytes.readUIntBE(at, length);
  }

  #skip(length: number): void {
    this.#at += length;
    if (this.#at > this.#bytes.length) throw new BadMessageError("it announces more than it holds");
  }
}
