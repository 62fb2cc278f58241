/** `tidemark panel`: the panel in the browser, until Ctrl-C. */
import { once } from "node:events";
import { resolve } from "node:path";
import { Command } from "commander";
import { openDashboard } from "../dashboard/index.js";
import { given, integerFrom } from "./arguments.js";
import { CliError } from "./cli-error.js";
import { asking, withTargetOptions, type Session } from "./command.js";
import type { Shell } from "./shell.js";
import type { TargetOptions } from "./target.js";
import { jsonText } from "./text.js";

interface PanelOptions {
  readonly port: number;
  readonly allowChanges?: boolean;
  readonly showPayloads?: boolean;
  readonly backupsTo?: string;
  readonly archivesTo?: string;
}

export function panelCommand(shell: Shell): Command {
  const command = new Command("panel")
    .description("a page in the browser: how the service stands, what is wrong, what to press")
    .option(
      "--port <port>",
      "where it listens on this machine; 0 for a free one",
      integerFrom(0),
      0,
    )
    .option("--allow-changes", "let buttons mend things; else it only looks")
    .option("--show-payloads", "show the data of events, states and documents")
    .option("--backups-to <folder>", "where backups made from the page go, each by its name")
    .option(
      "--archives-to <folder>",
      "where events of entities go that are compacted from the page",
    )
    .addHelpText(
      "after",
      `
Examples:
  tidemark panel
  tidemark panel --dir ./data --allow-changes --show-payloads
  tidemark panel --allow-changes --backups-to /backups
Only this machine reaches it, and only whoever has the address that is printed: it holds a token, new at each start.
From another machine: ssh -L 7070:127.0.0.1:7070 host tidemark panel --port 7070
`,
    );
  return asking<PanelOptions>(shell, withTargetOptions(command), serve);
}

async function serve({ shell, target, client, options }: Session<PanelOptions>): Promise<void> {
  const { port, allowChanges = false, showPayloads = false, json } = options;
  if (allowChanges && target.readOnly !== undefined) throw new CliError(target.readOnly);
  const interrupted = shell.ports.interrupted();
  const folders = given({
    backupsTo: folderOf(options.backupsTo, options),
    archivesTo: folderOf(options.archivesTo, options),
  });
  const panel = await openDashboard(client, { port, allowChanges, showPayloads, ...folders });
  try {
    const { url } = panel;
    await shell.write(json === true ? `${jsonText({ url })}\n` : `${url}\n`);
    if (json !== true) shell.remark("Open it in a browser; Ctrl-C ends it.\n");
    if (!interrupted.aborted) await once(interrupted, "abort");
  } finally {
    await panel.close();
  }
}

/** Of another machine only its own paths are known. */
function folderOf(path: string | undefined, { nats }: TargetOptions): string | undefined {
  return path === undefined || nats !== undefined ? path : resolve(path);
}
