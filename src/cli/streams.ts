/** `tidemark streams`, `state`, `diff`, `timeline`: one stream, now and as it was. */
import { Command } from "commander";
import type { At, Change, ShownState, StreamInfo } from "../index.js";
import { atOf, given, integerFrom, named } from "./arguments.js";
import { asking, withTargetOptions } from "./command.js";
import { facts, print, Rendered, styled } from "./output.js";
import type { Shell } from "./shell.js";
import { table } from "./table.js";
import { count, dataLines, jsonText, safe, timeText } from "./text.js";

const LIMIT = 100;

export function streamsCommand(shell: Shell): Command {
  const command = new Command("streams")
    .description("streams in order of their ids")
    .addArgument(named("stream", "[prefix]", "what their ids begin with: article/, or article/ke"))
    .option("--after <stream>", "behind this one: the next page")
    .option("--limit <count>", "at the most", integerFrom(1), LIMIT)
    .addHelpText("after", "\nExample: tidemark streams article/\n");
  return asking<{ readonly after?: string; readonly limit: number }, [prefix: string | undefined]>(
    shell,
    withTargetOptions(command),
    async ({ client, options }, prefix) => {
      const { after, limit } = options;
      const page = await client.call("streams", given({ prefix, after, limit }));
      const rows = page.streams.map(({ stream, version }) => [stream, String(version)]);
      await print(shell, options, page, [
        table(shell, ["stream", ">events"], rows),
        ...(page.next === undefined ? [] : [`there are more: --after ${page.next}`]),
      ]);
    },
  );
}

export function stateCommand(shell: Shell): Command {
  const command = new Command("state")
    .description("what the events of a stream come to, now or at a moment")
    .addArgument(named("stream", "<stream>", "its id: article/kettle"))
    .option("--at <moment>", "version:12, position:400, or a time like 2026-01-05T10:00", atOf)
    .addHelpText(
      "after",
      `
Examples:
  tidemark state article/kettle
  tidemark state article/kettle --at version:1
  tidemark state article/kettle --at 2h
Without a running service it needs --app, whose definitions know how to fold.
`,
    );
  return asking<{ readonly at?: At }, [stream: string]>(
    shell,
    withTargetOptions(command),
    async ({ client, options }, stream) => {
      const { at } = options;
      const state = await client.call("state", at === undefined ? { stream } : { stream, at });
      const info = await client.call("stream", { stream });
      await print(shell, options, state, [
        headOf(shell, state, info),
        ...dataLines(state.state, state.hidden),
      ]);
    },
  );
}

function headOf(shell: Shell, { stream, kind, version }: ShownState, info: StreamInfo): Rendered {
  const of = info.version === version ? "" : ` of ${info.version}`;
  // Of a state of the past it would be something that came later.
  const last = info.version === version ? info.last : undefined;
  return facts(shell, [
    [kind, stream],
    ["version", `${version}${of}`],
    [
      "last event",
      last === undefined
        ? undefined
        : `${timeText(last.recordedAtMs)} at position ${last.position}`,
    ],
    [
      "truncated",
      info.truncatedBefore === undefined ? undefined : `before version ${info.truncatedBefore}`,
    ],
    [
      "snapshot",
      info.snapshot === undefined
        ? undefined
        : `of version ${info.snapshot.version}, ${timeText(info.snapshot.takenAtMs)}`,
    ],
  ]);
}

export function diffCommand(shell: Shell): Command {
  const version = integerFrom(0);
  const command = new Command("diff")
    .description("what changed in the state of a stream between two versions")
    .addArgument(named("stream", "<stream>", "its id"))
    .argument("<from>", "a version; 0 is before its first event", version)
    .argument("[to]", "a later one; now where it is left out", version)
    .addHelpText("after", "\nExample: tidemark diff article/kettle 1 3\n");
  return asking<unknown, [stream: string, from: number, to: number | undefined]>(
    shell,
    withTargetOptions(command),
    async ({ client, options }, stream, from, to) => {
      const diff = await client.call("diff", { stream, from, ...given({ to }) });
      await print(shell, options, diff, [
        `${stream}, version ${diff.from} to ${diff.to}: ${diff.hidden === true ? "its data may not be seen" : count(diff.changes.length, "change")}`,
        ...diff.changes.map((each) => changeLine(shell, each)),
      ]);
    },
  );
}

export function timelineCommand(shell: Shell): Command {
  const command = new Command("timeline")
    .description("the events of a stream, and what each changed in its state")
    .addArgument(named("stream", "<stream>", "its id"))
    .option("--from <version>", "the first one", integerFrom(1))
    .option("--limit <count>", "at the most", integerFrom(1), LIMIT)
    .addHelpText("after", "\nExample: tidemark timeline article/kettle --limit 20\n");
  return asking<{ readonly from?: number; readonly limit: number }, [stream: string]>(
    shell,
    withTargetOptions(command),
    async ({ client, options }, stream) => {
      const { from, limit } = options;
      const timeline = await client.call("timeline", { stream, ...given({ from, limit }) });
      await print(
        shell,
        options,
        timeline,
        timeline.entries.flatMap(({ event, changes }) => [
          styled(
            shell,
            "bold",
            `${event.version}  ${event.type}  ${timeText(event.recordedAtMs)}  at ${event.position}`,
          ),
          ...changes.map((each) => changeLine(shell, each)),
        ]),
      );
    },
  );
}

/** `  count: 10 → 7`. */
function changeLine(shell: Shell, change: Change): Rendered {
  const path = safe(change.path === "" ? "(all)" : change.path);
  const before = "before" in change ? shell.styled("red", jsonText(change.before)) : undefined;
  const after = "after" in change ? shell.styled("green", jsonText(change.after)) : undefined;
  if (before === undefined) return new Rendered(`  ${path}: added ${after ?? ""}`);
  if (after === undefined) return new Rendered(`  ${path}: removed ${before}`);
  return new Rendered(`  ${path}: ${before} → ${after}`);
}
