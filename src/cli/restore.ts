/** `tidemark restore`: a backup, where a service is to find it. */
import { Command } from "commander";
import { restoreStore } from "../index.js";
import { named } from "./arguments.js";
import { directoryOf } from "./directory.js";
import { print, withProgress, type OutputOptions } from "./output.js";
import type { Shell } from "./shell.js";
import { grouped } from "./text.js";

export function restoreCommand(shell: Shell): Command {
  return new Command("restore")
    .description("verify a backup, copy it into an empty folder, and verify the copy")
    .addArgument(named("file", "<backup>", "what tidemark backup made, or another data directory"))
    .addArgument(
      named(
        "file",
        "[directory]",
        "a folder that is empty or isn't there (default: $TIDEMARK_DIR or ./data)",
      ),
    )
    .option("--json", "the report as JSON")
    .addHelpText(
      "after",
      "\nExample: tidemark restore /backups/2026-11-21 ./data\nUntil the copy is whole it is called <directory>.restoring.\n",
    )
    .action(async (backup: string, given: string | undefined, options: OutputOptions) => {
      const directory = directoryOf(shell, given);
      const report = await withProgress((onProgress) =>
        restoreStore(backup, directory, { onProgress }),
      );
      await print(shell, options, report, [
        `restored ${grouped(report.verified.head)} events, ${grouped(report.bytes)} bytes, to ${report.to}; nothing is wrong`,
      ]);
    });
}
