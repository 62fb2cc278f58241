/** `tidemark backup`: a consistent copy while the owner writes on. */
import { Command } from "commander";
import { backupStore } from "../index.js";
import { grouped, print, withProgress, type OutputOptions } from "./output.js";

export function backupCommand(): Command {
  return new Command("backup")
    .description("copy a data directory, also while a service is writing to it")
    .argument("<directory>", "the data directory")
    .argument("<to>", "a folder that is empty or isn't there")
    .option("--json", "the report as JSON")
    .addHelpText("after", "\nExample: tidemark backup ./data /backups/2026-11-21\n")
    .action(async (directory: string, to: string, options: OutputOptions) => {
      const report = await withProgress((onProgress) => backupStore(directory, to, { onProgress }));
      print(options, report, [
        `copied ${grouped(report.bytes)} bytes up to position ${grouped(report.head)} to ${report.to}`,
      ]);
    });
}
