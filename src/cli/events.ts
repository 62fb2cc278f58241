/** `tidemark events`: the journal, filtered, page by page, and followed. */
import { Command } from "commander";
import type { EventsPage, EventsQuery, Position, ShownEvent } from "../index.js";
import { given, integerFrom, listOf, namedOption, positionOf, timeOf } from "./arguments.js";
import { asking, withTargetOptions, type Session } from "./command.js";
import { CliError } from "./cli-error.js";
import { print } from "./output.js";
import type { Shell } from "./shell.js";
import { TableWriter, type Cell } from "./table.js";
import { dataText, jsonText, timeText } from "./text.js";

interface EventsOptions {
  readonly stream?: string;
  readonly streamType?: readonly string[];
  readonly type?: readonly string[];
  readonly since?: number;
  readonly until?: number;
  readonly after?: Position;
  readonly before?: Position;
  readonly correlation?: string;
  readonly text?: string;
  readonly limit: number;
  readonly reverse?: boolean;
  readonly follow?: boolean;
  readonly ndjson?: boolean;
}

const PAGE_MAX = 1_000;
const WAIT_MS = 20_000;
const LIMIT = 100;
export const EVENT_COLUMNS = [">position", "recorded", "stream", ">version", "type", "data"];

const EXAMPLES = `
Examples:
  tidemark events --type Sold --since 2h
  tidemark events --stream article/kettle --reverse --limit 5
  tidemark events --follow
  tidemark events --limit 1000000 --ndjson | jq .data
Times are UTC unless they name a zone. With --follow and --json each event is a line.
`;

export function eventsCommand(shell: Shell): Command {
  const command = new Command("events")
    .description("events of the journal, oldest first")
    .addOption(namedOption("stream", "--stream <id>", "of one stream"))
    .option("--stream-type <names>", "of streams of these types, separated by commas", listOf)
    .option("--type <names>", "of these types, separated by commas", listOf)
    .option("--since <time>", "recorded then or later; 2h is two hours ago", timeOf)
    .option("--until <time>", "recorded before then", timeOf)
    .option("--after <position>", "behind a position", positionOf)
    .option("--before <position>", "in front of a position", positionOf)
    .option("--correlation <id>", "that belong together")
    .option("--text <text>", "with this in the stream's id, the type or the data; reads everything")
    .option("--limit <count>", "at the most", integerFrom(1), LIMIT)
    .option("--reverse", "newest first")
    .option("--follow", "go on with what comes, until Ctrl-C; from now where nothing else is said")
    .option("--ndjson", "each event a line of JSON")
    .addHelpText("after", EXAMPLES);
  return asking<EventsOptions>(shell, withTargetOptions(command), (session) =>
    session.options.follow === true ? follow(session) : list(session),
  );
}

function queryOf(options: EventsOptions): EventsQuery {
  return given({
    stream: options.stream,
    streamTypes: options.streamType,
    types: options.type,
    fromMs: options.since,
    toMs: options.until,
    correlationId: options.correlation,
    text: options.text,
    after: options.after,
    before: options.before,
    direction: options.reverse === true ? "backward" : undefined,
  });
}

async function list(session: Session<EventsOptions>): Promise<void> {
  const { options, shell } = session;
  if (options.json === true) {
    const events: ShownEvent[] = [];
    for await (const page of pagesOf(session)) events.push(...page);
    return print(shell, options, events, []);
  }
  const writer = writerOf(session);
  let shown = 0;
  for await (const page of pagesOf(session)) {
    shown += page.length;
    await writer(page);
  }
  if (shown === 0 && options.ndjson !== true) shell.remark("no event fits\n");
  if (shown === LIMIT && options.limit === LIMIT && shell.isTerminal)
    shell.remark(`no more than ${LIMIT} without --limit\n`);
}

/** Up to the limit, a page at a time: however many there are, few are in memory. */
async function* pagesOf({
  client,
  options,
}: Session<EventsOptions>): AsyncGenerator<readonly ShownEvent[]> {
  let query = queryOf(options);
  for (let left = options.limit; left > 0;) {
    const page: EventsPage = await client.call("events", {
      ...query,
      limit: Math.min(left, PAGE_MAX),
    });
    if (page.events.length > 0) yield page.events;
    left -= page.events.length;
    if (page.next === undefined) return;
    query = { ...query, [options.reverse === true ? "before" : "after"]: page.next };
  }
}

async function follow(session: Session<EventsOptions>): Promise<void> {
  const { client, options, shell } = session;
  if (options.reverse === true || options.until !== undefined || options.before !== undefined)
    throw new CliError(
      "--follow goes on with what comes: leave out --reverse, --until and --before",
    );
  const signal = shell.ports.interrupted();
  const writer = writerOf(session);
  const { after: from, ...query } = queryOf(options);
  let after = from ?? (query.fromMs === undefined ? (await client.call("info", {})).head : 0);
  while (!signal.aborted) {
    const input = { ...query, after, limit: PAGE_MAX, waitMs: WAIT_MS };
    const page = await client.call("events", input, { signal }).catch((error: unknown) => {
      if (signal.aborted) return undefined;
      throw error;
    });
    if (page === undefined) return;
    if (page.events.length > 0) await writer(page.events);
    after = page.scannedTo;
  }
}

/** Writes events as they come, in the form that was asked for. */
function writerOf({ shell, options }: Session<EventsOptions>) {
  if (options.ndjson === true || options.json === true)
    return (events: readonly ShownEvent[]) =>
      shell.write(events.map((event) => `${jsonText(event)}\n`).join(""));
  const table = new TableWriter(shell, EVENT_COLUMNS);
  return (events: readonly ShownEvent[]) =>
    shell.write(`${table.add(events.map(eventCells)).text}\n`);
}

export function eventCells(event: ShownEvent): readonly Cell[] {
  return [
    String(event.position),
    timeText(event.recordedAtMs),
    event.stream,
    String(event.version),
    { text: event.type, style: "cyan" },
    dataText(event.data, event.hidden),
  ];
}
