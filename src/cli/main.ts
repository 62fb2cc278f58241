#!/usr/bin/env node
/** `npx tidemark`: a project to begin with, and work on a data directory, from a terminal. */
import { createRequire } from "node:module";
import { Command } from "commander";
import { backupCommand } from "./backup.js";
import { initCommand } from "./init.js";
import { salvageCommand } from "./salvage.js";
import { tryCommand } from "./try.js";
import { verifyCommand } from "./verify.js";

const { version } = createRequire(import.meta.url)("tidemark/package.json") as { version: string };

const program = new Command("tidemark")
  .description("Begins a service with Tidemark, and works on its data directory.")
  .version(version)
  .showHelpAfterError()
  .addHelpText(
    "after",
    `
Exit codes: 0 all is well, 1 something was found or lost, 2 it couldn't be done.
`,
  );
for (const command of [
  initCommand(),
  verifyCommand(),
  backupCommand(),
  salvageCommand(),
  tryCommand(),
])
  program.addCommand(command.copyInheritedSettings(program));
for (const command of [program, ...program.commands])
  command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2));

try {
  await program.parseAsync();
} catch (error) {
  const { message } = error as Error;
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
}
