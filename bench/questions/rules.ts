/** What do ten rules over every event cost, with many more sessions than the pool holds, beside the commands that made the events? */
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { Comparison, type Answer } from "../measure.js";

export interface RulesSize {
  readonly rounds: number;
  readonly ruleEntities: number;
}

/** Of one round: two events an entity, each pass over all entities in random order. */
export interface RulesReport {
  readonly commandsPerSecond: number;
  readonly eventsPerSecond: number;
  /** After each tenth of the events has gone through the rules. */
  readonly anonymousMiB: readonly number[];
  readonly fired: number;
}

const POOL = 10_000;
const RULES = "events through 10 rules";
const COMMANDS = "plain commands";

export function rules({ rounds, ruleEntities }: RulesSize): Answer {
  const question = `${ruleEntities} entities, 2 events each in random order, pool of ${POOL}`;
  const rate = new Comparison(`${question}, 256 commands in flight`);
  const growth = new Comparison(`${question}, highest memory ÷ memory after the first tenth`);
  for (let round = 0; round < rounds; round++) {
    const child = fileURLToPath(new URL("rules-child.js", import.meta.url));
    const report = JSON.parse(
      execFileSync(process.execPath, [child, String(ruleEntities), String(POOL)], {
        encoding: "utf8",
      }),
    ) as RulesReport;
    if (report.fired === 0) throw new Error("no rule fired");
    rate.add(RULES, { value: report.eventsPerSecond });
    rate.add(COMMANDS, { value: report.commandsPerSecond });
    const [first = Number.NaN, ...later] = report.anonymousMiB;
    growth.add(RULES, { value: Math.max(...later) / first });
  }
  return {
    rows: [rate, growth].flatMap((comparison) => comparison.rows()),
    targets: [rate.atLeastTimes(0.5, RULES, COMMANDS), growth.atMost(1.1, RULES, "×")],
  };
}
