/** What was raised against what had to be, and what each alert says of why. */
import assert from "node:assert/strict";
import type { ChangeReport, RaisedAlert, Runtime } from "tidemark";
import type { Change } from "./branch.js";
import { alertsOf, type ExpectedAlert } from "./expected.js";
import { LATENESS_MS, type LibraryRules } from "./library-rules.js";
import {
  dayOf,
  DAYS,
  DAYS_BEFORE_CHANGE,
  endOfDay,
  memberOf,
  storyOf,
  type Traffic,
} from "./traffic.js";

/** The rules in force: how many books, and up to which day they have seen everything. */
interface InForce {
  readonly booksMax: number;
  readonly toDay: number;
}

const BEFORE: InForce = { booksMax: 3, toDay: DAYS_BEFORE_CHANGE };
const BEFORE_ANEW: InForce = { booksMax: 4, toDay: DAYS_BEFORE_CHANGE };
const AFTER: InForce = { booksMax: 4, toDay: DAYS };

/** What rules have to raise that were always in force. */
function raisedBy(traffic: Traffic, n: number, { booksMax, toDay }: InForce) {
  const story = storyOf(traffic, n).filter(({ data }) => dayOf(data.atMs) <= toDay);
  return alertsOf(story, booksMax, endOfDay(toDay) - LATENESS_MS);
}

/** Before the rules change those of three books; from then on those of four, as if they had always been: nothing is raised again. */
function expectedOf(traffic: Traffic, n: number, isChanged: boolean): readonly ExpectedAlert[] {
  const before = raisedBy(traffic, n, BEFORE);
  if (!isChanged) return before;
  return [...before, ...without(raisedBy(traffic, n, AFTER), raisedBy(traffic, n, BEFORE_ANEW))];
}

function without(alerts: readonly ExpectedAlert[], others: readonly ExpectedAlert[]) {
  const known = new Set(others.map(textOf));
  return alerts.filter((each) => !known.has(textOf(each)));
}

function textOf({ rule, atMs, alert: { type, data } }: Omit<ExpectedAlert, "because">): string {
  return `${rule} at ${atMs}: ${type} ${JSON.stringify(data)}`;
}

function textOfRaised({ rule, atMs, type, data }: RaisedAlert): string {
  return `${rule} at ${atMs}: ${type} ${JSON.stringify(data)}`;
}

export interface Compared {
  readonly stated: number;
  /** Raised as stated. */
  readonly found: number;
  readonly twice: number;
  readonly byRule: Readonly<Record<string, number>>;
}

/** Holds every alert of every member to the fold. @param isChanged - Whether the new version is in force. */
export function compareAlerts(
  runtime: Runtime,
  rules: LibraryRules,
  traffic: Traffic,
  isChanged: boolean,
): Compared {
  const raised = new Map<string, string[]>();
  for (const alert of runtime.rules.alerts(rules)) {
    const ofMember = raised.get(alert.sessionId);
    if (ofMember === undefined) raised.set(alert.sessionId, [textOfRaised(alert)]);
    else ofMember.push(textOfRaised(alert));
  }
  let [stated, found, twice] = [0, 0, 0];
  const byRule: Record<string, number> = {};
  for (let n = 0; n < traffic.members; n++) {
    const expected = expectedOf(traffic, n, isChanged);
    const ofMember = raised.get(memberOf(n)) ?? [];
    raised.delete(memberOf(n));
    assert.deepEqual(ofMember.toSorted(), expected.map(textOf).sort(), memberOf(n));
    stated += expected.length;
    found += ofMember.length;
    twice += ofMember.length - new Set(ofMember).size;
    for (const { rule } of expected) byRule[rule] = (byRule[rule] ?? 0) + 1;
  }
  assert.equal(raised.size, 0, "alerts of nobody");
  return { stated, found, twice, byRule };
}

/** Loans that were lent before a day on which the service was killed, and were due behind it. */
export function overdueAcross(traffic: Traffic, days: readonly number[]) {
  const isAcross = ({ lent, dueAtMs }: { lent: number; dueAtMs: number }) =>
    days.some((day) => lent < endOfDay(day - 1) && dueAtMs > endOfDay(day));
  let stated = 0;
  for (let n = 0; n < traffic.members; n++)
    for (const { alert, because } of raisedBy(traffic, n, BEFORE)) {
      const lent = because[0]?.data.atMs ?? 0;
      if (alert.type === "Overdue" && isAcross({ lent, dueAtMs: alert.data.dueAtMs })) stated += 1;
    }
  return { stated, isAcross };
}

/** Asks for every so-many-th alert why it was raised. @returns How many were asked for, all of them with the rule and its events. */
export function checkExplanations(
  runtime: Runtime,
  rules: LibraryRules,
  traffic: Traffic,
  everyNth: number,
): { readonly asked: number; readonly right: number } {
  let [seen, asked, right] = [0, 0, 0];
  for (const alert of runtime.rules.alerts(rules)) {
    seen += 1;
    if (seen % everyNth !== 0) continue;
    asked += 1;
    const expected = raisedBy(traffic, Number(alert.sessionId.slice("member-".length)), BEFORE);
    const of = expected.find((each) => textOf(each) === textOfRaised(alert));
    const explanation = runtime.rules.explain(rules, alert);
    assert.equal(explanation.rule, alert.rule);
    const events = explanation.facts.flatMap((fact) => fact.events);
    const told = new Set(events.map(({ type, data }) => changeText({ type, data } as Change)));
    assert.deepEqual(
      [...told].sort(),
      (of?.because ?? []).map(changeText).sort(),
      String(explanation),
    );
    right += 1;
  }
  return { asked, right };
}

function changeText({ type, data }: Change): string {
  return `${type} ${"book" in data ? data.book : ""} by ${data.member} at ${data.atMs}`;
}

/** Firings of a new version against those of the one before, by rule; firings are the same where rule, member and moment are. */
export function expectedChange(
  traffic: Traffic,
): ReadonlyMap<string, { gained: number; lost: number }> {
  const changes = new Map<string, { gained: number; lost: number }>();
  const changeOf = (rule: string) => {
    const change = changes.get(rule) ?? { gained: 0, lost: 0 };
    changes.set(rule, change);
    return change;
  };
  for (let n = 0; n < traffic.members; n++) {
    const [before, anew] = [raisedBy(traffic, n, BEFORE), raisedBy(traffic, n, BEFORE_ANEW)];
    const moments = (alerts: readonly ExpectedAlert[]) =>
      new Set(alerts.map(({ rule, atMs }) => `${rule}@${atMs}`));
    const [momentsBefore, momentsAnew] = [moments(before), moments(anew)];
    for (const { rule, atMs } of anew)
      if (!momentsBefore.has(`${rule}@${atMs}`)) changeOf(rule).gained += 1;
    for (const { rule, atMs } of before)
      if (!momentsAnew.has(`${rule}@${atMs}`)) changeOf(rule).lost += 1;
  }
  return changes;
}

/** @returns Firings that would be others, as stated and as reported. */
export function checkReport(report: ChangeReport, traffic: Traffic) {
  const expected = expectedChange(traffic);
  assert.equal(report.failures, 0, report.failure);
  for (const { rule, gained, lost } of report.rules)
    assert.deepEqual({ gained, lost }, expected.get(rule) ?? { gained: 0, lost: 0 }, rule);
  const sum = (changes: Iterable<{ readonly gained: number; readonly lost: number }>) =>
    [...changes].reduce((total, { gained, lost }) => total + gained + lost, 0);
  return { stated: sum(expected.values()), found: sum(report.rules) };
}
