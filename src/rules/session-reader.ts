/** A session as its stream tells it, now or as it was. For looking: sessions that run are actors. */
import type { Journal } from "../../journal/index.js";
import { streamIdOf } from "../kernel/ids.js";
import { evolveSession } from "./session-fold.js";
import { NEW_SESSION, type SessionState } from "./session.js";

/** @param upTo - Version of the stream, inclusive. */
export function readSession(
  journal: Journal,
  rules: string,
  sessionId: string,
  upTo?: number,
): SessionState {
  let state = NEW_SESSION;
  const options = upTo === undefined ? {} : { upTo };
  for (const page of journal.replayStream(streamIdOf(rules, sessionId), options))
    for (const event of page) state = evolveSession(state, event);
  return state;
}
