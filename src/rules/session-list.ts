/** Sessions in lists and numbers, from the index. What happened in the last moment may not be in it. */
import { compareViewKeys, type ViewKey, type ViewReader } from "../../journal/index.js";
import { under, type DeliveryRows } from "../delivery/index.js";
import { checkInteger } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";

/** A session in a list. */
export interface ListedSession {
  readonly sessionId: string;
  readonly status: "active" | "parked";
  /** Of the rule set that it was last run by. */
  readonly version: number;
  /** Since when it is so. */
  readonly sinceMs: number;
  /** Why it is parked. */
  readonly problem: string | undefined;
}

/** Which sessions, and how many at a time. */
export interface SessionQuery {
  readonly status?: "active" | "parked";
  /** Of the rule set that they were last run by; needs a status. */
  readonly version?: number;
  /** Defaults to 100. */
  readonly limit?: number;
  /** The last one of the page before. */
  readonly after?: ListedSession;
}

/** Sessions of one status and version, counted. */
export interface SessionCount {
  readonly status: "active" | "parked";
  readonly version: number;
  readonly sessions: number;
}

const PAGE_MAX = 10_000;

/** By status, version and id. */
export function listedSessions(
  views: ViewReader,
  rows: DeliveryRows,
  ruleSet: string,
  { status, version, limit = 100, after }: SessionQuery,
): ListedSession[] {
  checkInteger("limit", limit, 1, PAGE_MAX);
  if (version !== undefined && status === undefined)
    throw new InvalidArgumentError("status", "given with a version", status);
  const place = [status, version].filter((part) => part !== undefined);
  const { from, before } = under(rows.instancesKey(ruleSet, ...place));
  const last: ViewKey | undefined =
    after === undefined
      ? undefined
      : rows.instancesKey(ruleSet, after.status, after.version, "", "", `${after.sessionId}\u0000`);
  const begin = last !== undefined && compareViewKeys(last, from) > 0 ? last : from;
  const found: ListedSession[] = [];
  for (const { key, value } of views.rows("rows", { from: begin, before, limit })) {
    const [, , , statusOf, versionOf, , , sessionId] = key as [
      string,
      string,
      string,
      "active" | "parked",
      number,
      string,
      string,
      string,
    ];
    const { atMs: sinceMs, problem } = value as { atMs: number; problem?: string };
    found.push({ sessionId, status: statusOf, version: versionOf, sinceMs, problem });
  }
  return found;
}

export function sessionCounts(
  views: ViewReader,
  rows: DeliveryRows,
  ruleSet: string,
): SessionCount[] {
  const counts: SessionCount[] = [];
  for (const { key, value } of views.rows("rows", under(rows.countsKey(ruleSet)))) {
    const [status, version] = key.slice(3) as ["active" | "parked", number];
    counts.push({ status, version, sessions: value as number });
  }
  return counts;
}

export function parkedCount(views: ViewReader, rows: DeliveryRows, ruleSet: string): number {
  return sessionCounts(views, rows, ruleSet)
    .filter(({ status }) => status === "parked")
    .reduce((sum, { sessions }) => sum + sessions, 0);
}
