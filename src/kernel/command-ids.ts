/**
 * How long a recorded command id is known. A function of the log alone, so that every index built of it answers the same: an id
 * is forgotten once its commit is older than what is kept, counted back from the newest commit. Ids that the runtime
 * makes for commands of sagas, rules and reactors, and for messages of other services, are never forgotten: what they come from
 * may be repeated whenever it goes on.
 */

/** `…#3`, `…#3.0`: the place among the commands of a step; `…-<SHA-256>`, `…:<SHA-256>`: made of what it answers. */
const OWN = /(#\d+(\.\d+)?|[:-][0-9a-f]{64})$/;

/** Whether a command id is one that a caller gave, which may be forgotten. */
export function isForgettable(commandId: string): boolean {
  return !OWN.test(commandId);
}

/** The commit that recorded an id was recorded then: whether the id is forgotten by now. */
export function isForgotten(
  commandId: string,
  recordedAtMs: number,
  newestRecordedAtMs: number,
  keptMs: number,
): boolean {
  return recordedAtMs < newestRecordedAtMs - keptMs && isForgettable(commandId);
}
