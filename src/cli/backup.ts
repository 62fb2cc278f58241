/** `tidemark backup`: a consistent copy while the owner writes on. */
import { Command } from "commander";
import { backupStore } from "../index.js";
import { CliError } from "./cli-error.js";
import { change, withChangeOptions, withTargetOptions, type ChangeOptions } from "./command.js";
import { named } from "./arguments.js";
import { directoryOf } from "./directory.js";
import { print, withProgress } from "./output.js";
import type { Shell } from "./shell.js";
import { grouped, jsonText } from "./text.js";

export function backupCommand(shell: Shell): Command {
  const command = new Command("backup")
    .description("copy a data directory, also while a service is writing to it")
    .usage("[directory] <to> [options]")
    .addArgument(
      named("file", "<paths...>", "the data directory, and a folder that is empty or isn't there"),
    )
    .addHelpText(
      "after",
      `
Examples:
  tidemark backup ./data /backups/2026-11-21
  tidemark backup /backups/2026-11-21 --nats nats://10.0.0.7 --service shop --yes
Over NATS the service writes the copy, to a folder of the machine that it runs on.
`,
    );
  return withChangeOptions(withTargetOptions(command)).action(
    async (paths: readonly string[], options: ChangeOptions) => {
      const { directory, to } = placesOf(paths, options);
      if (options.nats !== undefined) return backupRemotely(shell, to, options);
      const from = directoryOf(shell, directory ?? options.dir);
      const report = await withProgress((onProgress) => backupStore(from, to, { onProgress }));
      await print(shell, options, report, [
        `copied ${grouped(report.bytes)} bytes up to position ${grouped(report.head)} to ${report.to}`,
      ]);
    },
  );
}

function placesOf(paths: readonly string[], { dir, nats }: ChangeOptions) {
  const [first = "", second, ...more] = paths;
  if (second === undefined) return { directory: undefined, to: first };
  if (more.length === 0 && dir === undefined && nats === undefined)
    return { directory: first, to: second };
  throw new CliError(
    "nothing was copied: give the data directory and where the copy goes, or with --dir or --nats only the latter",
  );
}

async function backupRemotely(shell: Shell, to: string, options: ChangeOptions): Promise<void> {
  const target = await shell.ports.connect(options, shell.ports.env);
  try {
    await change(
      { shell, target, client: target.client, options },
      {
        operation: "backup",
        input: { to },
        will: `The service will copy its journal to ${to}, on the machine that it runs on.`,
        did: ({ report }) => [`copied: ${jsonText(report)}`],
      },
    );
  } finally {
    await target.client.close();
  }
}
