/** Compiled programs as processes of their own: what they write, how they end, and killing them on the way. */
import { spawn } from "node:child_process";
import { onTestFinished } from "vitest";

export interface Ending {
  readonly output: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Program {
  readonly ended: Promise<Ending>;
  /** Sends a signal now. */
  kill(signal: NodeJS.Signals): void;
  /** Resolves once its output has that in it. */
  hasWritten(text: string): Promise<void>;
  /** Kills it with SIGKILL once its output is so; it is asked each time there is more. Does nothing if it ends before. */
  killWhen(isSo: (output: string) => boolean): void;
  /** The same once it has written so many lines that match. */
  killAfter(lines: number, matching: RegExp): void;
}

/** Starts `dist/<path>`; it doesn't outlive the test. */
export function startProgram(path: string, args: readonly string[] = []): Program {
  const child = spawn(process.execPath, [`dist/${path}`, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  let output = "";
  let look: () => void = () => undefined;
  const add = (chunk: Buffer) => {
    output += chunk.toString();
    look();
  };
  child.stdout.on("data", add);
  child.stderr.on("data", add);
  const ended = new Promise<Ending>((resolve) =>
    child.on("close", (code, signal) => resolve({ output, code, signal })),
  );
  const killWhen: Program["killWhen"] = (isSo) => {
    look = () => {
      if (isSo(output)) child.kill("SIGKILL");
    };
    look();
  };
  const hasWritten = (text: string) =>
    new Promise<void>((resolve) => {
      look = () => {
        if (output.includes(text)) resolve();
      };
      look();
    });
  return {
    ended,
    hasWritten,
    kill: (signal) => void child.kill(signal),
    killWhen,
    killAfter(lines, matching) {
      const everywhere = new RegExp(matching.source, "gm");
      killWhen((written) => (written.match(everywhere)?.length ?? 0) >= lines);
    },
  };
}

/** With `EXAMPLES=full` the examples run at the sizes that their scenarios state, which takes minutes each. */
export const FULL = process.env["EXAMPLES"] === "full";

/** Starts an example as a user would. */
export function startExample(name: string, args: readonly string[]): Program {
  return startProgram(`examples/${name}/main.js`, args);
}

/** The table in which an example ends: what it has found, by what is stated. Where they differ it ends with an error. */
export function outcomeOf(output: string): Readonly<Record<string, string>> {
  const table = output.slice(output.lastIndexOf("(index)"));
  const rows = [...table.matchAll(/^│ *([^│]+?) *│ *([^│]+?) *│ *([^│]+?) *│$/gm)];
  return Object.fromEntries(rows.map(([, what = "", , found = ""]) => [what, found]));
}
