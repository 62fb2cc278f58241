/** `tidemark salvage`: what can be read of a damaged journal, in a new one. */
import { Command } from "commander";
import { salvageStore } from "../index.js";
import { named } from "./arguments.js";
import { print, withProgress, type OutputOptions } from "./output.js";
import type { Shell } from "./shell.js";
import { grouped } from "./text.js";

const SHOWN_MAX = 20;

export function salvageCommand(shell: Shell): Command {
  return new Command("salvage")
    .description(
      "copy every readable commit of a damaged journal into a new one; leaves the original as it is",
    )
    .addArgument(named("file", "<directory>", "the damaged data directory"))
    .addArgument(named("file", "<to>", "a folder that is empty or isn't there"))
    .option("--json", "the report as JSON")
    .addHelpText(
      "after",
      "\nExample: tidemark salvage ./data ./salvaged\nExit code 1 where something was lost. Restoring a backup is better where there is one.\n",
    )
    .action(async (directory: string, to: string, options: OutputOptions) => {
      const report = await withProgress((onProgress) =>
        salvageStore(directory, to, { onProgress }),
      );
      const { lost, lostEvents, incompleteStreams, lostClaims } = report;
      await print(shell, options, report, [
        `copied ${grouped(report.events)} events in ${grouped(report.commits)} commits to ${report.to}`,
        lostEvents === 0 ? "nothing is lost" : `${grouped(lostEvents)} events are lost:`,
        ...shown(lost.map(([first, last]) => `  positions ${first} to ${last}`)),
        ...shown(
          incompleteStreams.map(
            (stream) => `  ${stream.streamId} lacks versions ${stream.missing.join(" to ")}`,
          ),
        ),
        ...shown(lostClaims.map((claim) => `  claims of the commit at ${claim}`)),
      ]);
      if (lostEvents > 0 || lostClaims.length > 0) shell.exitCode = 1;
    });
}

function shown(lines: readonly string[]): string[] {
  if (lines.length <= SHOWN_MAX) return [...lines];
  return [
    ...lines.slice(0, SHOWN_MAX),
    `  and ${lines.length - SHOWN_MAX} more (--json lists them)`,
  ];
}
