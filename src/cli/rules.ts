/** `tidemark rules`: what rule sets hold and raised, and why. */
import { Option, type Command } from "commander";
import type { RaisedAlert, RuleSetStatus, Told } from "../index.js";
import { given, integerFrom, named, positionOf } from "./arguments.js";
import { asking, group, type Session } from "./command.js";
import { explanationLines } from "./explanation.js";
import type { Rendered } from "./output.js";
import { print } from "./output.js";
import { parkedTable } from "./parked.js";
import { addRuleChanges } from "./rule-changes.js";
import type { Shell } from "./shell.js";
import { table } from "./table.js";
import { dataLines, dataText, grouped, timeText } from "./text.js";

const LIMIT = 100;

export function rulesCommand(shell: Shell): Command {
  const command = group(
    shell,
    "rules",
    "what rule sets hold, what they raised and why, and what can be done about it",
    list,
  ).addHelpText(
    "after",
    `
Examples:
  tidemark rules
  tidemark rules alerts library --rule too-many --limit 20
  tidemark rules explain library 4711
  tidemark rules session library member-12
Exit code 1 where sessions are parked, or events were refused.
`,
  );
  asking(
    shell,
    command.command("list").description("all rule sets, and how many sessions they have"),
    (session) => list(session),
  );
  addSessions(shell, command);
  addSession(shell, command);
  addAlerts(shell, command);
  addExplain(shell, command);
  addRuleChanges(shell, command);
  return command;
}

async function list({ shell, client, options }: Session): Promise<void> {
  const answer = await client.call("rules", {});
  if (answer.ruleSets.some(needsLook)) shell.exitCode = 1;
  await print(shell, options, answer, [
    table(
      shell,
      [
        "rule set",
        ">version",
        "state",
        ">behind",
        "its time",
        ">active",
        ">parked",
        ">refused",
        "change",
      ],
      answer.ruleSets.map((each) => [
        each.name,
        String(each.version),
        each.state,
        grouped(each.lagEvents),
        timeText(each.timeMs),
        grouped(sessionsOf(each, "active")),
        { text: grouped(sessionsOf(each, "parked")), style: needsLook(each) ? "red" : "reset" },
        grouped(each.refused),
        each.change === undefined ? "" : `version ${each.change.version}: ${each.change.phase}`,
      ]),
    ),
  ]);
}

function sessionsOf({ counts }: Told<RuleSetStatus>, status: "active" | "parked"): number {
  return counts
    .filter((each) => each.status === status)
    .reduce((sum, { sessions }) => sum + sessions, 0);
}

function needsLook(status: Told<RuleSetStatus>): boolean {
  return status.refused > 0 || sessionsOf(status, "parked") > 0;
}

interface SessionsOptions {
  readonly status?: "active" | "parked";
  readonly after?: string;
  readonly limit: number;
}

function addSessions(shell: Shell, parent: Command): void {
  const command = parent
    .command("sessions")
    .description("sessions of a rule set")
    .addArgument(named("ruleSet", "<ruleset>", "its name"))
    .addOption(new Option("--status <status>", "only those").choices(["active", "parked"]))
    .option("--after <session>", "behind this one: the next page")
    .option("--limit <count>", "at the most", integerFrom(1), LIMIT);
  asking<SessionsOptions, [name: string]>(shell, command, async ({ client, options }, name) => {
    const { status, after, limit } = options;
    const answer = await client.call("rules.sessions", {
      name,
      ...given({ status, after, limit }),
    });
    await print(shell, options, answer, [parkedTable(shell, answer.sessions)]);
  });
}

function addSession(shell: Shell, parent: Command): void {
  const command = parent
    .command("session")
    .description("a session: its facts, and what waits")
    .addArgument(named("ruleSet", "<ruleset>", "its name"))
    .argument("<session>", "its id");
  asking<unknown, [name: string, sessionId: string]>(
    shell,
    command,
    async ({ client, options }, name, sessionId) => {
      const answer = await client.call("rules.session", { name, sessionId });
      await print(shell, options, answer, dataLines(answer.session, answer.hidden));
    },
  );
}

interface AlertsOptions {
  readonly rule?: string;
  readonly before?: number;
  readonly limit: number;
}

function addAlerts(shell: Shell, parent: Command): void {
  const command = parent
    .command("alerts")
    .description("what a rule set raised, newest first")
    .addArgument(named("ruleSet", "<ruleset>", "its name"))
    .option("--rule <name>", "by one rule")
    .option("--before <position>", "the next page", positionOf)
    .option("--limit <count>", "at the most", integerFrom(1), LIMIT);
  asking<AlertsOptions, [name: string]>(shell, command, async ({ client, options }, name) => {
    const { rule, before, limit } = options;
    const answer = await client.call("rules.alerts", { name, ...given({ rule, before, limit }) });
    const alerts = answer.alerts as readonly Partial<RaisedAlert>[];
    await print(shell, options, answer, [
      table(
        shell,
        [">position", "at", "session", "rule", "type", "data"],
        alerts.map((alert) => [
          String(alert.position),
          timeText(alert.atMs),
          alert.sessionId ?? "",
          alert.rule ?? "",
          alert.type ?? "",
          dataText(alert.data),
        ]),
      ),
      ...(answer.next === undefined ? [] : [`there are more: --before ${answer.next}`]),
    ]);
  });
}

function addExplain(shell: Shell, parent: Command): void {
  const command = parent
    .command("explain")
    .description("why an alert was raised: its rule, its facts, and the events that made them")
    .addArgument(named("ruleSet", "<ruleset>", "its name"))
    .argument("<position>", "of the alert", positionOf);
  asking<unknown, [name: string, position: number]>(
    shell,
    command,
    async ({ client, options }, name, position) => {
      const { explanation } = await client.call("rules.explain", { name, position });
      const lines: readonly (string | Rendered)[] = explanationLines(explanation);
      await print(shell, options, explanation, lines);
    },
  );
}
