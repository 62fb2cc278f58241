/** Looking at the log. */
import { InvalidArgumentError } from "../kernel/errors.js";
import { searchEvents } from "./event-search.js";
import { flag, id, integer, listOf, oneOf, optional, text } from "./fields.js";
import type { OperationEntries } from "./operation.js";

const position = optional(integer(0));
const timeMs = optional(integer(0));

export const eventOperations: OperationEntries<"events"> = {
  events: {
    raw: true,
    fields: {
      stream: optional(id),
      streamTypes: optional(listOf(id)),
      types: optional(listOf(id)),
      withoutOwn: optional(flag),
      fromMs: timeMs,
      toMs: timeMs,
      correlationId: optional(text(1_000)),
      text: optional(text(1_000)),
      after: position,
      before: position,
      direction: optional(oneOf("forward", "backward")),
      limit: optional(integer(1, 1_000)),
      waitMs: optional(integer(0, 30_000)),
    },
    run: ({ parts, caller, signal }, query) => {
      if (query.direction === "backward" && query.waitMs !== undefined)
        throw new InvalidArgumentError("waitMs", "left out going backward", query.waitMs);
      return searchEvents(parts, query, caller, signal);
    },
  },
};
