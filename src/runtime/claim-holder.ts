/** Who holds a key of a claim, told in the words of aggregates. */
import type { Journal } from "../../journal/index.js";
import type { Position } from "../kernel/event.js";
import { checkId, checkName, entityIdOf, streamTypeOf } from "../kernel/ids.js";

/** Who holds a key of a claim. */
export interface ClaimHolder {
  /** Name of the aggregate. */
  readonly aggregate: string;
  readonly entityId: string;
  /** Wall time from which anybody may take it; undefined where it never expires. */
  readonly expiresAtMs: number | undefined;
  /** Of the commit that took it, or set its expiry, last. */
  readonly position: Position;
}

export function claimHolder(journal: Journal, claim: string, key: string): ClaimHolder | undefined {
  checkName("claim", claim);
  checkId("key", key);
  const found = journal.findClaim(claim, key);
  if (found === undefined) return undefined;
  const { owner, expiresAtMs, position } = found;
  return {
    aggregate: streamTypeOf(owner),
    entityId: entityIdOf(owner),
    expiresAtMs,
    position,
  };
}
