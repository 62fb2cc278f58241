/** The command line as a whole: every command, and how it ends. */
import { createRequire } from "node:module";
import { Command, CommanderError } from "commander";
import { auditCommand } from "./audit.js";
import { backupCommand } from "./backup.js";
import { completeCommand, completionCommand } from "./completion.js";
import { compactCommand, forgetCommand, keysCommand, tombstoneCommand } from "./endings.js";
import { eventsCommand } from "./events.js";
import { exportCommand, importCommand } from "./export.js";
import { infoCommand } from "./info.js";
import { initCommand } from "./init.js";
import { natsCommand } from "./messages.js";
import { panelCommand } from "./panel.js";
import { claimsCommand, deadLettersCommand, outboxCommand, timersCommand } from "./pending.js";
import { projectionsCommand } from "./projections.js";
import { growthCommand, reclaimCommand } from "./reclaim.js";
import { restoreCommand } from "./restore.js";
import { rulesCommand } from "./rules.js";
import { sagasCommand } from "./sagas.js";
import { salvageCommand } from "./salvage.js";
import type { Shell } from "./shell.js";
import { diffCommand, stateCommand, streamsCommand, timelineCommand } from "./streams.js";
import { safeLines } from "./text.js";
import { topCommand } from "./top.js";
import { tryCommand } from "./try.js";
import { verifyCommand } from "./verify.js";

const HELP = `
Exit codes: 0 all is well, 1 something was found or lost, 2 it couldn't be done.
A command finds the service that runs on the data directory by itself; where none runs, what only reads is answered from the directory.
`;

/** Under which headings they are listed, in this order. */
const COMMANDS: Readonly<Record<string, readonly ((shell: Shell) => Command)[]>> = {
  "To begin:": [initCommand],
  "To look:": [
    infoCommand,
    topCommand,
    panelCommand,
    eventsCommand,
    streamsCommand,
    stateCommand,
    diffCommand,
    timelineCommand,
    timersCommand,
    outboxCommand,
    claimsCommand,
    deadLettersCommand,
    auditCommand,
  ],
  "To operate:": [projectionsCommand, sagasCommand, rulesCommand, natsCommand],
  "For good:": [tombstoneCommand, compactCommand, forgetCommand, keysCommand],
  "The data directory:": [
    verifyCommand,
    backupCommand,
    restoreCommand,
    salvageCommand,
    tryCommand,
    exportCommand,
    importCommand,
    growthCommand,
    reclaimCommand,
  ],
  "The shell:": [completionCommand],
};

function programOf(shell: Shell): Command {
  const { version } = createRequire(import.meta.url)("tidemark/package.json") as {
    version: string;
  };
  const program = new Command("tidemark")
    .description("Begins a service with Tidemark, looks into its journal, and operates it.")
    .version(version)
    .showHelpAfterError("(--help shows how it is used)")
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => void shell.write(text).catch(() => undefined),
      writeErr: (text) => shell.remark(text),
    })
    .exitOverride()
    .addHelpText("after", HELP);
  for (const [heading, commands] of Object.entries(COMMANDS))
    for (const make of commands) program.addCommand(make(shell).helpGroup(heading));
  program.addCommand(completeCommand(shell, program), { hidden: true });
  settle(program);
  return program;
}

/** What is set for all holds for each; a command with others under it takes care of unknown ones itself. */
function settle(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    settle(child);
    if (child.commands.length > 0) child.allowExcessArguments();
  }
}

/** Runs a command line; its exit code is left in the shell. */
export async function run(shell: Shell, argv: readonly string[]): Promise<void> {
  try {
    await programOf(shell).parseAsync(argv, { from: "user" });
  } catch (error) {
    if (error instanceof CommanderError) {
      shell.exitCode = error.exitCode === 0 ? 0 : 2;
    } else if (isBrokenPipe(error)) {
      // Whoever reads has enough, as head has: that is no failure.
      shell.exitCode = 0;
    } else {
      shell.exitCode = 2;
      shell.remark(`${safeLines(messageOf(error))}\n`);
    }
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function isBrokenPipe(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EPIPE";
}
