/** `tidemark audit`: what operators did. */
import { Command, Option } from "commander";
import type { AuditEntry } from "../index.js";
import { given, integerFrom, positionOf } from "./arguments.js";
import { asking, withTargetOptions } from "./command.js";
import { print } from "./output.js";
import type { Shell } from "./shell.js";
import { table } from "./table.js";
import { timeText } from "./text.js";

const LIMIT = 100;
const OUTCOMES = ["done", "failed", "unfinished", "recorded"] as const;

interface AuditOptions {
  readonly what?: string;
  readonly by?: string;
  readonly outcome?: AuditEntry["outcome"];
  readonly before?: number;
  readonly limit: number;
}

export function auditCommand(shell: Shell): Command {
  const command = new Command("audit")
    .description("what operators did, by which way, and why; newest first")
    .option("--what <text>", "only operations in whose name this is: rebuild")
    .option("--by <text>", "only by those in whose name this is")
    .addOption(new Option("--outcome <outcome>", "only those that ended so").choices(OUTCOMES))
    .option("--before <position>", "the next page", positionOf)
    .option("--limit <count>", "at the most", integerFrom(1), LIMIT)
    .addHelpText("after", "\nExample: tidemark audit --what rebuild --by grace --limit 20\n");
  return asking<AuditOptions>(shell, withTargetOptions(command), async ({ client, options }) => {
    const { what, by, outcome, before, limit } = options;
    const answer = await client.call("audit", given({ what, by, outcome, before, limit }));
    await print(shell, options, answer, [
      table(
        shell,
        [">position", "at", "what", "of", "by", "via", "outcome", "reason"],
        answer.entries.map((each) => [
          String(each.position),
          timeText(each.atMs),
          each.what,
          each.subject,
          each.by ?? "",
          each.via ?? "",
          { text: outcomeText(each), style: each.outcome === "failed" ? "red" : "reset" },
          each.reason ?? "",
        ]),
      ),
      ...(answer.next === undefined ? [] : [`there are more: --before ${answer.next}`]),
    ]);
  });
}

function outcomeText({ outcome, code, detail }: AuditEntry): string {
  if (code !== undefined) return `${outcome}: ${code}`;
  // Who reads that somebody was forgotten must not read it of a look at what would go.
  return isDryRun(detail) ? `${outcome}: dry run` : outcome;
}

function isDryRun(detail: unknown): boolean {
  return (
    typeof detail === "object" && detail !== null && "dryRun" in detail && detail.dryRun === true
  );
}
