/** Builds the shim that stands between a process and its data files, and names the variables that steer it. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";

/** Calls that write or sync a data file, and the one that opens it. */
export const IO_CALLS = "open,write,writev,pwrite,pwritev,fdatasync,fsync,ftruncate";

/** What the shim does; see `io-shim.c`. */
export interface ShimVariables {
  /** Records into this file. */
  readonly IO_LOG?: string;
  /** Only data files whose path has one of these words in it. */
  readonly IO_PATHS?: string;
  /** Fails the call with this number, counted from 1; without it none. */
  readonly IO_FAIL_AT?: string;
  /** "1": only that call. Else it and all after it. */
  readonly IO_FAIL_ONCE?: string;
  /** "1": the call is carried out, and then reported as failed. */
  readonly IO_FAIL_AFTER?: string;
  readonly IO_FAIL_ERRNO?: "EIO" | "ENOSPC";
  /** Which calls are counted. */
  readonly IO_FAIL_CALLS?: string;
  /** Counts from when this file is there. */
  readonly IO_ARM?: string;
  /** Holds, at any time, how many calls were counted, how many of them failed, and which failed first. */
  readonly IO_COUNT_FILE?: string;
}

/** Path of the compiled shim; undefined, with a loud note, where it can't be had. */
export function compiledShim(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), "tidemark-shim-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const shim = join(directory, "io-shim.so");
  try {
    if (process.platform !== "linux") throw new Error("this is not Linux");
    const source = "test/crash/shim/io-shim.c";
    const compiler = process.env["CC"] ?? "cc";
    execFileSync(compiler, ["-shared", "-fPIC", "-O2", "-o", shim, source, "-ldl"], {
      stdio: "pipe",
    });
    return shim;
  } catch (error) {
    console.warn(
      `NOT TESTED: power cuts and failing disks. It takes Linux and a C compiler (cc): ${String(error)}`,
    );
    return undefined;
  }
}

/** The environment of a process under the shim. */
export function underShim(shim: string, variables: ShimVariables): NodeJS.ProcessEnv {
  return { ...process.env, ...variables, LD_PRELOAD: shim };
}
