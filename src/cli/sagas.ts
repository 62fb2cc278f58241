/** `tidemark sagas`: where the instances are. What changes them is in `saga-changes.ts`. */
import { Option, type Command } from "commander";
import type {
  HistoryEntry,
  InputOf,
  InstanceDetail,
  SagaStatus,
  StateCount,
  Told,
} from "../index.js";
import { durationOf, given, integerFrom, named } from "./arguments.js";
import { asking, group, type Session } from "./command.js";
import type { Rendered } from "./output.js";
import { facts, print, styled } from "./output.js";
import { parkedTable } from "./parked.js";
import { addSagaChanges } from "./saga-changes.js";
import { diagramLines, mermaidOf } from "./saga-diagram.js";
import type { Shell } from "./shell.js";
import { table } from "./table.js";
import { dataLines, dataText, durationText, grouped, jsonText, timeText } from "./text.js";

const LIMIT = 100;
const STATUSES = ["waiting", "active", "done", "parked", "ended"];

export function sagasCommand(shell: Shell): Command {
  const command = group(
    shell,
    "sagas",
    "where the instances of sagas are, and what can be done about them",
    list,
  ).addHelpText(
    "after",
    `
Examples:
  tidemark sagas
  tidemark sagas instances transfer --status parked
  tidemark sagas show transfer order-7
  tidemark sagas retry transfer order-7 --reason "the account is open again"
Exit code 1 where instances are parked, or inputs were refused.
`,
  );
  asking(
    shell,
    command.command("list").description("all sagas, and how many instances are where"),
    (session) => list(session),
  );
  addInstances(shell, command);
  addShow(shell, command);
  addDiagram(shell, command);
  addCheck(shell, command);
  addRefused(shell, command);
  addSagaChanges(shell, command);
  return command;
}

async function list({ shell, client, options }: Session): Promise<void> {
  const answer = await client.call("sagas", {});
  if (answer.sagas.some(needsLook)) shell.exitCode = 1;
  await print(shell, options, answer, [
    table(
      shell,
      ["saga", ">version", "state", ">behind", "status", "where", ">instances", ">refused"],
      answer.sagas.flatMap((saga) => rowsOf(saga)),
    ),
  ]);
}

function needsLook({ counts, refused }: Told<SagaStatus>): boolean {
  return refused > 0 || counts.some(({ status }) => status === "parked");
}

/** A row for each place in which there are instances; what is the same for all stands in the first. */
function rowsOf({ name, version, state, lagEvents, counts, refused }: Told<SagaStatus>) {
  const places: readonly Partial<StateCount>[] = counts.length === 0 ? [{}] : counts;
  return places.map((place, index) => [
    ...(index === 0 ? [name, String(version), state, grouped(lagEvents)] : ["", "", "", ""]),
    place.status === undefined
      ? ""
      : ({ text: place.status, style: place.status === "parked" ? "red" : "reset" } as const),
    place.state ?? "",
    place.instances === undefined ? "" : grouped(place.instances),
    index === 0 && refused > 0 ? grouped(refused) : "",
  ]);
}

interface InstancesOptions {
  readonly status?: Exclude<InputOf<"saga.instances">["status"], undefined>;
  readonly state?: string;
  readonly stuck?: number;
  readonly after?: string;
  readonly limit: number;
}

function addInstances(shell: Shell, parent: Command): void {
  const command = parent
    .command("instances")
    .description("instances of a saga, and since when they are where they are")
    .addArgument(named("saga", "<saga>", "its name"))
    .addOption(new Option("--status <status>", "only those").choices(STATUSES))
    .option("--state <state>", "of the machine: paying, or shipping.packing")
    .option("--stuck <duration>", "in one place for longer than 2h, say", durationOf)
    .option("--after <cursor>", "the next page")
    .option("--limit <count>", "at the most", integerFrom(1), LIMIT);
  asking<InstancesOptions, [name: string]>(shell, command, async ({ client, options }, name) => {
    const { status, state, after, limit, stuck } = options;
    const nowMs = Date.now();
    const sinceBeforeMs = stuck === undefined ? undefined : nowMs - stuck;
    const answer = await client.call("saga.instances", {
      name,
      ...given({ status, state, after, limit, sinceBeforeMs }),
    });
    await print(shell, options, answer, [
      table(
        shell,
        ["instance", "status", "state", ">version", "since", "problem"],
        answer.instances.map((each) => [
          each.instanceId,
          each.status,
          each.state,
          String(each.version),
          timeText(each.sinceMs),
          each.problem ?? "",
        ]),
      ),
      ...(answer.next === undefined ? [] : [`there are more: --after '${answer.next}'`]),
    ]);
  });
}

function addShow(shell: Shell, parent: Command): void {
  const command = parent
    .command("show")
    .description("an instance: its context, what it waits for, its history")
    .addArgument(named("saga", "<saga>", "its name"))
    .argument("<instance>", "its id");
  asking<unknown, [name: string, instanceId: string]>(
    shell,
    command,
    async ({ client, options }, name, instanceId) => {
      const detail = await client.call("saga.instance", { name, instanceId });
      await print(shell, options, detail, detailLines(shell, detail));
    },
  );
}

function detailLines(shell: Shell, detail: InstanceDetail): (string | Rendered)[] {
  const part = (title: string, rows: readonly unknown[]) =>
    rows.length === 0 ? [] : ["", styled(shell, "bold", title), parkedTable(shell, rows)];
  return [
    facts(shell, [
      ["instance", detail.instanceId],
      ["status", detail.status],
      ["state", detail.state],
      ["problem", detail.problem],
      ["version", String(detail.version)],
      ["steps", grouped(detail.steps)],
      ["since", `${timeText(detail.sinceMs)}, for ${durationText(Date.now() - detail.sinceMs)}`],
    ]),
    "",
    styled(shell, "bold", "context"),
    ...dataLines(detail.context, detail.hidden),
    ...(detail.output === undefined || detail.output === null
      ? []
      : ["", styled(shell, "bold", "output"), ...dataLines(detail.output)]),
    ...part("timers", detail.timers),
    ...part("commands", detail.commands),
    ...part("would be undone", detail.compensations),
    ...part("inputs that wait", detail.kept),
    ...(detail.history.length === 0
      ? []
      : ["", styled(shell, "bold", "history"), historyTable(shell, detail.history)]),
  ];
}

function historyTable(shell: Shell, history: readonly unknown[]): Rendered {
  const entries = history as readonly Partial<Told<HistoryEntry>>[];
  return table(
    shell,
    [">position", "at", "what", "event", "state", "it asked for", "remark"],
    entries.map(({ position, atMs, kind, event, state, commands, timers, remark }) => [
      String(position ?? ""),
      timeText(atMs),
      kind ?? "",
      event === undefined ? "" : `${event.type} ${dataText(event.data)}`.trimEnd(),
      state ?? "",
      [
        ...(commands ?? []),
        ...(timers ?? []).map(({ dueAtMs }) => `a timer for ${timeText(dueAtMs)}`),
      ].join(", "),
      remark ?? "",
    ]),
  );
}

function addDiagram(shell: Shell, parent: Command): void {
  const command = parent
    .command("diagram")
    .description("the states of its machine, where they lead, and how many instances are in each")
    .addArgument(named("saga", "<saga>", "its name"))
    .option("--mermaid", "as a diagram for Markdown");
  asking<{ readonly mermaid?: boolean }, [name: string]>(
    shell,
    command,
    async ({ client, options }, name) => {
      const diagram = await client.call("saga.diagram", { name });
      const lines = options.mermaid === true ? mermaidOf(diagram) : diagramLines(shell, diagram);
      await print(shell, options, diagram, lines);
    },
  );
}

function addCheck(shell: Shell, parent: Command): void {
  const command = parent
    .command("check")
    .description("what becomes of the instances under the definition that runs")
    .addArgument(named("saga", "<saga>", "its name"))
    .addHelpText("after", "\nExit code 1 where some would be parked with their next input.\n");
  asking<unknown, [name: string]>(shell, command, async ({ client, options }, name) => {
    const { report } = await client.call("saga.check", { name });
    const { groups = [], willPark = 0 } = report as {
      readonly groups?: readonly unknown[];
      readonly willPark?: number;
    };
    if (willPark > 0) shell.exitCode = 1;
    await print(shell, options, report, [
      parkedTable(shell, groups),
      willPark === 0
        ? "all go on"
        : `${grouped(willPark)} would be parked: ${jsonText(name)} needs a migration`,
    ]);
  });
}

function addRefused(shell: Shell, parent: Command): void {
  const command = parent
    .command("refused")
    .description("inputs that no instance could take")
    .addArgument(named("saga", "<saga>", "its name"));
  asking<unknown, [name: string]>(shell, command, async ({ client, options }, name) => {
    const answer = await client.call("saga.refused", { name });
    if (answer.refused.length > 0) shell.exitCode = 1;
    await print(shell, options, answer, [parkedTable(shell, answer.refused)]);
  });
}
