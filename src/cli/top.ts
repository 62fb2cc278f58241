/** `tidemark top`: how a service stands, again and again. */
import { cursorTo, clearScreenDown } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { Command } from "commander";
import type { Overview } from "../index.js";
import { integerFrom } from "./arguments.js";
import { asking, withTargetOptions, type Session } from "./command.js";
import { print } from "./output.js";
import { overviewLines } from "./overview.js";
import type { Shell } from "./shell.js";
import { jsonText } from "./text.js";

interface TopOptions {
  readonly once?: boolean;
  readonly interval: number;
}

const INTERVAL_S = 1;

export function topCommand(shell: Shell): Command {
  const command = new Command("top")
    .description("live figures, and what needs somebody")
    .option("--once", "the figures of now, also on a terminal")
    .option("--interval <seconds>", "between figures", integerFrom(1), INTERVAL_S)
    .addHelpText(
      "after",
      `
Examples:
  tidemark top
  tidemark top --once
  tidemark top --json | jq .eventsPerSecond
With --json each look is a line, until Ctrl-C. Where standard output is no terminal it looks once.
Exit code 1 where the last look found something that needs somebody.
`,
    );
  return asking<TopOptions>(shell, withTargetOptions(command), (session) => {
    const { once, json } = session.options;
    if (json === true) return everySo(session, once === true, writeLine);
    return once === true || !shell.isTerminal
      ? everySo(session, true, writeLook)
      : everySo(session, false, drawScreen);
  });
}

type Show = (session: Session<TopOptions>, overview: Overview) => Promise<void>;

async function everySo(session: Session<TopOptions>, isOnce: boolean, show: Show): Promise<void> {
  const { shell, client, options } = session;
  const signal = isOnce ? undefined : shell.ports.interrupted();
  do {
    const overview = await client.call("overview", {});
    shell.exitCode = overview.health === "healthy" ? 0 : 1;
    await show(session, overview);
    // An interruption ends the pause with an error; it is what ends the loop, too.
    if (signal !== undefined)
      await pause(options.interval * 1_000, undefined, { signal }).catch(() => undefined);
  } while (signal?.aborted === false);
}

async function writeLine({ shell }: Session<TopOptions>, overview: Overview): Promise<void> {
  await shell.write(`${jsonText(overview)}\n`);
}

async function writeLook(
  { shell, options }: Session<TopOptions>,
  overview: Overview,
): Promise<void> {
  await print(shell, options, overview, overviewLines(shell, overview));
}

/** Over what was there before, and no longer than the screen: what scrolls away can't be drawn over. */
async function drawScreen(session: Session<TopOptions>, overview: Overview): Promise<void> {
  const { shell } = session;
  const screen = shell.ports.stdout as NodeJS.WritableStream;
  const rows = shell.ports.stdout.rows ?? 24;
  const lines = overviewLines(shell, overview).flatMap(({ text }) => text.split("\n"));
  const shown =
    lines.length < rows ? lines : [...lines.slice(0, rows - 2), "… a larger window shows more"];
  cursorTo(screen, 0, 0);
  clearScreenDown(screen);
  await shell.write(`${shown.join("\n")}\n`);
}
