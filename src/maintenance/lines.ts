/** Bytes as lines, each with the newline that ends it. */

/** A line is kept in memory as a whole, and no text may be longer than this. */
const LINE_BYTES_MAX = 400 * 1024 * 1024;
const NEWLINE = 0x0a;

/** Bytes that aren't lines. */
class LineError extends Error {
  readonly code = "export-lines";
}

/** @throws LineError - A line is longer than 400 MiB, or the last one has no end. */
export async function* linesOf(chunks: AsyncIterable<Uint8Array | string>): AsyncGenerator<Buffer> {
  let begun: Buffer[] = [];
  let begunBytes = 0;
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk);
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      const rest = bytes.subarray(from, end + 1);
      yield begun.length === 0 ? rest : Buffer.concat([...begun, rest]);
      begun = [];
      begunBytes = 0;
      from = end + 1;
    }
    if (from < bytes.length) begun.push(bytes.subarray(from));
    begunBytes += bytes.length - from;
    if (begunBytes > LINE_BYTES_MAX)
      throw new LineError(`it is longer than ${LINE_BYTES_MAX} bytes`);
  }
  if (begun.length > 0) throw new LineError("it has no end: the file was cut");
}
