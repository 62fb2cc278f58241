/** `tidemark nats`: the connection to other services, what is published, what comes, and what couldn't be taken. */
import type { Command } from "commander";
import type { MessagingStatus, Told } from "../index.js";
import { given, integerFrom, named } from "./arguments.js";
import {
  asking,
  change,
  group,
  withChangeOptions,
  type ChangeOptions,
  type Session,
} from "./command.js";
import { facts, print, type Rendered } from "./output.js";
import { parkedTable } from "./parked.js";
import type { Shell } from "./shell.js";
import { table } from "./table.js";
import { count, durationText, grouped, jsonText, timeText } from "./text.js";

const LIMIT = 100;

export function natsCommand(shell: Shell): Command {
  const command = group(
    shell,
    "nats",
    "messages to and from other services, and what can be done about those that can't be taken",
    status,
  ).addHelpText(
    "after",
    `
Examples:
  tidemark nats
  tidemark nats parked product
  tidemark nats replay product --reason "the upcaster knows version 3 now"
Exit code 1 where there is no connection, or messages are parked or waited for.
`,
  );
  asking(
    shell,
    command.command("status").description("the connection, what is published, and what comes"),
    (session) => status(session),
  );
  addParked(shell, command);
  addReplay(shell, command);
  addDiscard(shell, command);
  addAcceptGaps(shell, command);
  return command;
}

async function status({ shell, client, options }: Session): Promise<void> {
  const answer = await client.call("nats", {});
  const { messaging } = answer;
  if (messaging !== undefined && needsLook(messaging)) shell.exitCode = 1;
  await print(
    shell,
    options,
    answer,
    messaging === undefined
      ? ["it has nothing to do with other services"]
      : statusLines(shell, messaging),
  );
}

function needsLook({ connection, imports }: Told<MessagingStatus>): boolean {
  return (
    !connection.connected || imports.some((each) => each.parked > 0 || each.waiting.length > 0)
  );
}

function statusLines(
  shell: Shell,
  { connection, relay, imports }: Told<MessagingStatus>,
): (string | Rendered)[] {
  const { server, serverVersion, connected, sinceMs, reconnects, limitations } = connection;
  const about = facts(shell, [
    ["transport", connection.transport],
    [
      "server",
      server === undefined
        ? undefined
        : `${server}${serverVersion === undefined ? "" : `, version ${serverVersion}`}`,
    ],
    [
      "connected",
      `${connected ? "yes" : "no"}, since ${timeText(sinceMs)}, ${count(reconnects, "reconnect")}`,
    ],
    ["limitations", limitations.join("; ")],
    ...(relay === undefined
      ? []
      : ([
          ["published", `to position ${grouped(relay.position)}, ${relay.state}`],
          [
            "behind",
            relay.lagEvents === 0
              ? undefined
              : `${count(relay.lagEvents, "event")}, for ${durationText(relay.lagMs)}`,
          ],
        ] as const)),
  ]);
  if (imports.length === 0) return [about];
  const rows = imports.map((each) => [
    each.aggregate,
    each.state,
    grouped(each.imported),
    grouped(each.duplicates),
    grouped(each.waiting.length),
    { text: grouped(each.parked), style: each.parked > 0 ? ("red" as const) : ("reset" as const) },
  ]);
  return [
    about,
    "",
    table(shell, ["from", "state", ">imported", ">duplicates", ">gaps", ">parked"], rows),
  ];
}

function addParked(shell: Shell, parent: Command): void {
  const command = parent
    .command("parked")
    .description("messages that couldn't be taken, and those behind them")
    .addArgument(named("remote", "<aggregate>", "of the other service"))
    .option("--limit <count>", "at the most", integerFrom(1), LIMIT)
    .addHelpText("after", "\nExit code 1 where there are any.\n");
  asking<{ readonly limit: number }, [name: string]>(
    shell,
    command,
    async ({ client, options }, name) => {
      const answer = await client.call("imports.parked", { name, limit: options.limit });
      if (answer.parked.length > 0) shell.exitCode = 1;
      await print(shell, options, answer, [parkedTable(shell, answer.parked)]);
    },
  );
}

function changing(parent: Command, name: string, description: string): Command {
  const command = parent
    .command(name)
    .description(description)
    .addArgument(named("remote", "<aggregate>", "of the other service"));
  return withChangeOptions(command);
}

function addReplay(shell: Shell, parent: Command): void {
  const command = changing(parent, "replay", "take what is parked, after what was wrong is mended");
  asking<ChangeOptions, [name: string]>(shell, command, (session, name) =>
    change(session, {
      operation: "imports.replay",
      input: { name },
      will: `Parked messages of ${name} will be taken once more, of each entity in order.`,
      did: ({ replayed }) => [`replayed: ${jsonText(replayed)}`],
    }),
  );
}

function addDiscard(shell: Shell, parent: Command): void {
  const command = changing(parent, "discard", "give up what is parked").option(
    "--entity <id>",
    "only of one entity",
  );
  asking<ChangeOptions & { readonly entity?: string }, [name: string]>(
    shell,
    command,
    (session, name) => {
      const { entity } = session.options;
      return change(session, {
        operation: "imports.discard",
        input: { name, ...given({ entityId: entity }) },
        will: `Parked messages of ${entity === undefined ? `all of ${name}` : `${name} ${entity}`} will be given up for good.`,
        did: ({ discarded }) => [`${count(discarded, "parked message")} of ${name} given up`],
      });
    },
  );
}

function addAcceptGaps(shell: Shell, parent: Command): void {
  const command = changing(
    parent,
    "accept-gaps",
    "go on without events that nobody will publish again",
  );
  asking<ChangeOptions, [name: string]>(shell, command, (session, name) =>
    change(session, {
      operation: "imports.acceptGaps",
      input: { name },
      will: `${name} will go on without the events that it waits for; they are lost here for good.`,
      did: ({ accepted }) => [
        `${count(accepted.length, "gap")} of ${name} accepted`,
        ...(accepted.length === 0 ? [] : [parkedTable(session.shell, accepted)]),
      ],
    }),
  );
}
