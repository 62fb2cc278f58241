/** Lines out of a stream of bytes, none longer than allowed. */
const NEWLINE = 0x0a;

export class LineReader {
  readonly #bytesMax: number;
  #pending: Buffer[] = [];
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * The lines that end in this piece, in order; a part of one is kept for the next.
   *
   * @returns Undefined where a line is longer than allowed: nothing behind it can be read.
   */
  read(piece: Buffer): string[] | undefined {
    const lines: string[] = [];
    let begin = 0;
    for (let end = piece.indexOf(NEWLINE); end >= 0; end = piece.indexOf(NEWLINE, begin)) {
      if (!this.#keep(piece.subarray(begin, end))) return undefined;
      lines.push(Buffer.concat(this.#pending).toString("utf8"));
      this.#pending = [];
      this.#bytes = 0;
      begin = end + 1;
    }
    return this.#keep(piece.subarray(begin)) ? lines : undefined;
  }

  #keep(part: Buffer): boolean {
    this.#bytes += part.length;
    if (this.#bytes > this.#bytesMax) return false;
    if (part.length > 0) this.#pending.push(part);
    return true;
  }
}
