/** The compiled command line in this process: with a terminal or a pipe of one's own, and whatever target a test has. */
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { pathToFileURL } from "node:url";
import type * as ConnectModule from "../../src/cli/connect.js";
import type * as Program from "../../src/cli/program.js";
import type * as ShellModule from "../../src/cli/shell.js";
import type { Connect } from "../../src/cli/target.js";

async function compiled<Module>(name: string): Promise<Module> {
  const path = join(import.meta.dirname, "../../dist/src/cli", name);
  return (await import(pathToFileURL(path).href)) as Module;
}

const { run } = await compiled<typeof Program>("program.js");
const { Shell } = await compiled<typeof ShellModule>("shell.js");
const { connect } = await compiled<typeof ConnectModule>("connect.js");

export interface ShellOptions {
  /** Defaults to what the program does. */
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
    connect: options.connect ?? connect,
  });
  await run(shell, argv);
  return { code: shell.exitCode, ...written };
}
