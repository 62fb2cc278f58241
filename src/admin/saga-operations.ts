/** Looking at sagas and their instances, and mending them; see `runtime.sagas`. */
import type { Saga, SagaAnswer, Sagas } from "../../sagas/index.js";
import type { InputOf, OutputOf } from "./api.js";
import type { Reason } from "./operation-shapes.js";
import type { InstanceRef, ShownInstance } from "./reading-shapes.js";
import { NotFoundError, OperationRejectedError } from "./errors.js";
import { data, id, integer, object, oneOf, optional, text } from "./fields.js";
import { named, type OperationContext, type OperationEntries } from "./operation.js";
import { DONE, reason } from "./projection-operations.js";
import { told } from "./told.js";

const LISTED = 100;
/** Entries of a history that are shown: the last. */
const HISTORY_MAX = 500;
const name = id;
const instanceId = id;

type Looking =
  "sagas" | "saga.diagram" | "saga.instances" | "saga.instance" | "saga.check" | "saga.refused";
type Mending = "saga.send" | "saga.park" | "saga.retry" | "saga.discard" | "saga.end";

export const sagaOperations: OperationEntries<Looking> = {
  sagas: {
    fields: {},
    run: ({ parts, caller }) => ({ sagas: told(Object.values(parts.sagas.statuses()), caller) }),
  },
  "saga.diagram": {
    fields: { name },
    run: ({ parts }, input) => parts.sagas.graph(named(parts, "sagas", input.name)),
  },
  "saga.instances": {
    fields: {
      name,
      status: optional(oneOf("waiting", "active", "done", "parked", "ended")),
      state: optional(text(1_000)),
      sinceBeforeMs: optional(integer(0)),
      limit: optional(integer(1, 1_000)),
      after: optional(text(4_000)),
    },
    run: instances,
  },
  "saga.instance": { fields: { name, instanceId }, run: instance },
  "saga.check": {
    fields: { name },
    run: async ({ parts, caller }, input) => ({
      report: told(await parts.sagas.check(named(parts, "sagas", input.name)), caller),
    }),
  },
  "saga.refused": {
    fields: { name },
    run: ({ parts, caller }, input) => ({
      refused: parts.sagas
        .refused(named(parts, "sagas", input.name))
        .map(({ message, ...rest }) => (caller.payloads ? { ...rest, message } : rest))
        .map((each) => told(each, caller)),
    }),
  },
};

export const sagaChanges: OperationEntries<Mending> = {
  "saga.send": {
    changes: true,
    fields: {
      name,
      instanceId,
      event: object<{ readonly type: string; readonly data?: unknown }>({
        type: id,
        data: optional(data),
      }),
      reason,
    },
    recorded: (input) => ({ ...input, event: { type: input.event.type } }),
    run: async ({ parts }, input) => {
      const saga = named(parts, "sagas", input.name);
      return taken("saga.send", input, await parts.sagas.send(saga, input.instanceId, input.event));
    },
  },
  "saga.park": hand("saga.park", (sagas, ...given) => sagas.park(...given)),
  "saga.retry": hand("saga.retry", (sagas, ...given) => sagas.release(...given)),
  "saga.discard": hand("saga.discard", (sagas, ...given) => sagas.discard(...given)),
  "saga.end": hand("saga.end", (sagas, ...given) => sagas.end(...given)),
};

function hand(
  operation: string,
  act: (
    sagas: Sagas,
    saga: Saga,
    instanceId: string,
    actor: OperationContext["actor"],
  ) => Promise<SagaAnswer>,
) {
  return {
    changes: true as const,
    fields: { name, instanceId, reason },
    run: async ({ parts, actor }: OperationContext, input: InstanceRef & Reason) => {
      const saga = named(parts, "sagas", input.name);
      return taken(operation, input, await act(parts.sagas, saga, input.instanceId, actor));
    },
  };
}

function taken(operation: string, input: InstanceRef, answer: SagaAnswer) {
  if (answer.status === "accepted") return DONE;
  throw new OperationRejectedError(operation, `${input.name}/${input.instanceId}`, answer.code);
}

/** Those that have been in one place for long are found by looking at all. */
function instances(
  { parts, caller }: OperationContext,
  { name: of, sinceBeforeMs, limit = LISTED, ...query }: InputOf<"saga.instances">,
): OutputOf<"saga.instances"> {
  const saga = named(parts, "sagas", of);
  const found: ShownInstance[] = [];
  const { after, ...where } = query;
  let next = after;
  for (let pages = 0; pages < PAGES_MAX; pages++) {
    const page = parts.sagas.instances(saga, {
      ...where,
      limit: limit - found.length,
      ...(next === undefined ? {} : { after: next }),
    });
    next = page.next;
    for (const listed of page.instances)
      if (sinceBeforeMs === undefined || listed.sinceMs < sinceBeforeMs)
        found.push(shown(listed, caller));
    if (next === undefined || found.length >= limit) break;
  }
  return next === undefined ? { instances: found } : { instances: found, next };
}

const PAGES_MAX = 100;

/** Why it is parked may quote what it was parked for. */
function shown<T extends { readonly problem: string | undefined }>(
  { problem, ...rest }: T,
  { payloads }: OperationContext["caller"],
): Omit<T, "problem"> & { readonly problem?: string } {
  return payloads && problem !== undefined && problem !== "" ? { ...rest, problem } : rest;
}

function instance(
  { parts, caller }: OperationContext,
  { name: of, instanceId: only }: InstanceRef,
): OutputOf<"saga.instance"> {
  const saga = named(parts, "sagas", of);
  const found = parts.sagas.instance(saga, only);
  if (found === undefined) throw new NotFoundError(`instance of saga ${of}`, only);
  const history = [...parts.sagas.history(saga, only)].slice(-HISTORY_MAX);
  const { status, state, value, version, steps } = found;
  const sinceMs = history.findLast((entry) => entry.state !== undefined)?.atMs ?? 0;
  const outside = { instanceId: only, status, state, version, sinceMs, value, steps };
  const timers = found.timers.map(({ id: timer, dueAtMs }) => ({ id: timer, dueAtMs }));
  if (!caller.payloads)
    return {
      ...outside,
      hidden: true,
      timers,
      commands: found.commands.map(({ id: command, aggregate, entityId }) => ({
        id: command,
        aggregate,
        entityId,
      })),
      compensations: found.compensations.map(({ aggregate, entityId, of: undone }) => ({
        aggregate,
        entityId,
        of: undone,
      })),
      kept: found.kept.map(({ kind }) => ({ kind })),
      history: history.map(({ event, input: _input, notes: _notes, remark: _remark, ...entry }) =>
        told({ ...entry, ...(event === undefined ? {} : { event: { type: event.type } }) }, caller),
      ),
    };
  const { context, output, commands, compensations, kept, problem } = found;
  return told(
    {
      ...outside,
      ...(problem === "" ? {} : { problem }),
      context,
      output,
      timers,
      commands,
      compensations,
      kept,
      history,
    },
    caller,
  );
}
