/** Looking at projections, reactors and external projections, and mending them; see `runtime.operations`. */
import type { AnyProjection } from "../projections/projection.js";
import type { Administered } from "./administered.js";
import type { InputOf } from "./api.js";
import type { Done, Reason } from "./operation-shapes.js";
import type { ShownDocument } from "./reading-shapes.js";
import { NotFoundError } from "./errors.js";
import { flag, id, integer, optional, text } from "./fields.js";
import { named, type OperationContext, type OperationEntries } from "./operation.js";
import { told } from "./told.js";

const DOCUMENTS = 50;
const PARKED = 100;
const name = id;
const key = id;

/** Recorded with every change. */
export const reason = optional(text(1_000));

export const DONE: Done = Object.freeze({ done: true });

type Looking =
  | "projections"
  | "projection.diff"
  | "projection.parked"
  | "projection.audit"
  | "projection.documents";
type Building =
  | "projection.rebuild"
  | "projection.approve"
  | "projection.cancelRebuild"
  | "projection.rollback"
  | "projection.dropRetired"
  | "projection.rebuildKey";
type Reading =
  | "projection.pause"
  | "projection.resume"
  | "projection.skip"
  | "projection.replayParked"
  | "projection.discardParked";

export const projectionOperations: OperationEntries<Looking> = {
  projections: {
    live: true,
    fields: {},
    run: ({ parts: { readers }, caller }) => ({
      projections: readers.projectionStatuses().map((status) => told(status, caller)),
      reactors: readers.reactorStatuses().map((status) => told(status, caller)),
      externals: readers.externalStatuses().map((status) => told(status, caller)),
    }),
  },
  "projection.diff": {
    live: true,
    fields: { name },
    run: ({ parts, caller }, input) => {
      named(parts, "projections", input.name);
      const status = parts.readers.projectionStatuses().find((each) => each.name === input.name);
      const diff = status?.rebuild?.diff;
      if (diff === undefined) return {};
      return { diff: told(diff, caller) };
    },
  },
  "projection.parked": {
    live: true,
    fields: { name, key: optional(key), limit: optional(integer(1, 1_000)) },
    run: ({ parts, caller }, { name: reader, limit = PARKED, ...rest }) => ({
      parked: parts.readers.operations
        .parked(reader, { ...rest, limit })
        .map((event) => told(event, caller)),
    }),
  },
  "projection.audit": {
    live: true,
    fields: { name },
    run: ({ parts }, input) => ({ records: parts.readers.operations.audit(input.name) }),
  },
  "projection.documents": {
    fields: {
      name,
      collection: optional(id),
      id: optional(id),
      after: optional(text(4_000)),
      limit: optional(integer(1, 1_000)),
    },
    run: documents,
  },
};

export const rebuildOperations: OperationEntries<Building> = {
  "projection.rebuild": {
    changes: true,
    fields: { name, approve: optional(flag), reason },
    run: async ({ parts, actor }, { name: of, approve }) => ({
      generation: await parts.readers.operations.rebuild(of, {
        ...actor,
        ...(approve === undefined ? {} : { approval: approve }),
      }),
    }),
  },
  "projection.approve": change((operations, of, actor) => operations.approve(of, actor)),
  "projection.cancelRebuild": change((operations, of, actor) =>
    operations.cancelRebuild(of, actor),
  ),
  "projection.rollback": change((operations, of, actor) => operations.rollback(of, actor)),
  "projection.dropRetired": change((operations, of, actor) => operations.dropRetired(of, actor)),
  "projection.rebuildKey": {
    changes: true,
    fields: { name, key, reason },
    run: async ({ parts, actor }, input) => ({
      handled: await parts.readers.operations.rebuildKey(input.name, input.key, actor),
    }),
  },
};

export const readerOperations: OperationEntries<Reading> = {
  "projection.pause": change((operations, of, actor) => operations.pause(of, actor)),
  "projection.resume": change((operations, of, actor) => operations.resume(of, actor)),
  "projection.skip": {
    changes: true,
    fields: { name, position: integer(1), reason },
    run: async ({ parts, actor }, input) => {
      await parts.readers.operations.skip(input.name, input.position, actor);
      return DONE;
    },
  },
  "projection.replayParked": {
    changes: true,
    fields: { name, key: optional(key), reason },
    run: async ({ parts, actor, caller }, { name: of, key: only }) => {
      const options = only === undefined ? actor : { ...actor, key: only };
      const result = await parts.readers.operations.replayParked(of, options);
      return { result: told(result, caller) };
    },
  },
  "projection.discardParked": {
    changes: true,
    fields: { name, key, position: optional(integer(1)), reason },
    run: async ({ parts, actor }, { name: of, reason: _reason, ...which }) => ({
      discarded: await parts.readers.operations.discardParked(of, { ...which, ...actor }),
    }),
  },
};

type ReaderOperations = Administered["readers"]["operations"];

function change(
  run: (
    operations: ReaderOperations,
    of: string,
    actor: OperationContext["actor"],
  ) => Promise<void>,
) {
  return {
    changes: true as const,
    fields: { name, reason },
    run: async ({ parts, actor }: OperationContext, input: Reason & { readonly name: string }) => {
      await run(parts.readers.operations, input.name, actor);
      return DONE;
    },
  };
}

async function documents(
  { parts, caller }: OperationContext,
  { name: of, collection, id: only, after, limit = DOCUMENTS }: InputOf<"projection.documents">,
): Promise<{ documents: ShownDocument[]; next?: string }> {
  const projection: AnyProjection = named(parts, "projections", of);
  const names = Object.keys(projection.collections);
  const chosen = collection ?? names[0] ?? "";
  if (!names.includes(chosen)) throw new NotFoundError(`collection of projection ${of}`, chosen);
  const view = parts.readers.view(projection, chosen);
  const shown = (documentId: string, document: unknown): ShownDocument =>
    caller.payloads ? { id: documentId, document } : { id: documentId, hidden: true };
  if (only !== undefined) {
    const document = await view.get(only);
    return { documents: document === undefined ? [] : [shown(only, document)] };
  }
  const page = await view.list({ limit, ...(after === undefined ? {} : { after }) });
  return {
    documents: page.entries.map((entry) => shown(entry.id, entry.document)),
    ...(page.next === undefined ? {} : { next: page.next }),
  };
}
