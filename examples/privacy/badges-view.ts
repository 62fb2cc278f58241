/** Badges for the door, by a handler that fails for one guest and says for whom: so a name stands in a parked event. */
import { collection, projection } from "tidemark";
import { Guest } from "./guest.js";

const LETTERS_MAX = 24;

export const badgesView = projection({
  name: "badges",
  version: 1,
  from: [Guest],
  collections: { badges: collection<{ readonly text: string }>() },
  on: {
    Registered: ({ entityId, data: { name } }, { badges }) => {
      if (name.length > LETTERS_MAX) throw new Error(`no badge is wide enough for ${name}`);
      badges.put(entityId, { text: name });
    },
  },
  onFailure: { attemptsMax: 1, then: "park" },
});
