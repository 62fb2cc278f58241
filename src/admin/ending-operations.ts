/** What can't be undone: subjects that are forgotten, entities that end, and beginnings that a summary stands for. */
import { isAbsolute } from "node:path";
import type { Answer, AnyAggregate } from "../../actors/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { entityIdOf, streamTypeOf } from "../kernel/ids.js";
import type { Privacy } from "../privacy/privacy.js";
import { OperationRefusedError } from "../projections/errors.js";
import type { Administered } from "./administered.js";
import { NotFoundError, OperationRejectedError } from "./errors.js";
import { flag, id, optional, text } from "./fields.js";
import { named, type OperationEntries } from "./operation.js";
import { DONE, reason } from "./projection-operations.js";
import { kindOf } from "./stream-info.js";

const PATH_CHARACTERS_MAX = 4_096;

export const endingOperations: OperationEntries<"forget" | "rotateKeys" | "tombstone" | "compact"> =
  {
    forget: {
      changes: true,
      fields: { subject: id, dryRun: optional(flag), reason },
      run: async ({ parts, actor }, { subject, dryRun }) => {
        const options = { ...actor, ...(dryRun === undefined ? {} : { dryRun }) };
        return { report: await privacyOf(parts, "forget").forget(subject, options) };
      },
    },
    rotateKeys: {
      changes: true,
      fields: { reason },
      run: async ({ parts }) => ({
        masterKeyId: await privacyOf(parts, "rotateKeys").rotateMasterKey(),
      }),
    },
    tombstone: {
      changes: true,
      fields: { stream: id, reason },
      run: async ({ parts, actor }, { stream }) => {
        const aggregate = aggregateOf(parts, stream);
        const { reason: why } = actor;
        const options = why === undefined ? {} : { reason: why };
        const answer = await parts.runtime().tombstone(aggregate, entityIdOf(stream), options);
        return ended(stream, answer);
      },
    },
    compact: {
      changes: true,
      fields: { stream: id, archiveTo: text(PATH_CHARACTERS_MAX), reason },
      run: async ({ parts }, { stream, archiveTo }) => {
        // Where the service happens to have been started isn't for an operator to know.
        if (!isAbsolute(archiveTo))
          throw new InvalidArgumentError(
            "archiveTo",
            "a full path on the service's machine",
            archiveTo,
          );
        const aggregate = aggregateOf(parts, stream);
        const runtime = parts.runtime();
        return { report: await runtime.compact(aggregate, entityIdOf(stream), { archiveTo }) };
      },
    },
  };

function aggregateOf(parts: Administered, stream: string): AnyAggregate {
  if (kindOf(parts, stream) !== "aggregate")
    throw new InvalidArgumentError("stream", "one of an aggregate of this service", stream);
  // To end what never began would be to begin it.
  if (parts.journal.streamVersion(stream) === 0) throw new NotFoundError("stream", stream);
  return named(parts, "aggregates", streamTypeOf(stream));
}

function ended(stream: string, answer: Answer) {
  if (answer.status === "accepted") return DONE;
  throw new OperationRejectedError("tombstone", stream, answer.code);
}

function privacyOf({ privacy }: Administered, operation: string): Privacy {
  if (privacy !== undefined) return privacy;
  throw new OperationRefusedError(
    operation,
    "runtime",
    "it was opened without the option `privacy`",
  );
}
