/** Claims: exclusive rights of a stream to a key, changed only by commits. Checked at admission, replayed without checks. */
import type { StreamId } from "../src/kernel/ids.js";
import { ClaimNotHeldError, ClaimTakenError } from "./errors.js";
import type { Claim, ClaimChange, ListedClaim } from "./journal.js";
import type { RecordClaim } from "./record.js";

/** Who holds a key; undefined where nobody ever did or it was released. */
export interface ClaimState {
  readonly owner: StreamId;
  /** 0 for never. */
  readonly expiresAtMs: number;
  readonly position: number;
}

/** Looks a claim up, whether or not it has expired. */
export interface ClaimLookup {
  admittedClaim(name: string, key: string): ClaimState | undefined;
}

/** One key for a claim in maps; names have no separator, so two claims never share a key. */
export function claimKeyOf(name: string, key: string): string {
  return `${name}/${key}`;
}

/** The claim as a caller sees it: gone once it has expired. */
export function visibleClaim(state: ClaimState | undefined, nowMs: number): Claim | undefined {
  return state === undefined || isExpired(state, nowMs) ? undefined : claimOf(state);
}

/** A claim in a list, of its key in maps. */
export function listedClaim(mapKey: string, state: ClaimState): ListedClaim {
  const at = mapKey.indexOf("/");
  return { name: mapKey.slice(0, at), key: mapKey.slice(at + 1), ...claimOf(state) };
}

function claimOf({ owner, expiresAtMs, position }: ClaimState): Claim {
  return { owner, expiresAtMs: expiresAtMs === 0 ? undefined : expiresAtMs, position };
}

export function isExpired(state: ClaimState, nowMs: number): boolean {
  return state.expiresAtMs !== 0 && state.expiresAtMs <= nowMs;
}

/**
 * Checks the changes of one commit, each against the ones before it.
 *
 * @returns What to record: the changes that change something.
 * @throws ClaimTakenError, ClaimNotHeldError - The whole commit is refused.
 */
export function applyClaims(
  changes: readonly ClaimChange[],
  defaultOwner: StreamId,
  lookup: ClaimLookup,
  nowMs: number,
): RecordClaim[] {
  const overlay = new Map<string, ClaimState | undefined>();
  const recorded: RecordClaim[] = [];
  for (const change of changes) {
    const mapKey = claimKeyOf(change.name, change.key);
    const found = overlay.has(mapKey)
      ? overlay.get(mapKey)
      : lookup.admittedClaim(change.name, change.key);
    const held = found !== undefined && isExpired(found, nowMs) ? undefined : found;
    const claim = claimRecordOf(change, change.owner ?? defaultOwner, held);
    if (claim === undefined) continue;
    recorded.push(claim);
    overlay.set(mapKey, replayClaim(claim, held, 0));
  }
  return recorded;
}

function claimRecordOf(
  change: ClaimChange,
  owner: StreamId,
  held: ClaimState | undefined,
): RecordClaim | undefined {
  const { name, key } = change;
  switch (change.op) {
    case "take":
      if (held !== undefined && held.owner !== owner)
        throw new ClaimTakenError(name, key, held.owner);
      return { op: "take", name, key, owner, argument: change.expiresAtMs ?? 0 };
    case "release":
      return held?.owner === owner ? { op: "release", name, key, owner, argument: 0 } : undefined;
    case "move":
      if (held?.owner !== owner) throw new ClaimNotHeldError(name, key, owner, held?.owner);
      return { op: "move", name, key, owner, argument: change.to };
  }
}

/** The state of a claim after a recorded change; undefined where nobody holds it any more. */
export function replayClaim(
  claim: RecordClaim,
  before: ClaimState | undefined,
  position: number,
): ClaimState | undefined {
  switch (claim.op) {
    case "take":
      return { owner: claim.owner, expiresAtMs: claim.argument as number, position };
    case "release":
      return undefined;
    case "move":
      return { owner: claim.argument as string, expiresAtMs: before?.expiresAtMs ?? 0, position };
  }
}
