/** Tells a parent process something on standard output, and returns once the system has it: what is told then survives a kill. */
import { writeSync } from "node:fs";

const STDOUT = 1;
const PAUSE_MS = 1;
const never = new Int32Array(new SharedArrayBuffer(4));

/** Writes a value as a line of JSON. Waits where the parent reads more slowly than this writes: a pipe refuses what it can't hold. */
export function tell(value: unknown): void {
  let rest = Buffer.from(`${JSON.stringify(value)}\n`);
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(STDOUT, rest));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      Atomics.wait(never, 0, 0, PAUSE_MS);
    }
  }
}
