/** Compiled programs as processes of their own: what they write, how they end, and killing them at a line. */
import { spawn } from "node:child_process";
import { onTestFinished } from "vitest";

export interface Ending {
  readonly output: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Program {
  readonly ended: Promise<Ending>;
  /** Kills it with SIGKILL once it has written so many lines that match; does nothing if it ends before. */
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
  return {
    ended,
    killAfter(lines, matching) {
      const everywhere = new RegExp(matching.source, "gm");
      look = () => {
        if ((output.match(everywhere)?.length ?? 0) >= lines) child.kill("SIGKILL");
      };
      look();
    },
  };
}
