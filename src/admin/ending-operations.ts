/** What can't be undone: subjects that are forgotten, and entities that end. */
import type { Answer } from "../../actors/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { entityIdOf, streamTypeOf } from "../kernel/ids.js";
import type { Privacy } from "../privacy/privacy.js";
import { OperationRefusedError } from "../projections/errors.js";
import type { Administered } from "./administered.js";
import { NotFoundError, OperationRejectedError } from "./errors.js";
import { flag, id, optional } from "./fields.js";
import { named, type OperationEntries } from "./operation.js";
import { DONE, reason } from "./projection-operations.js";
import { kindOf } from "./stream-info.js";

export const endingOperations: OperationEntries<"forget" | "rotateKeys" | "tombstone"> = {
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
      if (kindOf(parts, stream) !== "aggregate")
        throw new InvalidArgumentError("stream", "one of an aggregate of this service", stream);
      // To end what never began would be to begin it.
      if (parts.journal.streamVersion(stream) === 0) throw new NotFoundError("stream", stream);
      const aggregate = named(parts, "aggregates", streamTypeOf(stream));
      const { reason: why } = actor;
      const options = why === undefined ? {} : { reason: why };
      const answer = await parts.runtime().tombstone(aggregate, entityIdOf(stream), options);
      return ended(stream, answer);
    },
  },
};

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
