/** What all commands have in common: progress on a terminal, and reports as text or JSON. */
import { Presets, SingleBar } from "cli-progress";
import type { ProgressListener } from "../index.js";
import type { Shell, Style } from "./shell.js";
import { jsonText, safe } from "./text.js";

export interface OutputOptions {
  readonly json?: boolean;
}

/** Text that is fit for a terminal as it is: whatever came from a store is escaped in it. */
export class Rendered {
  constructor(readonly text: string) {}
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

/** The report as JSON where that is asked for, else the lines. */
export async function print(
  shell: Shell,
  options: OutputOptions,
  report: unknown,
  lines: readonly (string | Rendered)[],
): Promise<void> {
  if (options.json === true) return shell.write(`${jsonText(report, 2)}\n`);
  const text = lines.map((line) => (typeof line === "string" ? safe(line) : line.text));
  await shell.write(`${text.join("\n")}\n`);
}

export function styled(shell: Shell, style: Style, text: string): Rendered {
  return new Rendered(shell.styled(style, safe(text)));
}

/** Names and values, one a line; those without a value are left out. */
export function facts(
  shell: Shell,
  pairs: readonly (readonly [name: string, value: string | number | undefined])[],
): Rendered {
  const there = pairs.filter(([, value]) => value !== undefined && value !== "");
  const width = Math.max(0, ...there.map(([name]) => name.length));
  const lines = there.map(
    ([name, value]) => `${shell.styled("bold", name.padEnd(width))}  ${safe(String(value))}`,
  );
  return new Rendered(lines.join("\n"));
}
