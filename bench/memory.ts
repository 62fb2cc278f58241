/** Memory of this process. */
import { readFileSync } from "node:fs";

/** Without the pages of mapped files; where the system doesn't tell, all resident memory. */
export function anonymousMemoryMiB(): number {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024;
  } catch {
    return process.memoryUsage().rss / 2 ** 20;
  }
}
