/**
 * Claims of an entity as a function of its state: what it holds after an event is compared with what it held before, and
 * the difference goes into the same commit. So a renamed user gives the old name back without anybody thinking of it.
 */
import { ClaimTakenError, type ClaimChange } from "../journal/index.js";
import { reject, type Rejected } from "./decision.js";

/** A key; several; with an expiry (wall time in milliseconds since 1970); or nothing. */
export type ClaimValue = string | ClaimedKey | readonly (string | ClaimedKey)[] | null | undefined;

/** A key that an entity claims, and the wall time (milliseconds since 1970) from which another one may have it. */
export interface ClaimedKey {
  readonly key: string;
  readonly expiresAtMs?: number;
}

/** How keys are claimed: by a function of the state, or by that with what is to be said about its keys. */
export type ClaimDefinition<State = unknown> =
  | ((state: State) => ClaimValue)
  | {
      /** What is claimed in a state. */
      readonly keys: (state: State) => ClaimValue;
      /** The keys say something about somebody: the journal has keyed hashes of them. Such a claim can't be listed. */
      readonly personal: boolean;
    };

/** By claim name. */
export type ClaimFunctions = ReadonlyMap<string, (state: unknown) => ClaimValue>;

/** What must change for an entity to hold what it claims after `after` instead of after `before`. Releases come first. */
export function claimChanges(
  claims: ClaimFunctions,
  before: unknown,
  after: unknown,
): ClaimChange[] {
  const releases: ClaimChange[] = [];
  const takes: ClaimChange[] = [];
  for (const [name, claim] of claims) {
    const held = keysOf(claim(before));
    const wanted = keysOf(claim(after));
    for (const key of held.keys())
      if (!wanted.has(key)) releases.push({ op: "release", name, key });
    for (const [key, expiresAtMs] of wanted) {
      if (held.has(key) && held.get(key) === expiresAtMs) continue;
      takes.push({ op: "take", name, key, ...(expiresAtMs === undefined ? {} : { expiresAtMs }) });
    }
  }
  return [...releases, ...takes];
}

function keysOf(value: ClaimValue): Map<string, number | undefined> {
  const keys = new Map<string, number | undefined>();
  if (value === null || value === undefined) return keys;
  const items = Array.isArray(value)
    ? (value as readonly (string | ClaimedKey)[])
    : [value as string | ClaimedKey];
  for (const item of items) {
    if (typeof item === "string") keys.set(item, undefined);
    else keys.set(item.key, item.expiresAtMs);
  }
  return keys;
}

/** What a caller hears when another entity holds a key: a refusal that names the claim. Undefined for any other error. */
export function claimRefusalOf(error: unknown): Rejected | undefined {
  if (!(error instanceof ClaimTakenError)) return undefined;
  return reject(`${error.claimName}-taken`, { claim: error.claimName, key: error.claimKey });
}
