/**
 * What an entity no longer claims once some of what it is made of can't be read any more: its claims as one journal tells its history, without
 * those as another one tells it. Claims follow the state; so what only the first state has is nobody's.
 */
import type { ClaimChange } from "../journal/index.js";
import type { StreamId } from "../src/kernel/ids.js";
import type { Behavior } from "./behavior.js";
import { claimChanges } from "./entity-claims.js";
import type { Fold } from "./fold.js";
import type { Hydrator } from "./hydrator.js";

/**
 * @returns Releases, each naming the entity as its owner.
 * @throws HydrationFailedError - Its history can't be folded, as one of them tells it. Whatever a claim's function throws.
 */
export async function lostClaims(
  behavior: Behavior,
  streamId: StreamId,
  before: Hydrator,
  after: Hydrator,
): Promise<readonly ClaimChange[]> {
  const { claims } = behavior;
  if (claims === undefined) return [];
  const known = await hydrated(before, behavior, streamId);
  const left = await hydrated(after, behavior, streamId);
  return claimChanges(claims, known.state, left.state)
    .filter(({ op }) => op === "release")
    .map((change) => ({ ...change, owner: streamId }));
}

function hydrated(hydrator: Hydrator, behavior: Behavior, streamId: StreamId): Promise<Fold> {
  return new Promise((resolve, reject) => {
    hydrator.hydrate(behavior, streamId, resolve, reject);
  });
}
