/** The command line in this process: with a terminal or a pipe of one's own, and whatever target a test has. */
import { PassThrough } from "node:stream";
import { run } from "../../src/cli/program.js";
import { Shell } from "../../src/cli/shell.js";
import type { Connect } from "../../src/cli/target.js";

export interface ShellOptions {
  readonly connect?: Connect;
  /** Set for a terminal. */
  readonly columns?: number;
  readonly env?: Readonly<Record<string, string>>;
  /** What somebody types when asked; needs a terminal. */
  readonly answer?: string;
  /** Called with all output so far whenever there is more. */
  readonly onOutput?: (output: string) => void;
  readonly interrupted?: AbortSignal;
}

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command line; a terminal is one that is so many columns wide. */
export async function runCli(argv: readonly string[], options: ShellOptions = {}): Promise<Ran> {
  const { columns, answer, env = {}, interrupted = new AbortController().signal } = options;
  const isTTY = columns !== undefined;
  const terminal = isTTY ? { isTTY, columns, rows: 24 } : {};
  const written = { stdout: "", stderr: "" };
  const output = (name: keyof typeof written) =>
    Object.assign(new PassThrough(), terminal, {
      write(text: string, done?: (error?: Error | null) => void) {
        written[name] += text;
        options.onOutput?.(written.stdout);
        done?.();
        return true;
      },
    });
  const stdin = Object.assign(new PassThrough(), terminal);
  if (answer !== undefined) stdin.end(`${answer}\n`);
  const shell = new Shell({
    stdin,
    stdout: output("stdout"),
    stderr: output("stderr"),
    env,
    interrupted: () => interrupted,
    connect: options.connect ?? (() => Promise.reject(new Error("there is no target"))),
  });
  await run(shell, argv);
  return { code: shell.exitCode, ...written };
}
