/** Asks before something is changed. */
import { createInterface } from "node:readline/promises";
import { CliError } from "./cli-error.js";
import type { Shell } from "./shell.js";
import { safeLines } from "./text.js";

export interface ConfirmOptions {
  readonly yes?: boolean;
}

/**
 * Resolves once somebody agreed.
 *
 * @param will - What will be done, as a sentence.
 * @throws CliError - Somebody declined, or nobody is there to ask and `--yes` isn't given. Nothing was done.
 */
export async function confirm(shell: Shell, options: ConfirmOptions, will: string): Promise<void> {
  if (options.yes === true) return;
  if (!shell.isAnswered)
    throw new CliError(`${will}\nNothing was done: without a terminal to ask on, this needs --yes`);
  const { stdin, stderr } = shell.ports;
  // The stream that is asked on is a terminal; its type says so nowhere.
  const lines = createInterface({ input: stdin, output: stderr as NodeJS.WritableStream });
  // Ctrl-C and Ctrl-D end the input, and the question is then never answered.
  const ended = new Promise<string>((resolve) => lines.once("close", () => resolve("")));
  try {
    const answer = await Promise.race([lines.question(`${safeLines(will)}\nGo on? [y/N] `), ended]);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CliError("Nothing was done");
  } finally {
    lines.close();
  }
}
