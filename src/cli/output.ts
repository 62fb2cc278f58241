/** What all commands have in common: progress on a terminal, and reports as text or JSON. */
import { Presets, SingleBar } from "cli-progress";
import type { ProgressListener } from "../index.js";

export interface OutputOptions {
  readonly json?: boolean;
}

/** Runs work with a bar on a terminal's standard error, which is gone before anything is printed; elsewhere with nothing. */
export async function withProgress<T>(
  work: (listener: ProgressListener) => Promise<T>,
): Promise<T> {
  let bar: SingleBar | undefined;
  const show: ProgressListener = (done, total, what) => {
    if (bar === undefined) {
      const format = `{bar} {percentage} % | {value} of {total} ${what} | {eta_formatted} left`;
      bar = new SingleBar({ format, stream: process.stderr }, Presets.shades_classic);
      bar.start(total, done);
    }
    bar.setTotal(total);
    bar.update(done);
  };
  try {
    return await work(process.stderr.isTTY ? show : () => undefined);
  } finally {
    bar?.stop();
  }
}

export function print(options: OutputOptions, report: unknown, lines: readonly string[]): void {
  const text = options.json === true ? JSON.stringify(report, null, 2) : lines.join("\n");
  process.stdout.write(`${text}\n`);
}

export function grouped(value: number): string {
  return value.toLocaleString("en");
}
