/**
 * The service, in a process of its own, so that it can be killed: takes the branches' reports and runs the rules. Its parent asks
 * one thing at a time.
 *
 * `service-process.js DIRECTORY SESSIONS`, forked
 */
import { readFileSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { openRuntime, type Session } from "tidemark";
import { Branch, type Report } from "./branch.js";
import { LibraryRulesV1 } from "./library-rules.js";
import { Reminders } from "./reminders.js";

/** What it is asked; its answer is of the same `what`. */
export type Request =
  | { readonly what: "reports"; readonly reports: readonly (readonly [string, Report])[] }
  | { readonly what: "sessions"; readonly members: readonly string[] }
  | { readonly what: "sessions-at"; readonly sessions: readonly Session[] }
  | { readonly what: "memory" }
  | { readonly what: "close" };

export interface Memory {
  /** In use by JavaScript, after everything that nobody needs is gone. */
  readonly heapBytes: number;
  /** Of the process, without the pages of mapped files; 0 where the machine doesn't tell. */
  readonly anonymousBytes: number;
  readonly residentBytes: number;
  /** Sessions and other entities. */
  readonly inMemory: number;
  readonly sessions: number;
}

export type Answer =
  | { readonly what: "opened"; readonly head: number }
  /** All are on disk, and the rules have nearly caught up. */
  | { readonly what: "reports"; readonly head: number }
  | { readonly what: "sessions"; readonly sessions: readonly Session[] }
  | { readonly what: "sessions-at"; readonly sessions: readonly Session[] }
  | { readonly what: "memory"; readonly memory: Memory }
  | { readonly what: "close" };

/** Events that rules may be behind: beyond it reports are taken more slowly. */
const LAG_MAX = 20_000;
const TIMEOUT_MS = 600_000;

const [directory = "", sessionsMax = "0"] = process.argv.slice(2);
// #region open
const runtime = await openRuntime({
  directory,
  aggregates: [Branch, Reminders],
  ruleSets: [LibraryRulesV1],
  activationsMax: Number(sessionsMax),
});
// #endregion

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

async function answerTo(request: Request): Promise<Answer> {
  switch (request.what) {
    case "reports":
      await Promise.all(request.reports.map(([branch, report]) => take(branch, report)));
      while (runtime.rules.status(LibraryRulesV1).lagEvents > LAG_MAX) await delay(20);
      return { what: "reports", head: runtime.head };
    case "sessions":
      await runtime.rules.idle();
      return { what: "sessions", sessions: request.members.flatMap((id) => sessionOf(id)) };
    case "sessions-at":
      return { what: "sessions-at", sessions: request.sessions.flatMap(asItWas) };
    case "memory":
      await runtime.rules.idle();
      return { what: "memory", memory: memory() };
    case "close":
      await runtime.rules.idle();
      await runtime.close();
      return { what: "close" };
  }
}

async function take(branch: string, report: Report): Promise<void> {
  await runtime.ask(Branch, branch, report, { timeoutMs: TIMEOUT_MS });
}

function sessionOf(member: string, at?: number): readonly Session[] {
  const found = runtime.rules.session(LibraryRulesV1, member, at === undefined ? {} : { at });
  return found === undefined ? [] : [found];
}

/** A session as its stream tells it, behind the step that it was at. */
function asItWas({ sessionId, steps }: Session): readonly Session[] {
  let found: readonly Session[] = [];
  // A step is at least one event of the stream; what follows it up to the next belongs to it.
  for (let at = steps; ; at++) {
    const [session] = sessionOf(sessionId, at);
    if (session === undefined || session.steps > steps) return found;
    if (session.steps === steps && found.length > 0 && at > steps + session.firings * 2)
      return found;
    if (session.steps === steps) found = [session];
  }
}

function memory(): Memory {
  collect();
  const { heapUsed, external, rss } = process.memoryUsage();
  const counts = runtime.rules.counts(LibraryRulesV1);
  return {
    heapBytes: heapUsed + external,
    anonymousBytes: anonymousBytes(),
    residentBytes: rss,
    inMemory: runtime.status().actors.activations,
    sessions: counts.reduce((sum, { sessions }) => sum + sessions, 0),
  };
}

function anonymousBytes(): number {
  if (process.platform !== "linux") return 0;
  const [, kibibytes = "0"] =
    /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
  return Number(kibibytes) * 1_024;
}

function tell(answer: Answer): void {
  process.send?.(answer);
}

process.on("message", (request: Request) => {
  void answerTo(request).then((answer) => {
    tell(answer);
    if (answer.what === "close") process.disconnect();
  });
});
tell({ what: "opened", head: runtime.head });
