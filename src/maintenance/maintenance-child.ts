/** The process that works on a directory which may be damaged; see `child.ts`. Says in lines of JSON how far it is. */
import { openSync, writeSync } from "node:fs";
import { Salvager, Verifier, type SalvageReport, type VerifyReport } from "../../journal/index.js";
import { asError } from "../kernel/errors.js";
import { systemClock, systemIds } from "../kernel/system-clock.js";
import type { Line, Task } from "./child.js";
import { tell } from "./tell.js";

const POSITION_BYTES = 8;

function say(line: Line): void {
  // Written at once: what was said must have been heard when this process is ended.
  tell(line);
}

const progress = (done: number, total: number, what: string) =>
  say({ progress: [done, total, what] });

function perform(task: Task): Promise<VerifyReport | SalvageReport> {
  if (task.name === "verify") return new Verifier(task.directory, progress).run(task.withState);
  const file = openSync(task.readingFile, "w", 0o600);
  const bytes = Buffer.alloc(POSITION_BYTES);
  const reading = (position: number) => {
    bytes.writeDoubleBE(position);
    writeSync(file, bytes, 0, POSITION_BYTES, 0);
  };
  const ports = { clock: systemClock, ids: systemIds, progress };
  return new Salvager(task, ports).run(task.skips, reading);
}

/** LMDB's own errors: it met a damaged page. */
const ENDED_BY_DAMAGE = 70;

try {
  say({ result: await perform(JSON.parse(process.argv[2] ?? "") as Task) });
} catch (error) {
  const { message } = asError(error);
  if (message.startsWith("MDB_")) {
    process.stderr.write(`${message}\n`);
    process.exit(ENDED_BY_DAMAGE);
  }
  say({ failed: { code: (error as { code?: string }).code ?? "unknown", message } });
}
// An environment that couldn't be closed would keep the process alive.
process.exit(0);
