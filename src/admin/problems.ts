/** What an operator should look at, and what helps: made of what each part tells of itself. */
import { counted } from "../kernel/counted.js";
import { withCauses } from "../kernel/errors.js";
import { unlessEnded } from "../kernel/unless-ended.js";
import type { ImportStatus } from "../messaging/importer.js";
import type { HealthProblem, ProjectionStatus, ReaderStatus } from "../projections/status.js";
import type { Administered } from "./administered.js";
import type { OperationName, Problem } from "./api.js";
import type { Caller } from "./caller.js";
import { HIDDEN_TEXT } from "./told.js";

/** Lag, in events, beyond which a reader of the log is said to be behind. */
const LAG_EVENTS_MAX = 10_000;
const FREE_BYTES_MIN = 1024 * 1024 * 1024;

/** Figures that problems are made of besides what parts tell. */
export interface Room {
  readonly freeBytes: number | undefined;
}

/** Most urgent first. */
export function problemsOf(parts: Administered, caller: Caller, { freeBytes }: Room): Problem[] {
  const { readers } = parts;
  const sources: (() => Problem[])[] = [
    () => journalProblems(parts, caller),
    () => readers.projectionStatuses().flatMap((status) => projectionProblems(status, caller)),
    () => readers.reactorStatuses().flatMap((status) => readerProblems("reactor", status, caller)),
    () =>
      readers
        .externalStatuses()
        .flatMap((status) => readerProblems("external projection", status, caller)),
    () => coordinationProblems(parts, caller),
    () => messagingProblems(parts, caller),
    () => (freeBytes !== undefined && freeBytes < FREE_BYTES_MIN ? [lowDisk(freeBytes)] : []),
  ];
  return sources
    .flatMap((problems) => unlessEnded(problems, []))
    .sort((a, b) => urgencyOf(b) - urgencyOf(a));
}

function urgencyOf({ severity }: Problem): number {
  return severity === "unhealthy" ? 1 : 0;
}

function journalProblems({ journal }: Administered, caller: Caller): Problem[] {
  const { failure } = journal.figures();
  if (failure === undefined) return [];
  return [
    {
      severity: "unhealthy",
      subject: "journal",
      problem: `The journal refuses to work: ${quoted(withCauses(failure), caller)}`,
      advice: "Look at the disk, then restart the service: opening again shows what was written.",
      actions: [],
    },
  ];
}

function lowDisk(freeBytes: number): Problem {
  return {
    severity: "degraded",
    subject: "disk",
    problem: `Only ${Math.round(freeBytes / 2 ** 20)} MiB are free on the disk of the journal.`,
    advice: "Make room before commands are refused.",
    actions: [],
  };
}

function projectionProblems(status: ProjectionStatus, caller: Caller): Problem[] {
  const { name, lifecycle, generations, paused, rebuild } = status;
  const subject = `projection ${name}`;
  const [serving] = generations;
  const follows = lifecycle === "async" || lifecycle === "inline";
  const problems: Problem[] =
    serving === undefined || !follows
      ? []
      : readerProblems("projection", { ...serving, name, paused }, caller);
  if (rebuild?.phase === "awaiting-approval")
    problems.push({
      severity: "degraded",
      subject,
      problem: `Generation ${rebuild.generation} is built and waits for approval before it serves.`,
      advice: "Look at what it changes, then approve it, or cancel the rebuild.",
      actions: [
        action("projection.approve", { name }, "Approve"),
        action("projection.cancelRebuild", { name }, "Cancel the rebuild"),
      ],
    });
  if (rebuild?.phase === "failed")
    problems.push({
      severity: "degraded",
      subject,
      problem: `Its rebuild failed: ${quoted(rebuild.error ?? "", caller)}`,
      advice: "Mend the handler, deploy it, and rebuild again. The view from before still serves.",
      actions: [action("projection.rebuild", { name }, "Rebuild again")],
    });
  return problems;
}

type ReaderStanding = ReaderStatus & { readonly name: string; readonly paused: boolean };

function readerProblems(kind: string, status: ReaderStanding, caller: Caller): Problem[] {
  const { name, paused, parked, state, error, lagEvents } = status;
  const problems: Problem[] = [];
  const add = (
    severity: Problem["severity"],
    problem: string,
    advice: string,
    actions: Problem["actions"],
  ) => problems.push({ severity, subject: `${kind} ${name}`, problem, advice, actions });
  const resume = action("projection.resume", { name }, "Resume");
  const message = quoted(error?.message ?? "no reason is known", caller);
  if (parked > 0)
    add(
      "degraded",
      `${counted(parked, "event is parked: its", "events are parked: their")} handler kept failing.`,
      "Mend the handler, deploy it, then replay what is parked.",
      [action("projection.replayParked", { name }, "Replay parked")],
    );
  if (paused) add("degraded", "It is paused.", "Resume it once the reason is gone.", [resume]);
  else if (state === "stopped")
    add(
      "unhealthy",
      `It stopped: ${message}`,
      "Mend the handler and deploy it; or pass the event over, if it can be done without.",
      error?.position === undefined
        ? [resume]
        : [
            resume,
            action("projection.skip", { name, position: error.position }, "Skip this event"),
          ],
    );
  else if (state === "retrying")
    add("degraded", `It tries again: ${message}`, "Wait, or mend what it fails on.", []);
  else if (state === "frozen" && lagEvents > 0)
    add(
      "unhealthy",
      "It doesn't move.",
      "Its handler may hang: look at the logs, then restart.",
      [],
    );
  else if (lagEvents > LAG_EVENTS_MAX)
    add(
      "degraded",
      `It is ${counted(lagEvents, "event", "events")} behind.`,
      "Wait while it catches up.",
      [],
    );
  return problems;
}

/** Sagas and rule sets say themselves what is wrong with them; which part it is about tells what helps. */
function coordinationProblems({ sagas, rules }: Administered, caller: Caller): Problem[] {
  return [...sagas.problems(), ...rules.problems()].map((problem) => ({
    severity: problem.state,
    subject: problem.reader,
    problem: sentence(withoutQuote(problem, caller)),
    advice: adviceFor(problem),
    actions: [],
  }));
}

function adviceFor({ reader, problem }: HealthProblem): string {
  if (problem.includes("parked"))
    return "Look at why each is parked, mend that, and let them go on one by one.";
  if (reader.startsWith("commands of"))
    return "Look whether the aggregate, or the service that has it, can be reached: what waits leaves by itself then.";
  if (problem.includes("can't take over"))
    return "Mend the new version, and open again: the one before goes on meanwhile.";
  return "Look at the logs; restart the service where it doesn't go on by itself.";
}

function messagingProblems({ messaging }: Administered, caller: Caller): Problem[] {
  const status = messaging.status();
  if (status === undefined) return [];
  const { connection, relay, imports } = status;
  const problems = imports.flatMap((each) => importProblems(each, caller));
  if (!connection.connected)
    problems.push({
      severity: "degraded",
      subject: "nats",
      problem: `There is no connection to ${connection.transport}.`,
      advice: "Look whether its server runs and can be reached; messages wait meanwhile.",
      actions: [],
    });
  if (relay?.state === "retrying" || (relay?.lagEvents ?? 0) > LAG_EVENTS_MAX)
    problems.push({
      severity: "degraded",
      subject: "relay",
      problem: `${counted(relay?.lagEvents ?? 0, "event isn't", "events aren't")} published yet${relay?.lastError === undefined ? "" : `: ${quoted(relay.lastError.message, caller)}`}`,
      advice: "Look at the connection, and at the room that the log of all services has.",
      actions: [],
    });
  return problems;
}

function importProblems(status: ImportStatus, caller: Caller): Problem[] {
  const { aggregate: name, parked, state, waiting, lastError } = status;
  const subject = `import of ${name}`;
  const problems: Problem[] = [];
  if (parked > 0)
    problems.push({
      severity: "degraded",
      subject,
      problem: `${counted(parked, "message is parked: it", "messages are parked: they")} couldn't be taken.`,
      advice: "Mend what they can't be read by, then replay them.",
      actions: [action("imports.replay", { name }, "Replay parked")],
    });
  if (state === "retrying")
    problems.push({
      severity: "degraded",
      subject,
      problem: `It tries again: ${quoted(lastError?.message ?? "no reason is known", caller)}`,
      advice: "Wait, or mend what it fails on.",
      actions: [],
    });
  if (waiting.length > 0)
    problems.push({
      severity: "degraded",
      subject,
      problem: `It waits for events that haven't come, of ${counted(waiting.length, "store", "stores")}.`,
      advice: "Wait for the other service; where it will never publish them, accept the gaps.",
      actions: [action("imports.acceptGaps", { name }, "Accept the gaps")],
    });
  return problems;
}

function action(operation: OperationName, input: unknown, label: string) {
  return { operation, input, label };
}

function quoted(message: string, { payloads }: Caller): string {
  return payloads ? message : HIDDEN_TEXT;
}

/** Behind a colon stands what was thrown; of advice that stands there nobody needs twice. */
function withoutQuote({ problem }: HealthProblem, { payloads }: Caller): string {
  const [what = problem] = problem.split(": ");
  return payloads && !problem.includes("parked") ? problem : what;
}

function sentence(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? "" : "."}`;
}
