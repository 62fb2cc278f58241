/** Where an example keeps its data: in a temporary directory that goes when it ends, or in the one that was named. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

export async function inDirectory(
  example: string,
  named: string | undefined,
  run: (directory: string) => Promise<void>,
): Promise<void> {
  if (named !== undefined) return run(named);
  const directory = mkdtempSync(join(tmpdir(), `tidemark-${example}-`));
  try {
    await run(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
