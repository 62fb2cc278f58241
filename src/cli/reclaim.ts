/** `tidemark reclaim` and `growth`: how large a data directory is, and the space of what was archived. */
import { Command } from "commander";
import { growthOf, planReclaim, reclaimStore, type ReclaimPlan } from "../index.js";
import { given, integerFrom, named, namedOption } from "./arguments.js";
import { CliError } from "./cli-error.js";
import { confirm, type ConfirmOptions } from "./confirm.js";
import { directoryOf } from "./directory.js";
import { facts, print, withProgress, type OutputOptions } from "./output.js";
import type { Shell } from "./shell.js";
import { table } from "./table.js";
import { bytesText, count, grouped, round, timeText } from "./text.js";

interface ReclaimOptions extends OutputOptions, ConfirmOptions {
  readonly archives?: string;
  readonly dryRun?: boolean;
}

export function reclaimCommand(shell: Shell): Command {
  return new Command("reclaim")
    .description(
      "write a data directory anew without the events that were archived; the service must be stopped",
    )
    .addArgument(named("file", "<directory>", "the data directory; it isn't changed"))
    .addArgument(named("file", "<to>", "a folder that is empty or isn't there"))
    .addOption(
      namedOption(
        "file",
        "--archives <folder>",
        "with the archives (default: where they were written)",
      ),
    )
    .option("--dry-run", "only what would be taken out")
    .option("--yes", "don't ask")
    .option("--json", "the report as JSON")
    .addHelpText(
      "after",
      "\nExample: tidemark reclaim ./data ./smaller --dry-run\nThen open the service on the new directory, in place of the old one.\n",
    )
    .action(async (directory: string, to: string, options: ReclaimOptions) => {
      const archives = given({ archives: options.archives });
      const plan = await planReclaim(directory, archives);
      if (options.dryRun === true) return print(shell, options, plan, planLines(plan));
      if (plan.problems.length > 0)
        throw new CliError(`nothing was written: ${plan.problems.join("; ")}`);
      await confirm(shell, options, planLines(plan).join("\n"));
      const report = await withProgress((onProgress) =>
        reclaimStore(directory, to, { ...archives, confirm: plan.confirmation, onProgress }),
      );
      const [before, after] = report.logBytes;
      await print(shell, options, report, [
        `${count(report.events, "event")} taken out; the log takes ${bytesText(after)} instead of ${bytesText(before)} in ${report.to}`,
      ]);
    });
}

function planLines({ events, bytes, streams, problems, directory }: ReclaimPlan): string[] {
  return [
    `${count(events, "archived event")} of ${count(streams.length, "stream")} would be taken out of a copy of ${directory}: ${bytesText(bytes)}.`,
    ...problems.map((problem) => `It can't be done: ${problem}`),
  ];
}

interface GrowthOptions extends OutputOptions {
  readonly dir?: string;
  readonly days?: number;
}

const KINDS_MAX = 20;

export function growthCommand(shell: Shell): Command {
  return new Command("growth")
    .description(
      "what takes the space of a data directory, how fast it grows, and how long the disk will do",
    )
    .addArgument(
      named("file", "[directory]", "the data directory (default: $TIDEMARK_DIR or ./data)"),
    )
    .addOption(namedOption("file", "--dir <directory>", "the same, as other commands have it"))
    .option("--days <count>", "whose growth is told", integerFrom(1))
    .option("--json", "the report as JSON")
    .addHelpText("after", "\nExample: tidemark growth ./data --days 7\n")
    .action(async (directory: string | undefined, options: GrowthOptions) => {
      const report = await growthOf(
        directoryOf(shell, directory ?? options.dir),
        given({ days: options.days }),
      );
      const disk = Object.entries(report.diskBytes).map(
        ([part, bytes]) => `${part} ${bytesText(bytes)}`,
      );
      const { kinds, daysLeft } = report;
      await print(shell, options, report, [
        facts(shell, [
          ["events", grouped(report.head)],
          ["first", timeText(report.firstRecordedAtMs)],
          ["last", timeText(report.lastRecordedAtMs)],
          ["disk", disk.join(", ")],
          ["disk free", bytesText(report.freeBytes)],
          ["a day", `${round(report.eventsPerDay)} events, about ${bytesText(report.bytesPerDay)}`],
          ["full in", daysLeft === undefined ? undefined : count(Math.floor(daysLeft), "day")],
        ]),
        "",
        table(
          shell,
          ["stream type", "event type", ">events", ">data"],
          kinds
            .slice(0, KINDS_MAX)
            .map((each) => [
              each.streamType,
              each.eventType,
              grouped(each.events),
              bytesText(each.bytes),
            ]),
        ),
        ...(report.counted ? [] : ["estimated from evenly spread commits"]),
      ]);
    });
}
