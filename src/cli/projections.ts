/** `tidemark projections`: how the readers of the journal stand, and their views. What changes them is in `projection-changes.ts`. */
import type { Command } from "commander";
import type { GenerationDiff, OutputOf, ProjectionStatus, ReaderStatus, Told } from "../index.js";
import { given, integerFrom, named } from "./arguments.js";
import { CliError } from "./cli-error.js";
import { asking, group, type Session } from "./command.js";
import type { Rendered } from "./output.js";
import { facts, print, styled } from "./output.js";
import { addProjectionChanges } from "./projection-changes.js";
import type { Shell } from "./shell.js";
import { table, type Cell } from "./table.js";
import { parkedTable } from "./parked.js";
import { count, dataText, durationText, grouped, jsonText, round, timeText } from "./text.js";

type Statuses = OutputOf<"projections">;
const LIMIT = 100;

export function projectionsCommand(shell: Shell): Command {
  const command = group(
    shell,
    "projections",
    "how the readers of the journal stand, and what can be done about them",
    status,
  ).addHelpText(
    "after",
    `
Examples:
  tidemark projections
  tidemark projections show cars
  tidemark projections rebuild cars --reason "repainted cars had no colour"
  tidemark projections documents cars car-7
Exit code 1 where one has stopped, tries again, has parked events, or awaits approval.
`,
  );
  asking(
    shell,
    command
      .command("status")
      .description("how projections, reactors and external projections stand"),
    (session) => status(session),
  );
  addShow(shell, command);
  addDiff(shell, command);
  addParked(shell, command);
  addDocuments(shell, command);
  addProjectionChanges(shell, command);
  return command;
}

/** A reader of any kind, for a row. */
interface Row extends Told<ReaderStatus> {
  readonly name: string;
  readonly kind: string;
  readonly paused: boolean;
  readonly note?: string;
}

function rowsOf({ projections, reactors, externals }: Statuses): Row[] {
  const served = projections.flatMap(({ name, lifecycle, paused, generations, rebuild }) =>
    generations.slice(0, 1).map((serving) => ({
      ...serving,
      name,
      kind: lifecycleText(lifecycle),
      paused,
      ...(rebuild === undefined
        ? {}
        : { note: `generation ${rebuild.generation}: ${rebuild.phase}` }),
    })),
  );
  return [
    ...served,
    ...reactors.map((each) => ({ ...each, kind: "reactor" })),
    ...externals.map((each) => ({ ...each, kind: "external" })),
  ];
}

function lifecycleText(lifecycle: Told<ProjectionStatus>["lifecycle"]): string {
  return typeof lifecycle === "string" ? lifecycle : `every ${durationText(lifecycle.everyMs)}`;
}

async function status({ shell, client, options }: Session): Promise<void> {
  const statuses = await client.call("projections", {});
  const rows = rowsOf(statuses);
  const needing = rows.filter(needsLook);
  if (needing.length > 0) shell.exitCode = 1;
  await print(shell, options, statuses, [
    table(
      shell,
      ["name", "kind", "state", ">position", ">behind", ">for", ">a second", ">parked", "note"],
      rows.map(cellsOf),
    ),
  ]);
}

function needsLook({ state, paused, parked, note }: Row): boolean {
  const isStuck = state === "stopped" || state === "retrying";
  return isStuck || paused || parked > 0 || /awaiting-approval|failed/.test(note ?? "");
}

function cellsOf(row: Row): readonly Cell[] {
  const state = row.paused ? "paused" : row.state;
  return [
    row.name,
    row.kind,
    { text: state, style: needsLook(row) ? "red" : "green" },
    grouped(row.position),
    grouped(row.lagEvents),
    row.lagEvents === 0 ? "" : durationText(row.lagMs),
    row.positionsPerSecond === 0 ? "" : round(row.positionsPerSecond),
    row.parked === 0 ? "" : grouped(row.parked),
    row.error?.message ?? row.note ?? "",
  ];
}

function addShow(shell: Shell, parent: Command): void {
  const command = parent
    .command("show")
    .description("its generations, its last rebuild, and what operators did to it")
    .addArgument(named("projection", "<name>", "of a projection"));
  asking<unknown, [name: string]>(shell, command, async ({ client, options }, name) => {
    const { projections, reactors, externals } = await client.call("projections", {});
    const { records } = await client.call("projection.audit", { name });
    const found = projections.find((each) => each.name === name);
    const other = [...reactors, ...externals].find((each) => each.name === name);
    const status = found ?? other;
    if (status === undefined)
      throw new CliError(
        `there is no projection or reactor ${name}: tidemark projections lists them`,
      );
    const rows = rowsOf({ projections, reactors, externals });
    if (rows.some((row) => row.name === name && needsLook(row))) shell.exitCode = 1;
    await print(shell, options, { status, records }, [
      ...(found === undefined ? [] : projectionLines(shell, found)),
      ...(other === undefined ? [] : [readerFacts(shell, name, other)]),
      ...(records.length === 0 ? [] : ["", styled(shell, "bold", "done by operators")]),
      ...records.map(({ atMs, type, data }) => `  ${timeText(atMs)}  ${type}  ${jsonText(data)}`),
    ]);
  });
}

function projectionLines(shell: Shell, of: Told<ProjectionStatus>): (string | Rendered)[] {
  const { name, lifecycle, paused, skipped, generations, rebuild } = of;
  return [
    facts(shell, [
      ["projection", name],
      ["lifecycle", lifecycleText(lifecycle)],
      ["paused", paused ? "yes" : undefined],
      ["passed over", skipped === 0 ? undefined : count(skipped, "event")],
      [
        "last rebuild",
        rebuild === undefined ? undefined : `generation ${rebuild.generation}, ${rebuild.phase}`,
      ],
      ["failed with", rebuild?.error],
    ]),
    "",
    table(
      shell,
      [">generation", ">version", "role", "state", ">position", ">behind", ">parked", "error"],
      generations.map((each) => [
        String(each.generation),
        String(each.version),
        each.role,
        each.state,
        grouped(each.position),
        grouped(each.lagEvents),
        grouped(each.parked),
        each.error?.message ?? "",
      ]),
    ),
    ...(rebuild?.diff === undefined ? [] : ["", ...diffLines(shell, rebuild.diff)]),
  ];
}

function readerFacts(
  shell: Shell,
  name: string,
  of: Told<ReaderStatus> & { readonly paused: boolean },
) {
  return facts(shell, [
    ["reader", name],
    ["state", of.paused ? "paused" : of.state],
    ["position", `${grouped(of.position)} of ${grouped(of.head)}`],
    ["parked", of.parked === 0 ? undefined : count(of.parked, "event")],
    ["error", of.error?.message],
  ]);
}

function addDiff(shell: Shell, parent: Command): void {
  const command = parent
    .command("diff")
    .description("what a rebuilt generation changes for readers")
    .addArgument(named("projection", "<name>", "of a projection"));
  asking<unknown, [name: string]>(shell, command, async ({ client, options }, name) => {
    const answer = await client.call("projection.diff", { name });
    const { diff } = answer;
    await print(
      shell,
      options,
      answer,
      diff === undefined
        ? [`nothing of ${name} has been rebuilt and compared: tidemark projections rebuild ${name}`]
        : diffLines(shell, diff),
    );
  });
}

export function diffLines(shell: Shell, diff: Told<GenerationDiff>): (string | Rendered)[] {
  const { position, added, removed, changed, unchanged, samples } = diff;
  const { parkedBefore, parkedAfter } = diff;
  return [
    `as of position ${grouped(position)}: ${grouped(added)} added, ${grouped(removed)} removed, ${grouped(changed)} changed, ${count(unchanged, "document")} the same`,
    ...(parkedBefore + parkedAfter === 0
      ? []
      : [`parked: ${grouped(parkedBefore)} before, ${grouped(parkedAfter)} after`]),
    ...(samples.length === 0
      ? []
      : [
          table(
            shell,
            ["collection", "id", "before", "after"],
            samples.map(({ collection, id, before, after }) => [
              collection,
              id,
              { text: dataText(before), style: "red" },
              { text: dataText(after), style: "green" },
            ]),
          ),
        ]),
  ];
}

function addParked(shell: Shell, parent: Command): void {
  const command = parent
    .command("parked")
    .description("events that its handler couldn't take, and those behind them")
    .addArgument(named("projection", "<name>", "of a projection or reactor"))
    .option("--key <key>", "of one key")
    .option("--limit <count>", "at the most", integerFrom(1), LIMIT)
    .addHelpText("after", "\nExit code 1 where there are any.\n");
  asking<{ readonly key?: string; readonly limit: number }, [name: string]>(
    shell,
    command,
    async ({ client, options }, name) => {
      const { key, limit } = options;
      const answer = await client.call("projection.parked", { name, ...given({ key, limit }) });
      if (answer.parked.length > 0) shell.exitCode = 1;
      await print(shell, options, answer, [parkedTable(shell, answer.parked)]);
    },
  );
}

interface DocumentsOptions {
  readonly collection?: string;
  readonly after?: string;
  readonly limit: number;
}

function addDocuments(shell: Shell, parent: Command): void {
  const command = parent
    .command("documents")
    .description("documents of its view, in order of their ids")
    .addArgument(named("projection", "<name>", "of a projection"))
    .argument("[id]", "of one document")
    .option("--collection <name>", "where it has several")
    .option("--after <id>", "behind this one: the next page")
    .option("--limit <count>", "at the most", integerFrom(1), LIMIT);
  asking<DocumentsOptions, [name: string, id: string | undefined]>(
    shell,
    command,
    async ({ client, options }, name, id) => {
      const { collection, after, limit } = options;
      const input = { name, ...given({ collection, id, after, limit }) };
      const answer = await client.call("projection.documents", input);
      const rows = answer.documents.map((each) => [each.id, dataText(each.document, each.hidden)]);
      await print(shell, options, answer, [
        table(shell, ["id", "document"], rows),
        ...(answer.next === undefined ? [] : [`there are more: --after ${answer.next}`]),
      ]);
    },
  );
}
