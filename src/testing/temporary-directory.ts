import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * A directory that is gone when the work with it is over, however it ends: for a runtime on a real disk, which is closed and opened
 * again, or killed, in the middle. Whatever has it open must be closed before `use` resolves.
 *
 * @param use - Gets its path. It is there, and empty.
 * @returns What `use` has resolved with.
 */
export async function inTemporaryDirectory<T>(use: (directory: string) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "tidemark-"));
  try {
    return await use(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
