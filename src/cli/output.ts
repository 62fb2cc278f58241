/** What all commands have in common: progress on a terminal, and reports as text or JSON. */
import { Presets, SingleBar } from "cli-progress";
import type { ProgressListener } from "../index.js";

export interface OutputOptions {
  readonly json?: boolean;
}

/** A bar on a terminal's standard error, nothing elsewhere. */
export class Progress {
  #bar: SingleBar | undefined;

  readonly listener: ProgressListener = (done, total, what) => {
    if (!process.stderr.isTTY) return;
    if (this.#bar === undefined) {
      const format = `{bar} {percentage} % | {value} of {total} ${what} | {eta_formatted} left`;
      this.#bar = new SingleBar({ format, stream: process.stderr }, Presets.shades_classic);
      this.#bar.start(total, done);
    }
    this.#bar.setTotal(total);
    this.#bar.update(done);
  };

  stop(): void {
    this.#bar?.stop();
  }
}

/** Runs work with a bar, which is gone before anything is printed. */
export async function withProgress<T>(
  work: (listener: ProgressListener) => Promise<T>,
): Promise<T> {
  const progress = new Progress();
  try {
    return await work(progress.listener);
  } finally {
    progress.stop();
  }
}

export function print(options: OutputOptions, report: unknown, lines: readonly string[]): void {
  const text = options.json === true ? JSON.stringify(report, null, 2) : lines.join("\n");
  process.stdout.write(`${text}\n`);
}

export function grouped(value: number): string {
  return value.toLocaleString("en");
}
