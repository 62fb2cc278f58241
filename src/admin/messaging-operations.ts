/** Looking at what goes to other services and comes from them, and mending what can't be taken; see `runtime.imports`. */
import type { ImportReplay } from "../messaging/importer.js";
import type { ParkedMessage } from "../messaging/import-journal.js";
import { id, integer, optional } from "./fields.js";
import { named, type OperationContext, type OperationEntries } from "./operation.js";
import { reason } from "./projection-operations.js";
import { told } from "./told.js";

const LISTED = 100;
const name = id;

type Names =
  | "nats"
  | "deadLetters"
  | "imports.parked"
  | "imports.replay"
  | "imports.discard"
  | "imports.acceptGaps";

export const messagingOperations: OperationEntries<Names> = {
  nats: {
    live: true,
    fields: {},
    run: ({ parts, caller }) => {
      const messaging = parts.messaging.status();
      return messaging === undefined ? {} : { messaging: told(messaging, caller) };
    },
  },
  deadLetters: {
    live: true,
    fields: {},
    run: ({ parts, caller }) => ({
      deadLetters: parts.actors.deadLetters().map(({ command, reason: why, ...letter }) => {
        const refusal = why instanceof Error ? told(why, caller) : { code: why.code };
        const shown = { ...told(letter, caller), commandType: command.type, reason: refusal };
        return caller.payloads ? { ...shown, data: command.data } : { ...shown, hidden: true };
      }),
    }),
  },
  "imports.parked": {
    live: true,
    fields: { name, limit: optional(integer(1, 1_000)) },
    run: ({ parts, caller }, { name: of, limit = LISTED }) => {
      const remote = named(parts, "remotes", of);
      const parked = parts.messaging.imports.parked(remote, { limit });
      return { parked: parked.map((message) => shownMessage(message, caller)) };
    },
  },
  "imports.replay": {
    changes: true,
    fields: { name, reason },
    run: async ({ parts, caller }, { name: of }) => {
      const remote = named(parts, "remotes", of);
      return { replayed: shownReplay(await parts.messaging.imports.replay(remote), caller) };
    },
  },
  "imports.discard": {
    changes: true,
    fields: { name, entityId: optional(id), reason },
    run: async ({ parts }, { name: of, entityId }) => {
      const remote = named(parts, "remotes", of);
      const query = entityId === undefined ? {} : { entityId };
      return { discarded: await parts.messaging.imports.discard(remote, query) };
    },
  },
  "imports.acceptGaps": {
    changes: true,
    fields: { name, reason },
    run: async ({ parts, caller }, { name: of }) => {
      const accepted = await parts.messaging.imports.acceptGaps(named(parts, "remotes", of));
      return { accepted: told(accepted, caller) };
    },
  },
};

type Asking = OperationContext["caller"];

function shownReplay({ replayed, failed }: ImportReplay, caller: Asking) {
  return { replayed, ...(failed === undefined ? {} : { failed: shownMessage(failed, caller) }) };
}

function shownMessage({ message, ...parked }: ParkedMessage, caller: Asking) {
  const shown = told(parked, caller);
  return caller.payloads && message !== undefined
    ? { ...shown, message }
    : { ...shown, hidden: true };
}
