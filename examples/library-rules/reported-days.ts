/** The first part of the story: day after day is reported, while the service is killed now and then. */
import assert from "node:assert/strict";
import type { Session } from "tidemark";
import { booksHeld } from "./expected.js";
import type { Memory } from "./service-process.js";
import { Service } from "./supervisor.js";
import {
  dayOf,
  Days,
  DAYS_BEFORE_CHANGE,
  JOINING_DAYS,
  memberOf,
  numberOf,
  storyOf,
  type Traffic,
} from "./traffic.js";

/** Days in the middle of which it is killed. */
export const KILL_DAYS: readonly number[] = [45, 90];
/** When a tenth, a half and all of the members have joined. */
const MEASURED_DAYS: readonly number[] = [0.1, 0.5, 1].map((part) => part * JOINING_DAYS);
/** Sessions that are looked at before and after a kill. */
const LOOKED_AT = 100;
const COUNT = new Intl.NumberFormat("en");

export interface Measured {
  readonly day: number;
  readonly joined: number;
  readonly memory: Memory;
  /** Changes a second since the one before. */
  readonly changesPerSecond: number;
}

export interface ReportedDays {
  readonly changes: number;
  readonly seconds: number;
  readonly measured: readonly Measured[];
  /** Sessions that were looked at before a kill, and those that were the same when it was started again. */
  readonly lookedAt: number;
  readonly same: number;
}

export async function reportDays(
  directory: string,
  traffic: Traffic,
  sessionsMax: number,
): Promise<ReportedDays> {
  const days = new Days(traffic);
  const measured: Measured[] = [];
  let [changes, lookedAt, same] = [0, 0, 0];
  const startedAt = performance.now();
  let [sinceMs, sinceChanges] = [startedAt, 0];
  let service = await Service.start(directory, sessionsMax);
  for (let day = 1; day <= DAYS_BEFORE_CHANGE; day++) {
    const { joined } = days;
    const reports = days.next();
    if (KILL_DAYS.includes(day)) {
      const before = await sessionsOf(service, membersUpTo(joined));
      service = await killedWhileReporting(service, reports, directory, sessionsMax);
      const { sessions } = await service.ask({ what: "sessions-at", sessions: before });
      lookedAt += before.length;
      same += before.filter((session, at) => isSame(session, sessions[at])).length;
    }
    await service.ask({ what: "reports", reports });
    for (const [, { data }] of reports) changes += data.changes.length;
    if (KILL_DAYS.includes(day)) await checkBooks(service, traffic, joined, day);
    if (!MEASURED_DAYS.includes(day)) continue;
    const { memory } = await service.ask({ what: "memory" });
    const nowMs = performance.now();
    const changesPerSecond = ((changes - sinceChanges) / (nowMs - sinceMs)) * 1_000;
    measured.push({ day, joined: days.joined, memory, changesPerSecond });
    [sinceMs, sinceChanges] = [nowMs, changes];
  }
  await service.ask({ what: "close" });
  return { changes, seconds: (performance.now() - startedAt) / 1_000, measured, lookedAt, same };
}

/** Kills it when half of the branches have reported a day and the others are at it, and starts it again. */
async function killedWhileReporting(
  service: Service,
  reports: ReturnType<Days["next"]>,
  directory: string,
  sessionsMax: number,
): Promise<Service> {
  const half = Math.ceil(reports.length / 2);
  const { head } = await service.ask({ what: "reports", reports: reports.slice(0, half) });
  const rest = service.ask({ what: "reports", reports: reports.slice(half) });
  const [, signal] = await Promise.all([rest.catch(() => undefined), service.kill()]);
  assert.equal(signal, "SIGKILL");
  const again = await Service.start(directory, sessionsMax);
  assert(again.head >= head, "what was reported before the kill is in the log");
  const day = reports[0]?.[1].data.day;
  console.log(
    `Killed on day ${day}, when ${half} of ${reports.length} branches had reported it; ` +
      `started again with ${COUNT.format(again.head)} events.`,
  );
  return again;
}

/** Some of those who have joined: with stories under way, and with nothing left but a timer. */
function membersUpTo(joined: number): readonly string[] {
  const some = Math.min(LOOKED_AT, joined);
  return Array.from({ length: some }, (_, at) => memberOf(Math.floor((at * joined) / some)));
}

async function sessionsOf(
  service: Service,
  members: readonly string[],
): Promise<readonly Session[]> {
  return (await service.ask({ what: "sessions", members })).sessions;
}

function isSame(before: Session, after: Session | undefined): boolean {
  assert.deepEqual(after, before);
  return true;
}

/** At the end of the day members hold what they took and didn't bring back. */
async function checkBooks(
  service: Service,
  traffic: Traffic,
  joined: number,
  day: number,
): Promise<void> {
  for (const session of await sessionsOf(service, membersUpTo(joined))) {
    const story = storyOf(traffic, numberOf(session.sessionId));
    const held = booksHeld(story.filter(({ data }) => dayOf(data.atMs) <= day));
    const loans = session.facts.filter(({ kind }) => kind === "loan").map(({ id }) => id);
    assert.deepEqual(loans, held, session.sessionId);
  }
}
