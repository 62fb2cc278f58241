/**
 * S4 library rules: what members do at the branches of a library, watched by rules: a session a member, many more of them than are in
 * memory, killed on the way; alerts that say why; and rules that change.
 *
 * `node dist/examples/library-rules/main.js` · `--size N` members · `--full` · `--ci` · `--directory DIR`
 */
import assert from "node:assert/strict";
import { parseArgs } from "node:util";
import { changeText, openRuntime, type Runtime } from "tidemark";
import { inTemporaryDirectory } from "tidemark/testing";
import { Branch } from "./branch.js";
import { checkExplanations, checkReport, compareAlerts, overdueAcross } from "./checks.js";
import { LibraryRulesV1, LibraryRulesV2, type LibraryRules } from "./library-rules.js";
import { KILL_DAYS, reportDays, type ReportedDays } from "./reported-days.js";
import { Reminders, type Reminded } from "./reminders.js";
import { LOAN_MS, Days, DAYS, DAYS_BEFORE_CHANGE, type Traffic } from "./traffic.js";

const { values: flags } = parseArgs({
  options: {
    size: { type: "string" },
    full: { type: "boolean", default: false },
    ci: { type: "boolean", default: false },
    directory: { type: "string" },
  },
});

const members = Number(flags.size ?? (flags.full ? 1_000_000 : flags.ci ? 600 : 5_000));
const traffic: Traffic = { members, branches: Math.min(100, Math.max(4, members / 1_000)) };
/** Sessions and other entities in memory: of a million ten thousand. */
const sessionsMax = Math.max(50, members / 100);
/** Alerts that are asked why they were raised. */
const EXPLAINED = 1_000;
/** What may be in memory beside it: a million sessions are far more. */
const HEAP_GROWTH_MAX = 128 * 2 ** 20;
const TIMEOUT_MS = 600_000;

async function main(directory: string): Promise<void> {
  const reported = await reportDays(directory, traffic, sessionsMax);
  showReported(reported);
  const before = await using(directory, LibraryRulesV1, lookAtAlerts);
  const after = await using(directory, LibraryRulesV2, changeRules);
  const { measured, lookedAt, same } = reported;
  const heaps = measured.map(({ memory }) => memory.heapBytes);
  const outcome = {
    "members, each with a session": { stated: members, found: measured.at(-1)?.memory.sessions },
    "sessions in memory at the most": {
      stated: true,
      found: measured.every(({ memory }) => memory.inMemory <= sessionsMax),
    },
    "memory grew by less than 128 MiB from a tenth of them to all": {
      stated: true,
      found: (heaps.at(-1) ?? 0) - (heaps[0] ?? 0) < HEAP_GROWTH_MAX,
    },
    "sessions that were after a kill what they were before": { stated: lookedAt, found: same },
    "alerts, as a plain fold has them": before.alerts,
    "loans lent before a kill that timed out after it": before.timedOut,
    "reminders sent, one for each overdue loan": before.reminders,
    "alerts that say which rule and which events": before.explained,
    "firings that four books instead of three would have changed": before.changed,
    "alerts sent again when the rules changed": { stated: 0, found: after.sentAgain },
    "alerts in the end": after.alerts,
    "alerts raised twice": { stated: 0, found: after.twice },
    "reminders in the end": after.reminders,
  };
  console.table(outcome);
  for (const [what, { stated, found }] of Object.entries(outcome))
    assert.equal(found, stated, `not as stated: ${what}`);
}

async function using<T>(
  directory: string,
  rules: LibraryRules,
  work: (runtime: Runtime) => Promise<T>,
): Promise<T> {
  const runtime = await openRuntime({
    directory,
    aggregates: [Branch, Reminders],
    ruleSets: [rules],
    activationsMax: sessionsMax,
  });
  try {
    return await work(runtime);
  } finally {
    await runtime.close();
  }
}

/** What was raised in the days of three books, whether it says why, and what four books would have changed. */
async function lookAtAlerts(runtime: Runtime) {
  await runtime.rules.idle();
  const { stated, found, byRule } = compareAlerts(runtime, LibraryRulesV1, traffic, false);
  console.log(`\n${count(found)} alerts, each as a plain fold of what its member did has it:`);
  for (const [rule, alerts] of Object.entries(byRule)) line(rule, count(alerts));
  const across = overdueAcross(traffic, KILL_DAYS);
  const timedOut = [...runtime.rules.alerts(LibraryRulesV1, { type: "Overdue" })].filter(
    (alert) => {
      const { dueAtMs } = alert.data as { readonly dueAtMs: number };
      return across.isAcross({ lent: dueAtMs - LOAN_MS, dueAtMs });
    },
  );
  const everyNth = Math.max(1, Math.floor(found / EXPLAINED));
  const { asked, right } = checkExplanations(runtime, LibraryRulesV1, traffic, everyNth);
  showOne(runtime);
  const report = await runtime.rules.compare(LibraryRulesV2);
  console.log(`\nFour books instead of three, tried on what has happened:\n${changeText(report)}`);
  const changed = checkReport(report, traffic);
  return {
    alerts: { stated, found },
    timedOut: { stated: across.stated, found: timedOut.length },
    reminders: remindersOf(runtime, byRule["overdue"]),
    explained: { stated: asked, found: right },
    changed,
  };
}

/** Members may hold a book more: the new version takes over, and days go on. */
async function changeRules(runtime: Runtime) {
  const startedAt = performance.now();
  const before = alertsRaised(runtime);
  await runtime.rules.changed(LibraryRulesV2);
  await runtime.rules.idle();
  const sentAgain = alertsRaised(runtime) - before;
  const seconds = (performance.now() - startedAt) / 1_000;
  console.log(`Version 2 took over in ${seconds.toFixed(1)} s.\n`);
  const days = new Days(traffic);
  for (let day = 1; day <= DAYS; day++) {
    const reports = days.next();
    if (day <= DAYS_BEFORE_CHANGE) continue;
    await Promise.all(
      reports.map(([branch, report]) =>
        runtime.ask(Branch, branch, report, { timeoutMs: TIMEOUT_MS }),
      ),
    );
  }
  await runtime.rules.idle();
  const { stated, found, twice, byRule } = compareAlerts(runtime, LibraryRulesV2, traffic, true);
  return {
    sentAgain,
    alerts: { stated, found },
    twice,
    reminders: remindersOf(runtime, byRule["overdue"]),
  };
}

function alertsRaised(runtime: Runtime): number {
  let alerts = 0;
  for (const _alert of runtime.rules.alerts(LibraryRulesV2)) alerts += 1;
  return alerts;
}

/** Letters of all members, each of another loan. */
function remindersOf(runtime: Runtime, stated: number | undefined) {
  const loans = new Set<string>();
  let letters = 0;
  for (const { entityId, data } of runtime.events({ filter: { streamTypes: ["reminders"] } })) {
    const { book, dueAtMs } = data as Reminded["data"];
    loans.add(`${entityId} ${book} ${dueAtMs}`);
    letters += 1;
  }
  assert.equal(loans.size, letters, "a letter was sent twice");
  return { stated, found: letters };
}

/** The longest chain there is: a loan to somebody blocked, by a rule's conclusion, by a book that is overdue. */
function showOne(runtime: Runtime): void {
  const [alert] = runtime.rules.alerts(LibraryRulesV1, { type: "LentToBlocked" });
  if (alert === undefined) return;
  const explanation = runtime.rules.explain(LibraryRulesV1, alert);
  console.log(`\nWhy was this raised?\n${String(explanation)}`);
}

function showReported({ changes, seconds, measured }: ReportedDays): void {
  const rate = count(Math.round(changes / seconds));
  console.log(
    `${count(changes)} changes of ${count(members)} members in ${seconds.toFixed(1)} s, ${rate} a second, ` +
      `with ${count(sessionsMax)} in memory at the most:`,
  );
  for (const { joined, memory, changesPerSecond } of measured) {
    const { heapBytes, anonymousBytes, residentBytes, inMemory } = memory;
    line(
      `${count(joined)} members`,
      `heap ${mib(heapBytes)}, process ${mib(anonymousBytes)}, with mapped files ${mib(residentBytes)}; ` +
        `${count(inMemory)} in memory; ${count(Math.round(changesPerSecond))} changes a second`,
    );
  }
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}

function count(value: number): string {
  return value.toLocaleString("en");
}

function line(name: string, text: string): void {
  console.log(`  ${name.padEnd(17)}  ${text}`);
}

await (flags.directory === undefined ? inTemporaryDirectory(main) : main(flags.directory));
