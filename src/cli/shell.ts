/** What a command has of the terminal or the pipe that it was started in; a test gives it other ones. */
import { styleText } from "node:util";
import type { Connect, Environment } from "./target.js";

/** As much of a stream of Node as is used: of a terminal, a pipe or a file. */
export interface ShellOutput {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
  write(text: string, written?: (error?: Error | null) => void): unknown;
}

export interface ShellPorts {
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: ShellOutput;
  readonly stderr: ShellOutput;
  readonly env: Environment;
  /** Of what goes on until Ctrl-C is pressed; for everything else that ends the process, as ever. */
  readonly interrupted: () => AbortSignal;
  readonly connect: Connect;
}

export type Style = Parameters<typeof styleText>[0];

/** How it ended: 0 all is well, 1 something was found, 2 it couldn't be done. */
export type ExitCode = 0 | 1 | 2;

export class Shell {
  readonly ports: ShellPorts;
  exitCode: ExitCode = 0;

  constructor(ports: ShellPorts) {
    this.ports = ports;
  }

  /** Resolves once whoever reads has taken it: a slow reader isn't given more than it can hold. */
  write(text: string): Promise<void> {
    return new Promise((resolve, reject) =>
      this.ports.stdout.write(text, (error) =>
        error === undefined || error === null ? resolve() : reject(error),
      ),
    );
  }

  /** For people, while standard output is for what was asked. */
  remark(text: string): void {
    this.ports.stderr.write(text);
  }

  /** Whether somebody is there to answer a question. */
  get isAnswered(): boolean {
    return this.ports.stdin.isTTY === true && this.ports.stderr.isTTY === true;
  }

  get isTerminal(): boolean {
    return this.ports.stdout.isTTY === true;
  }

  /** Undefined where there is no terminal: then nothing is cut. */
  get columns(): number | undefined {
    return this.isTerminal ? (this.ports.stdout.columns ?? 80) : undefined;
  }

  styled(style: Style, text: string): string {
    return this.#isColoured ? styleText(style, text, { validateStream: false }) : text;
  }

  /** As NO_COLOR and FORCE_COLOR are agreed on: the latter wins, and its value 0 means no. */
  get #isColoured(): boolean {
    const { FORCE_COLOR: force, NO_COLOR: no, TERM: term } = this.ports.env;
    if (force !== undefined) return force !== "0" && force !== "false";
    if (no !== undefined && no !== "") return false;
    return this.isTerminal && term !== "dumb";
  }
}

/** The shell of this process. */
export function processShell(connect: Connect): Shell {
  const { stdin, stdout, stderr, env } = process;
  let interruption: AbortController | undefined;
  const interrupted = () => {
    if (interruption === undefined) {
      const made = (interruption = new AbortController());
      process.once("SIGINT", () => made.abort());
      process.once("SIGTERM", () => made.abort());
    }
    return interruption.signal;
  };
  return new Shell({ stdin, stdout, stderr, env, interrupted, connect });
}
