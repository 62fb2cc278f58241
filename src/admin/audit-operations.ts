/** What was done: by operators, to readers, to sagas and rule sets as wholes; one log, newest first. */
import type { RecordedEvent } from "../kernel/event.js";
import { entityIdOf } from "../kernel/ids.js";
import { AUDIT_STREAM_TYPE } from "../projections/audit.js";
import { ADMIN_STREAM, type AdminAction, type AdminActionEnd } from "./admin-log.js";
import type { Administered } from "./administered.js";
import type { AuditEntry, AuditQuery } from "./audit-entry.js";
import type { Caller } from "./caller.js";
import { integer, oneOf, optional, text } from "./fields.js";
import { scanLog } from "./log-scan.js";
import type { OperationEntries } from "./operation.js";

const LISTED = 100;
/** Events looked at for one page. */
const SCANNED_MAX = 20_000;
/** Events of the log behind an action among which its end is looked for. */
const ENDS_WITHIN = 200;

/** How far something came, which parts note for themselves; and how an action ended, which is told with it. */
const NOT_LISTED = new Set([
  "Received",
  "MessagePart",
  "SagaAdvanced",
  "RulesAdvanced",
  "ReactorAdvanced",
  "AdminActionDone",
  "AdminActionFailed",
]);

export const auditOperations: OperationEntries<"audit"> = {
  audit: {
    raw: true,
    fields: {
      what: optional(text(200)),
      by: optional(text(200)),
      outcome: optional(oneOf("done", "failed", "unfinished", "recorded")),
      before: optional(integer(1)),
      limit: optional(integer(1, 1_000)),
    },
    run: async ({ parts, caller, signal }, query) => {
      const { before, limit = LISTED } = query;
      const { journal, clock } = parts;
      const upTo = Math.min(journal.head(), (before ?? Infinity) - 1);
      const part = {
        after: 0,
        upTo,
        stream: undefined,
        filter: { streamTypes: [AUDIT_STREAM_TYPE] },
      };
      const entries: AuditEntry[] = [];
      const fits = matcherOf(query);
      let scanned = 0;
      for await (const page of scanLog(journal, clock, part, "backward")) {
        for (const event of page.events) {
          if (NOT_LISTED.has(event.type)) continue;
          const entry = entryOf(parts, event, caller);
          if (!fits(entry)) continue;
          entries.push(entry);
          if (entries.length === limit) return { entries, next: event.position };
        }
        scanned += page.events.length;
        if (signal.aborted || scanned >= SCANNED_MAX) return { entries, next: page.scannedTo };
      }
      return { entries };
    },
  },
};

function matcherOf({ what, by, outcome }: AuditQuery): (entry: AuditEntry) => boolean {
  const holds = (value: string | undefined, part: string | undefined) =>
    part === undefined || value?.toLowerCase().includes(part.toLowerCase()) === true;
  return (entry) =>
    holds(entry.what, what) &&
    holds(entry.by, by) &&
    (outcome === undefined || entry.outcome === outcome);
}

function entryOf(parts: Administered, event: RecordedEvent, caller: Caller): AuditEntry {
  const { position, recordedAtMs: atMs } = event;
  if (event.streamId === ADMIN_STREAM) return { position, atMs, ...actionOf(parts, event) };
  const { by, reason, ...detail } = event.data as Readonly<Record<string, unknown>>;
  return {
    position,
    atMs,
    what: event.type,
    subject: entityIdOf(event.streamId),
    ...(typeof by === "string" ? { by } : {}),
    // What a failure policy gives as its reason quotes what was thrown.
    ...(typeof reason === "string" && (by !== undefined || caller.payloads) ? { reason } : {}),
    outcome: "recorded",
    ...(caller.payloads ? { detail } : {}),
  };
}

function actionOf(
  parts: Administered,
  event: RecordedEvent,
): Omit<AuditEntry, "position" | "atMs"> {
  const { operation, input, via, by, reason } = event.data as AdminAction;
  return {
    what: operation,
    subject: subjectOf(input),
    via,
    ...(by === undefined ? {} : { by }),
    ...(reason === undefined ? {} : { reason }),
    ...outcomeOf(parts, event),
    detail: input,
  };
}

/** Without an end it was cut short, or is under way. */
function outcomeOf(
  { journal }: Administered,
  { version, position }: RecordedEvent,
): Pick<AuditEntry, "outcome" | "code"> {
  const behind = { from: version + 1, limit: ENDS_WITHIN };
  for (const event of journal.readStream(ADMIN_STREAM, behind)) {
    if (event.type === "AdminAction") continue;
    const { of, code } = event.data as AdminActionEnd;
    if (of === position)
      return code === undefined ? { outcome: "done" } : { outcome: "failed", code };
  }
  return { outcome: "unfinished" };
}

/** What it was done to: the first of its fields that name something. */
function subjectOf(input: unknown): string {
  const fields = input as Readonly<Record<string, unknown>>;
  const parts = ["name", "instanceId", "sessionId", "stream", "subject", "to"].map(
    (field) => fields[field],
  );
  return parts.filter((part) => typeof part === "string").join("/");
}
