/** The file that an export is written to, under another name until it is complete and on disk. */
import { existsSync, renameSync, rmSync } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { syncDirectory } from "../../journal/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";

const zipped = promisify(gzip);

export class ExportFile {
  readonly path: string;
  /** Its name until it is complete. */
  readonly partial: string;
  readonly #isZipped: boolean;
  #name: string;
  #handle: FileHandle | undefined;
  bytes = 0;

  /** @throws InvalidArgumentError - There is such a file already. */
  constructor(destination: string) {
    if (typeof destination !== "string" || destination === "")
      throw new InvalidArgumentError("destination", "the path of a file", destination);
    this.path = resolve(destination);
    this.partial = `${this.path}.partial`;
    this.#isZipped = this.path.endsWith(".gz");
    this.#name = this.partial;
    if (existsSync(this.path))
      throw new InvalidArgumentError("destination", "a file that isn't there", destination);
  }

  /**
   * @param anew - What was begun before is still to be read: the new file takes its place by
   *   {@link ExportFile.replaceBegun}.
   */
  async begin(anew: boolean): Promise<void> {
    this.#name = anew ? `${this.path}.resumed` : this.partial;
    rmSync(this.#name, { force: true });
    this.#handle = await open(this.#name, "wx", 0o600);
  }

  /** A block in a compressed file can be read without what follows, however little of that came to the disk. */
  async write(lines: readonly (Buffer | string)[]): Promise<void> {
    const bytes = Buffer.concat(lines.map((each) => Buffer.from(each)));
    const written = this.#isZipped ? await zipped(bytes) : bytes;
    await this.#handle?.writeFile(written);
    this.bytes += written.length;
  }

  async replaceBegun(): Promise<void> {
    await this.#handle?.sync();
    renameSync(this.#name, this.partial);
    this.#name = this.partial;
  }

  /** Gives it its name, once it is on disk. */
  async finish(): Promise<void> {
    await this.#handle?.sync();
    await this.close();
    renameSync(this.#name, this.path);
    syncDirectory(dirname(this.path));
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }
}
