/**
 * Where users' data stands in what the engines record of themselves: events of sagas and rule sessions, rows about them, parked events. The rest is
 * structure: were the name of a state sealed because somebody is called like it, an instance would be lost with them.
 */
export const USER_FIELDS: ReadonlySet<string> = new Set([
  "data",
  "context",
  "output",
  "notes",
  "problem",
  "error",
  "message",
  "details",
  "reason",
  "windows",
  "samples",
]);
