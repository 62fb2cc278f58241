/** `tidemark info`: what a store is, and what runs on it. */
import { Command } from "commander";
import { asking, withTargetOptions } from "./command.js";
import { facts, print } from "./output.js";
import type { Shell } from "./shell.js";
import { bytesText, grouped, timeText } from "./text.js";

export function infoCommand(shell: Shell): Command {
  const command = new Command("info")
    .description("what a store is, and what runs on it")
    .addHelpText("after", "\nExample: tidemark info --dir ./data\n");
  return asking(shell, withTargetOptions(command), async ({ client, options }) => {
    const info = await client.call("info", {});
    const disk = Object.entries(info.diskBytes).map(
      ([part, bytes]) => `${part} ${bytesText(bytes)}`,
    );
    const names = (all: readonly { readonly name: string }[]) =>
      all.map(({ name }) => name).join(", ");
    await print(shell, options, info, [
      facts(shell, [
        ["store", info.storeId],
        ["service", info.service],
        ["directory", info.directory],
        [
          "opened",
          `${timeText(info.openedAtMs)} by process ${info.pid}${info.readOnly ? ", for reading only" : ""}`,
        ],
        ["events", grouped(info.head)],
        ["last event", timeText(info.lastRecordedAtMs)],
        ["disk", disk.join(", ")],
        ["aggregates", names(info.aggregates)],
        ["projections", names(info.projections)],
        ["reactors", info.reactors.join(", ")],
        ["external projections", info.externals.join(", ")],
        ["sagas", names(info.sagas)],
        ["rule sets", names(info.ruleSets)],
        ["remote aggregates", info.remotes.join(", ")],
        ["versions", `tidemark ${info.tidemark}, format ${info.format}, node ${info.node}`],
        ["you may", mayText(info.may)],
      ]),
    ]);
  });
}

function mayText({ change, payloads }: { readonly change: boolean; readonly payloads: boolean }) {
  return [payloads ? "see data" : "not see data", change ? "change things" : "change nothing"].join(
    ", ",
  );
}
