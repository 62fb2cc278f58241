/** The same runtime on memory and on disk, closed and opened again in the middle of a test. */
import { openRuntime, type Runtime, type RuntimeOptions } from "tidemark";
import { MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { afterEach } from "vitest";
import { temporaryDirectory } from "./directories.js";

export type StoreKind = "memory" | "lmdb";
export const storeKinds: readonly StoreKind[] = ["memory", "lmdb"];

export interface RuntimeHarness {
  open(options: RuntimeOptions): Promise<Runtime>;
}

const opened: Runtime[] = [];

/** One place on disk or in memory: each `open` closes what was open there, and opens it again. */
export function runtimeHarness(kind: StoreKind): RuntimeHarness {
  const directory = kind === "lmdb" ? temporaryDirectory() : "";
  const memory = new MemoryDirectory();
  let current: Runtime | undefined;
  return {
    async open(options) {
      await current?.close();
      current =
        kind === "lmdb"
          ? await openRuntime({ ...options, directory, freeBytesMin: 0 })
          : await openMemoryRuntime({ ...options, directory: memory });
      opened.push(current);
      return current;
    },
  };
}

afterEach(async () => {
  for (const runtime of opened.splice(0)) await runtime.close();
});
