/** What one asks of the past when something is wrong: what was before, when it changed, and by which event. */
import type { RecordedEvent, Runtime } from "tidemark";
import { User, type Profile, type UserEvent, type UserState } from "./user.js";

// #region just-before
/** The last event of a type, and the state just before it. */
export async function justBefore(runtime: Runtime, userId: string, type: UserEvent["type"]) {
  const history = runtime.history(User, userId, { direction: "backward" });
  const found = [...history].find((event) => event.type === type);
  if (found === undefined) throw new Error(`${userId} has no ${type}`);
  const before = await runtime.state(User, userId, { at: { version: found.version - 1 } });
  return { event: found, before };
}
// #endregion

// #region culprit
/**
 * The event since which something is so, by bisection: of 1,000 events about ten states are looked at.
 *
 * @param isWrong - Not so at the beginning, and so ever since it was for the first time.
 */
export async function culprit(
  runtime: Runtime,
  userId: string,
  isWrong: (state: UserState) => boolean,
): Promise<RecordedEvent | undefined> {
  let right = 0;
  let wrong = (await runtime.state(User, userId)).version;
  while (wrong - right > 1) {
    const middle = Math.floor((right + wrong) / 2);
    const { state } = await runtime.state(User, userId, { at: { version: middle } });
    if (isWrong(state)) wrong = middle;
    else right = middle;
  }
  const [event] = runtime.history(User, userId, { from: wrong, upTo: wrong });
  return event;
}
// #endregion

// #region undo
/** Nothing is taken out of the log: an event says what is so again. Refused if anything has happened since we looked. */
export async function undoDeletion(runtime: Runtime, userId: string): Promise<Profile> {
  const { event, before } = await justBefore(runtime, userId, "UserDeleted");
  const { profile } = before.state;
  if (profile === null) throw new Error(`${userId} was deleted twice`);
  const command = { type: "Restore", data: { profile, asOfVersion: before.version } } as const;
  const answer = await runtime.ask(User, userId, command, { expectedVersion: event.version });
  if (answer.status === "rejected") throw new Error(answer.code);
  return profile;
}
// #endregion
