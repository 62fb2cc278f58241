/** `tidemark try`: what candidate definitions would make of a log in service. */
import { Command } from "commander";
import { tryOut, type Candidates, type TryOutReport } from "../index.js";
import { exportsOf } from "./app-module.js";
import { named } from "./arguments.js";
import { print, type OutputOptions } from "./output.js";
import type { Shell } from "./shell.js";
import { grouped } from "./text.js";

interface TryOptions extends OutputOptions {
  readonly app: string;
  readonly current?: string;
}

export function tryCommand(shell: Shell): Command {
  return new Command("try")
    .description("run the definitions of a release over a log and say what would be other")
    .addArgument(
      named(
        "file",
        "<directory>",
        "the data directory; nothing in it changes, and its owner may go on",
      ),
    )
    .requiredOption("--app <module>", "the compiled module that exports the definitions to try")
    .option("--current <module>", "that of today: states of aggregates are then compared")
    .option("--json", "the report as JSON")
    .addHelpText(
      "after",
      "\nExample: tidemark try ./data --app ./dist/definitions.js\nExit code 1 where something is other, or can't be read.\n",
    )
    .action(async (directory: string, options: TryOptions) => {
      const candidates = await definitionsOf(options.app);
      const current = options.current === undefined ? {} : await definitionsOf(options.current);
      const report = await tryOut({ directory, candidates, current });
      await print(shell, options, report, linesOf(report));
      if (!report.isSame) shell.exitCode = 1;
    });
}

interface Exports extends Candidates {
  readonly definitions?: Candidates;
  readonly default?: Candidates;
}

/** The lists that `openRuntime` takes: exported as `definitions`, by default, or each by its name. */
async function definitionsOf(module: string): Promise<Candidates> {
  const exports: Exports = await exportsOf(module);
  const { aggregates, projections, sagas, ruleSets } =
    exports.definitions ?? exports.default ?? exports;
  const given = { aggregates, projections, sagas, ruleSets };
  const lists = Object.entries(given).filter(([, list]) => list !== undefined);
  if (lists.length === 0 || !lists.every(([, list]) => Array.isArray(list)))
    throw new Error(
      `${module} must export lists: aggregates, projections, sagas or ruleSets, as definitions, by default, or by name`,
    );
  return Object.fromEntries(lists);
}

function linesOf(report: TryOutReport): string[] {
  return [
    `tried over ${grouped(report.head)} events`,
    ...report.aggregates.flatMap((each) => [
      `aggregate ${each.aggregate}: ${grouped(each.streams)} streams, ${grouped(each.unreadable)} can't be read${each.different === undefined ? "" : `, ${grouped(each.different)} come to another state`}`,
      ...each.unreadableTypes.map((type) => `  nobody reads ${type}`),
      ...each.unreadableSamples.map(({ streamId, error }) => `  ${streamId}: ${error}`),
    ]),
    ...report.projections.map(({ projection, version, servingVersion, diff, parked, error }) => {
      const compared =
        diff === undefined
          ? "none serves to compare it with"
          : `${grouped(diff.added)} added, ${grouped(diff.removed)} removed, ${grouped(diff.changed)} changed, ${grouped(diff.unchanged)} as they are`;
      return `projection ${projection} ${servingVersion} to ${version}: ${error ?? compared}; ${grouped(parked)} events parked`;
    }),
    ...report.sagas.flatMap(({ saga, instances, different, deploy, samples }) => [
      `saga ${saga}: ${grouped(different)} of ${grouped(instances)} instances go another way, ${grouped(deploy.willPark)} would be parked`,
      ...samples.map(
        ({ instanceId, position }) => `  ${instanceId}, first at position ${position}`,
      ),
    ]),
    ...report.ruleSets.flatMap(({ ruleSet, rules, failures }) => [
      `rule set ${ruleSet}: ${grouped(failures)} sessions fail`,
      ...rules.map(
        ({ rule, gained, lost }) =>
          `  ${rule}: ${grouped(gained)} firings gained, ${grouped(lost)} lost`,
      ),
    ]),
    report.isSame ? "nothing is other" : "something is other",
  ];
}
