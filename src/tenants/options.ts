/** What tenants are given, with the defaults. */
import { Budget, Permits } from "../../actors/index.js";
import { checkInteger } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { Turns } from "../projections/rebuild.js";
import {
  boundsOf,
  readersOptionsOf,
  type RuntimeOptions,
  type SharedBounds,
} from "../runtime/options.js";

/**
 * What `openTenants` is given: definitions that all tenants have, and bounds that they share. `activationsMax`, `stateBytesMax`,
 * `hydrationsMax` and `rebuildsMax` are of all tenants together; `waitingMax` and `mailboxCapacity` of each.
 */
export interface TenantsOptions extends Omit<
  RuntimeOptions,
  "messaging" | "service" | "expose" | "remotes" | "endpoints" | "externalProjections"
> {
  /** Where their folders are; made where it isn't there. */
  readonly directory: string;
  /** Tenants that are open at the most; defaults to 50. */
  readonly openMax?: number;
  /** How long a use waits for another tenant to be released where all that may be open are in use; defaults to 5,000. */
  readonly waitMs?: number;
  /** As of `openRuntime`. */
  readonly freeBytesMin?: number;
}

/** What a service has one journal for. */
const OF_ONE_JOURNAL = [
  ...["messaging", "service", "expose", "remotes", "endpoints", "externalProjections"],
  "readOnly",
];

export interface TenantBounds {
  readonly openMax: number;
  readonly waitMs: number;
  readonly shared: SharedBounds;
  readonly budget: Budget;
}

/** @throws InvalidArgumentError - An option isn't valid. */
export function tenantBoundsOf(options: TenantsOptions): TenantBounds {
  const { directory, openMax = 50, waitMs = 5_000 } = options;
  if (typeof directory !== "string" || directory === "")
    throw new InvalidArgumentError("directory", "the path of a folder", directory);
  // Types refuse them where they are written down, not where they come with other options.
  const given = new Map<string, unknown>(Object.entries(options));
  for (const name of OF_ONE_JOURNAL)
    if (given.get(name) !== undefined)
      throw new InvalidArgumentError(name, "left out: each tenant has a journal of its own", name);
  checkInteger("openMax", openMax, 1, 10_000);
  checkInteger("waitMs", waitMs, 0, 2 ** 31 - 1);
  const bounds = boundsOf(options);
  const budget = new Budget(bounds);
  const permits = new Permits(bounds.hydrationsMax);
  const turns = new Turns(readersOptionsOf(options).rebuildsMax);
  return { openMax, waitMs, budget, shared: { budget, permits, turns } };
}
