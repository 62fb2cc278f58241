/** Looking at streams: which there are, what they are of, what their state is and was, and what each event changed. */
import { id, integer, object, optional, text } from "./fields.js";
import { leafChanges } from "./leaf-changes.js";
import type { OperationEntries } from "./operation.js";
import { streamInfo } from "./stream-info.js";
import { stateAt, timelineOf, versionOf } from "./stream-states.js";

const LISTED = 100;
const ENTRIES = 50;
const version = integer(0);

export const streamOperations: OperationEntries<
  "streams" | "stream" | "state" | "diff" | "timeline"
> = {
  streams: {
    raw: true,
    fields: {
      prefix: optional(text(600)),
      after: optional(text(600)),
      limit: optional(integer(1, 1_000)),
    },
    run: ({ parts }, { limit = LISTED, ...range }) => {
      const found = parts.journal.listStreams({ ...range, limit });
      const streams = found.map(({ streamId, version: at }) => ({ stream: streamId, version: at }));
      const last = streams[streams.length - 1];
      return last === undefined || streams.length < limit
        ? { streams }
        : { streams, next: last.stream };
    },
  },
  stream: {
    raw: true,
    fields: { stream: id },
    run: ({ parts }, { stream }) => streamInfo(parts, stream),
  },
  state: {
    fields: {
      stream: id,
      at: optional(
        object({
          version: optional(version),
          position: optional(version),
          timeMs: optional(version),
        }),
      ),
    },
    run: ({ parts, caller }, { stream, at }) => {
      const { kind, state, version: of } = stateAt(parts, stream, versionOf(parts, stream, at));
      return {
        stream,
        kind,
        version: of,
        ...(caller.payloads ? { state } : { hidden: true as const }),
      };
    },
  },
  diff: {
    fields: { stream: id, from: version, to: optional(version) },
    run: ({ parts, caller }, { stream, from, to }) => {
      const before = stateAt(parts, stream, from);
      const after = stateAt(
        parts,
        stream,
        versionOf(parts, stream, to === undefined ? undefined : { version: to }),
      );
      const versions = { stream, from: before.version, to: after.version };
      return caller.payloads
        ? { ...versions, changes: leafChanges(before.state, after.state) }
        : { ...versions, changes: [], hidden: true };
    },
  },
  timeline: {
    fields: { stream: id, from: optional(integer(1)), limit: optional(integer(1, 500)) },
    run: async ({ parts, caller }, { stream, from = 1, limit = ENTRIES }) => ({
      entries: await timelineOf(parts, stream, { from, limit }, caller),
    }),
  },
};
