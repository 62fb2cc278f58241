/** What the failure of an attempt to carry out a command says. */
/** An attempt that ended so may have been carried out. */
const UNCERTAIN = new Set([
  "ask-timeout",
  "request-timeout",
  "append-outcome-unknown",
  "view-behind",
]);

/** Nothing was sent. */
const NOBODY_THERE = new Set(["no-responders", "disconnected"]);

/** Whoever has the aggregate must be opened again; then the command may be sent again. */
const OUTAGES = new Set([
  ...UNCERTAIN,
  "journal-poisoned",
  "journal-closed",
  "runtime-closed",
  "writer-fenced",
]);

/** It may have been carried out. */
export function isUncertain(error: Error): boolean {
  return codesOf(error).some((code) => UNCERTAIN.has(code));
}

/** Nobody has it now who could carry it out. */
export function isNobodyThere(error: Error): boolean {
  return codesOf(error).some((code) => NOBODY_THERE.has(code));
}

export function isOutage(error: Error): boolean {
  return codesOf(error).some((code) => OUTAGES.has(code));
}

/** Its own code, and that of the error elsewhere that it tells of. */
function codesOf(error: Error): string[] {
  const { code, remoteCode } = error as { readonly code?: unknown; readonly remoteCode?: unknown };
  return [code, remoteCode].filter((each) => typeof each === "string");
}
