/** `tidemark verify`: whether a data directory is whole. */
import { Command } from "commander";
import { verifyStore } from "../index.js";
import { named, namedOption } from "./arguments.js";
import { existingDirectory } from "./directory.js";
import { print, withProgress, type OutputOptions } from "./output.js";
import type { Shell } from "./shell.js";
import { grouped } from "./text.js";

export function verifyCommand(shell: Shell): Command {
  return new Command("verify")
    .description("read everything and report what is wrong; changes nothing")
    .addArgument(
      named("file", "[directory]", "the data directory (default: $TIDEMARK_DIR or ./data)"),
    )
    .addOption(namedOption("file", "--dir <directory>", "the same, as other commands have it"))
    .option("--json", "the report as JSON")
    .addHelpText(
      "after",
      "\nExample: tidemark verify ./data\nExit code 1 where something is wrong.\n",
    )
    .action(
      async (given: string | undefined, options: OutputOptions & { readonly dir?: string }) => {
        const directory = existingDirectory(shell, given ?? options.dir);
        const report = await withProgress((onProgress) => verifyStore(directory, { onProgress }));
        const { head, commits, streams, problems, problemCount } = report;
        const counts = `${grouped(head)} events in ${grouped(commits)} commits of ${grouped(streams)} streams`;
        const found = problems.map(({ part, position, message }) =>
          position === undefined
            ? `${part}: ${message}`
            : `${part}, position ${position}: ${message}`,
        );
        const more = problemCount - problems.length;
        await print(shell, options, report, [
          `read ${counts}; the index reflects ${grouped(report.indexedTo)}`,
          problemCount === 0 ? "nothing is wrong" : `${grouped(problemCount)} problems`,
          ...found,
          ...(more > 0 ? [`and ${grouped(more)} more`] : []),
        ]);
        if (problemCount > 0) shell.exitCode = 1;
      },
    );
}
