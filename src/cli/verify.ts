/** `tidemark verify`: whether a data directory is whole. */
import { Command } from "commander";
import { verifyStore } from "../index.js";
import { grouped, print, withProgress, type OutputOptions } from "./output.js";

export function verifyCommand(): Command {
  return new Command("verify")
    .description("read everything and report what is wrong; changes nothing")
    .argument("<directory>", "the data directory")
    .option("--json", "the report as JSON")
    .addHelpText(
      "after",
      "\nExample: tidemark verify ./data\nExit code 1 where something is wrong.\n",
    )
    .action(async (directory: string, options: OutputOptions) => {
      const report = await withProgress((onProgress) => verifyStore(directory, { onProgress }));
      const { head, commits, streams, problems, problemCount } = report;
      const counts = `${grouped(head)} events in ${grouped(commits)} commits of ${grouped(streams)} streams`;
      const found = problems.map(({ part, position, message }) =>
        position === undefined
          ? `${part}: ${message}`
          : `${part}, position ${position}: ${message}`,
      );
      const more = problemCount - problems.length;
      print(options, report, [
        `read ${counts}; the index reflects ${grouped(report.indexedTo)}`,
        problemCount === 0 ? "nothing is wrong" : `${grouped(problemCount)} problems`,
        ...found,
        ...(more > 0 ? [`and ${grouped(more)} more`] : []),
      ]);
      if (problemCount > 0) process.exitCode = 1;
    });
}
