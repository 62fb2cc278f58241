/** Looking at what waits: timers, commands on their way, and claims that are held. */
import { deliveryIndexes, timersOf, waitingCommands, type LaneStatus } from "../delivery/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Administered } from "./administered.js";
import type { ShownOutboxEntry } from "./waiting-shapes.js";
import { id, integer, optional, text } from "./fields.js";
import type { OperationContext, OperationEntries } from "./operation.js";
import { toldError } from "./told.js";

const LISTED = 100;
const limitField = optional(integer(1, 1_000));

export const deliveryOperations: OperationEntries<"timers" | "outbox" | "claims"> = {
  timers: {
    raw: true,
    fields: { limit: limitField },
    run: ({ parts }, { limit = LISTED }) => {
      parts.views.refresh();
      const timers = deliveryIndexes(parts.views)
        .flatMap((rows) => [...timersOf(parts.views, rows, limit)])
        .sort((a, b) => a.dueAtMs - b.dueAtMs)
        .slice(0, limit)
        .map(({ owner, instanceId, id: timer, dueAtMs }) => ({
          owner,
          instanceId,
          timer,
          dueAtMs,
        }));
      return { timers };
    },
  },
  outbox: {
    raw: true,
    fields: {},
    run: (context) => ({
      lanes: context.parts.readOnly ? storedLanes(context.parts) : liveLanes(context),
    }),
  },
  claims: {
    raw: true,
    fields: {
      claim: optional(id),
      prefix: optional(text(300)),
      after: optional(text(600)),
      limit: limitField,
    },
    run: ({ parts }, { claim, prefix, after, limit = LISTED }) => {
      if (prefix !== undefined && claim === undefined)
        throw new InvalidArgumentError("claim", "given with a prefix", claim);
      const range = claim === undefined ? {} : { prefix: `${claim}/${prefix ?? ""}` };
      const found = parts.journal.listClaims({
        ...range,
        ...(after === undefined ? {} : { after }),
        limit,
      });
      const claims = found.map(({ name, key, owner, expiresAtMs, position }) => ({
        claim: name,
        key,
        owner,
        position,
        ...(expiresAtMs === undefined ? {} : { expiresAtMs }),
      }));
      const last = claims[claims.length - 1];
      return last === undefined || claims.length < limit
        ? { claims }
        : { claims, next: `${last.claim}/${last.key}` };
    },
  },
};

function liveLanes({ parts, caller }: OperationContext): ShownOutboxEntry[] {
  const shown = (owner: string, lanes: readonly LaneStatus[]) =>
    lanes.map(({ aggregate, waiting, inFlight, failures, lastError, lastErrorAtMs }) => ({
      owner,
      lane: aggregate,
      waiting: waiting + inFlight,
      attempts: failures,
      ...(lastError === undefined ? {} : { error: toldError(lastError, caller).message }),
      ...(lastErrorAtMs === undefined ? {} : { errorAtMs: lastErrorAtMs }),
    }));
  const ruleSets = parts.definitions?.ruleSets ?? [];
  return [
    ...shown("sagas", parts.sagas.outbox()),
    ...ruleSets.flatMap((rules) => shown(`rules/${rules.name}`, parts.rules.outbox(rules))),
  ];
}

/** Beside the owner only what waits is known, not how often it was tried. */
function storedLanes({ views }: Administered): ShownOutboxEntry[] {
  views.refresh();
  return deliveryIndexes(views).flatMap((rows) =>
    waitingCommands(views, rows).map(({ aggregate, commands }) => ({
      owner: rows.prefix,
      lane: aggregate,
      waiting: commands,
      attempts: 0,
    })),
  );
}
