/** `tidemark timers`, `outbox`, `claims`, `dead-letters`: what is due, on its way, held, or came to nothing. */
import { Command } from "commander";
import { given, integerFrom } from "./arguments.js";
import { asking, withTargetOptions } from "./command.js";
import { print } from "./output.js";
import { parkedTable } from "./parked.js";
import type { Shell } from "./shell.js";
import { table } from "./table.js";
import { grouped, timeText } from "./text.js";

const LIMIT = 100;

export function timersCommand(shell: Shell): Command {
  const command = new Command("timers")
    .description("what sagas and rule sets wake up for, soonest first")
    .option("--limit <count>", "at the most", integerFrom(1), LIMIT)
    .addHelpText("after", "\nExample: tidemark timers --limit 10\n");
  return asking<{ readonly limit: number }>(
    shell,
    withTargetOptions(command),
    async ({ client, options }) => {
      const answer = await client.call("timers", { limit: options.limit });
      await print(shell, options, answer, [
        table(
          shell,
          ["due", "of", "instance", "timer"],
          answer.timers.map((each) => [
            timeText(each.dueAtMs),
            each.owner,
            each.instanceId,
            each.timer,
          ]),
        ),
      ]);
    },
  );
}

export function outboxCommand(shell: Shell): Command {
  const command = new Command("outbox")
    .description("commands of sagas and rules that wait to be taken")
    .addHelpText("after", "\nExample: tidemark outbox\nExit code 1 where some are tried again.\n");
  return asking(shell, withTargetOptions(command), async ({ client, options }) => {
    const answer = await client.call("outbox", {});
    const isTriedAgain = answer.lanes.some(
      ({ waiting, error }) => waiting > 0 && error !== undefined,
    );
    if (isTriedAgain) shell.exitCode = 1;
    await print(shell, options, answer, [
      table(
        shell,
        ["of", "to", ">waiting", ">attempts", "failed last", "error"],
        answer.lanes.map((each) => [
          each.owner,
          each.lane,
          grouped(each.waiting),
          grouped(each.attempts),
          timeText(each.errorAtMs),
          { text: each.error ?? "", style: "red" },
        ]),
      ),
    ]);
  });
}

export function claimsCommand(shell: Shell): Command {
  const command = new Command("claims")
    .description("unique keys, and who holds them")
    .argument("[claim]", "its name under claims of an aggregate")
    .argument("[key]", "what the keys begin with")
    .option("--after <cursor>", "the next page")
    .option("--limit <count>", "at the most", integerFrom(1), LIMIT)
    .addHelpText("after", "\nExample: tidemark claims email ada@\n");
  return asking<
    { readonly after?: string; readonly limit: number },
    [claim: string | undefined, prefix: string | undefined]
  >(shell, withTargetOptions(command), async ({ client, options }, claim, prefix) => {
    const { after, limit } = options;
    const answer = await client.call("claims", given({ claim, prefix, after, limit }));
    await print(shell, options, answer, [
      table(
        shell,
        ["claim", "key", "held by", ">since position", "until"],
        answer.claims.map((each) => [
          each.claim,
          each.key,
          each.owner,
          String(each.position),
          timeText(each.expiresAtMs),
        ]),
      ),
      ...(answer.next === undefined ? [] : [`there are more: --after '${answer.next}'`]),
    ]);
  });
}

export function deadLettersCommand(shell: Shell): Command {
  const command = new Command("dead-letters")
    .description("told commands that were refused or failed: the newest, while the service runs")
    .addHelpText("after", "\nExample: tidemark dead-letters\nExit code 1 where there are any.\n");
  return asking(shell, withTargetOptions(command), async ({ client, options }) => {
    const answer = await client.call("deadLetters", {});
    if (answer.deadLetters.length > 0) shell.exitCode = 1;
    await print(shell, options, answer, [parkedTable(shell, answer.deadLetters.map(withReason))]);
  });
}

/** A refusal has a code, an error a message; where they are hidden, what is left. */
function withReason(letter: unknown): unknown {
  const { reason, ...rest } = letter as { readonly reason?: { code?: unknown; message?: unknown } };
  return { ...rest, reason: reason?.message ?? reason?.code ?? reason };
}
