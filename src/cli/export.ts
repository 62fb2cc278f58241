/** `tidemark export` and `import`: a data directory as lines of JSON, and back. */
import { Command } from "commander";
import {
  exportLines,
  exportStore,
  importStore,
  type ExportSelection,
  type Position,
} from "../index.js";
import { given, integerFrom, listOf, named, namedOption } from "./arguments.js";
import { directoryOf } from "./directory.js";
import { print, withProgress, type OutputOptions } from "./output.js";
import type { Shell } from "./shell.js";
import { count, grouped } from "./text.js";

interface ExportOptions extends OutputOptions {
  readonly dir?: string;
  readonly from?: Position;
  readonly upTo?: Position;
  readonly streams?: readonly string[];
  readonly resume?: boolean;
}

export function exportCommand(shell: Shell): Command {
  const position = integerFrom(1);
  return new Command("export")
    .description("write the journal as lines of JSON, also while a service is writing to it")
    .addArgument(
      named(
        "file",
        "<file>",
        "one that isn't there; compressed where it ends with .gz; - for standard output",
      ),
    )
    .addOption(
      namedOption(
        "file",
        "--dir <directory>",
        "the data directory (default: $TIDEMARK_DIR or ./data)",
      ),
    )
    .option("--from <position>", "from the commit that holds this position", position)
    .option("--up-to <position>", "up to the commit that holds this position", position)
    .option("--streams <ids>", "only these, or all of a type with 'article/*'", listOf)
    .option("--resume", "go on with an export that was ended")
    .option("--json", "the report as JSON")
    .addHelpText(
      "after",
      `
Examples:
  tidemark export ./journal.jsonl.gz
  tidemark export - --from 1000 | jq .
What has all commits can be imported; an export of some positions or streams is for reading only.
`,
    )
    .action(async (file: string, options: ExportOptions) => {
      const directory = directoryOf(shell, options.dir);
      const { from, upTo, streams, resume } = options;
      const selection: ExportSelection = given({ from, upTo, streams });
      if (file === "-") {
        for await (const line of exportLines(directory, selection)) await shell.write(line);
        return;
      }
      const report = await withProgress((onProgress) =>
        exportStore(directory, file, { ...selection, ...given({ resume }), onProgress }),
      );
      await print(shell, options, report, [
        `wrote ${count(report.events, "event")} in ${count(report.commits, "commit")}, ${grouped(report.bytes)} bytes, to ${report.to}`,
        ...(report.importable ? [] : ["it can't be imported: it doesn't have all commits"]),
      ]);
    });
}

interface ImportOptions extends OutputOptions {
  readonly newStoreId?: boolean;
  readonly precheck?: boolean;
}

export function importCommand(shell: Shell): Command {
  return new Command("import")
    .description("make a data directory of an export")
    .addArgument(named("file", "<file>", "what tidemark export wrote"))
    .addArgument(
      named(
        "file",
        "[directory]",
        "a folder that is empty or isn't there (default: $TIDEMARK_DIR or ./data)",
      ),
    )
    .option("--new-store-id", "for a copy that lives beside the original")
    .option("--precheck", "read and check the whole file before anything is written")
    .option("--json", "the report as JSON")
    .addHelpText(
      "after",
      `
Example: tidemark import ./journal.jsonl.gz ./data
Until it is whole it is called <directory>.importing; called again, an import that was ended goes on.
`,
    )
    .action(async (file: string, given: string | undefined, options: ImportOptions) => {
      const directory = directoryOf(shell, given);
      const { newStoreId = false, precheck = false } = options;
      const report = await withProgress((onProgress) =>
        importStore(file, directory, { keepStoreId: !newStoreId, precheck, onProgress }),
      );
      await print(shell, options, report, [
        `imported ${count(report.events, "event")} in ${count(report.commits, "commit")} to ${report.to}`,
        ...(report.resumedAt === 0
          ? []
          : [`it went on behind position ${grouped(report.resumedAt)}`]),
      ]);
    });
}
