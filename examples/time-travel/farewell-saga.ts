/** The saga of a deletion: for thirty days it can be undone, then nothing is left to undo it with. */
import { resume, saga, send, startOrResume } from "tidemark";
import { setup } from "xstate";
import { User, type UserEvent } from "./user.js";

export const GRACE_MS = 30 * 24 * 60 * 60 * 1_000;

const machine = setup({
  types: {
    context: {} as { readonly userId: string },
    input: {} as { readonly userId: string },
    events: {} as UserEvent,
  },
  delays: { grace: GRACE_MS },
  actions: {
    purge: send(User, ({ context }) => context.userId, { type: "Purge" }),
  },
}).createMachine({
  id: "farewell",
  context: ({ input }) => input,
  initial: "undoable",
  states: {
    undoable: { on: { UserRestored: "kept" }, after: { grace: "purging" } },
    purging: { entry: "purge", on: { UserPurged: "gone", UserRestored: "kept" } },
    // They may be deleted again.
    kept: { on: { UserDeleted: "undoable" } },
    gone: { type: "final" },
  },
});

export const Farewell = saga({
  name: "farewell",
  machine,
  from: [User],
  correlate: {
    UserDeleted: ({ entityId }) => startOrResume(entityId, { input: { userId: entityId } }),
    UserRestored: ({ entityId }) => resume(entityId),
    UserPurged: ({ entityId }) => resume(entityId),
  },
  start: "beginning",
});
