/** Looking at rule sets, their sessions and alerts, and mending sessions; see `runtime.rules`. */
import type { RaisedAlert, RuleSet, Rules, RulesAnswer } from "../rules/index.js";
import type { InputOf, OutputOf } from "./api.js";
import type { Reason } from "./operation-shapes.js";
import { NotFoundError, OperationRejectedError } from "./errors.js";
import { id, integer, oneOf, optional } from "./fields.js";
import { named, type OperationContext, type OperationEntries } from "./operation.js";
import { DONE, reason } from "./projection-operations.js";
import { told } from "./told.js";

const LISTED = 100;
const name = id;
const sessionId = id;

type Looking = "rules" | "rules.sessions" | "rules.session" | "rules.alerts" | "rules.explain";
type Mending = "rules.park" | "rules.release" | "rules.discard";

export const ruleOperations: OperationEntries<Looking> = {
  rules: {
    fields: {},
    run: ({ parts, caller }) => ({ ruleSets: told(Object.values(parts.rules.statuses()), caller) }),
  },
  "rules.sessions": {
    fields: {
      name,
      status: optional(oneOf("active", "parked")),
      after: optional(id),
      limit: optional(integer(1, 1_000)),
    },
    run: sessions,
  },
  "rules.session": {
    fields: { name, sessionId },
    run: ({ parts, caller }, input) => {
      const rules = named(parts, "ruleSets", input.name);
      const found = parts.rules.session(rules, input.sessionId);
      if (found === undefined)
        throw new NotFoundError(`session of rule set ${input.name}`, input.sessionId);
      if (caller.payloads) return { session: told(found, caller) };
      const { status, version, steps, firings, clockMs, late, wakesAtMs } = found;
      const outside = { status, version, steps, firings, clockMs, late, wakesAtMs };
      return { session: told(outside, caller), hidden: true };
    },
  },
  "rules.alerts": {
    fields: {
      name,
      rule: optional(id),
      before: optional(integer(1)),
      limit: optional(integer(1, 1_000)),
    },
    run: alerts,
  },
  "rules.explain": {
    fields: { name, position: integer(1) },
    run: ({ parts, caller }, input) => {
      const rules = named(parts, "ruleSets", input.name);
      const explanation = parts.rules.explain(rules, { position: input.position });
      if (caller.payloads)
        return { explanation: { ...told(explanation, caller), text: String(explanation) } };
      const { ruleSet, rule, version, atMs, position } = explanation;
      return { explanation: { ruleSet, rule, version, atMs, position, hidden: true } };
    },
  },
};

export const ruleChanges: OperationEntries<Mending> = {
  "rules.park": hand("rules.park", (rules, ...given) => rules.park(...given)),
  "rules.release": hand("rules.release", (rules, ...given) => rules.release(...given)),
  "rules.discard": hand("rules.discard", (rules, ...given) => rules.discard(...given)),
};

interface SessionRef extends Reason {
  readonly name: string;
  readonly sessionId: string;
}

function hand(
  operation: string,
  act: (
    rules: Rules,
    ruleSet: RuleSet,
    sessionId: string,
    actor: OperationContext["actor"],
  ) => Promise<RulesAnswer>,
) {
  return {
    changes: true as const,
    fields: { name, sessionId, reason },
    run: async ({ parts, actor }: OperationContext, input: SessionRef) => {
      const rules = named(parts, "ruleSets", input.name);
      const answer = await act(parts.rules, rules, input.sessionId, actor);
      if (answer.status === "accepted") return DONE;
      const subject = `${input.name}/${input.sessionId}`;
      throw new OperationRejectedError(operation, subject, answer.code);
    },
  };
}

function sessions(
  { parts, caller }: OperationContext,
  { name: of, status, after, limit = LISTED }: InputOf<"rules.sessions">,
): OutputOf<"rules.sessions"> {
  const rules = named(parts, "ruleSets", of);
  const found = parts.rules.sessions(rules, {
    limit: limit + 1,
    ...(status === undefined ? {} : { status }),
    ...(after === undefined ? {} : { after: cursorOf(parts.rules, rules, after) }),
  });
  const page = found.slice(0, limit);
  const last = page[page.length - 1];
  return {
    sessions: page.map((session) => told(session, caller)),
    ...(found.length > limit && last !== undefined ? { next: last.sessionId } : {}),
  };
}

/** The last session of a page is named by its id alone: where it stands is read anew. */
function cursorOf(all: Rules, rules: RuleSet, after: string) {
  const session = all.session(rules, after);
  if (session === undefined) throw new NotFoundError(`session of rule set ${rules.name}`, after);
  const { status, version } = session;
  return { sessionId: after, status, version, sinceMs: 0, problem: undefined };
}

/** Positions that a page of alerts goes back over at a time; doubled while it finds too few. */
const WINDOW = 1_024;
const WINDOWS_MAX = 40;

/** Newest first: the alerts behind a position are read forward, and the position goes back until there are enough. */
function alerts(
  { parts, caller }: OperationContext,
  { name: of, rule, before, limit = LISTED }: InputOf<"rules.alerts">,
): OutputOf<"rules.alerts"> {
  const rules = named(parts, "ruleSets", of);
  let upTo = (before ?? parts.journal.head() + 1) - 1;
  let window = WINDOW;
  const found: RaisedAlert[] = [];
  for (let windows = 0; windows < WINDOWS_MAX && upTo > 0 && found.length < limit; windows++) {
    const after = Math.max(0, upTo - window);
    const here: RaisedAlert[] = [];
    for (const alert of parts.rules.alerts(rules, {
      after,
      ...(rule === undefined ? {} : { rule }),
    })) {
      if (alert.position > upTo) break;
      here.push(alert);
    }
    found.push(...here.toReversed());
    upTo = after;
    window *= 2;
  }
  const page = found.slice(0, limit);
  const last = page[page.length - 1];
  const hasMore = found.length > limit || upTo > 0;
  const next = found.length >= limit ? last?.position : upTo + 1;
  return {
    alerts: page.map(({ data, ...alert }) =>
      caller.payloads ? { ...alert, data } : { ...alert, hidden: true },
    ),
    ...(hasMore && next !== undefined ? { next } : {}),
  };
}
