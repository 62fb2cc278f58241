/** What can be wrong with a tenant, or with all of them. Each concerns the tenant it names, and no other. */
import { TidemarkError, type ErrorDetails } from "../kernel/errors.js";

/** There is no tenant of that id. Nothing was done; `create` it. */
export class UnknownTenantError extends TidemarkError {
  readonly code = "unknown-tenant";
  readonly retryable = false;

  constructor(readonly tenantId: string) {
    super(`there is no tenant ${tenantId}: create it, or look at its id`);
  }
}

/** The tenant's data can't be opened: `cause` says why. Others go on; the next use tries again. */
export class TenantOpenFailedError extends TidemarkError {
  readonly code = "tenant-open-failed";
  readonly retryable = true;

  constructor(
    readonly tenantId: string,
    details: ErrorDetails,
  ) {
    const { cause } = details;
    super(
      `tenant ${tenantId} can't be opened: ${cause instanceof Error ? cause.message : String(cause)}`,
      details,
    );
  }
}

/** As many tenants as may be open are in use, and none was released in time. Nothing was done; may be retried. */
export class TenantsFullError extends TidemarkError {
  readonly code = "tenants-full";
  readonly retryable = true;

  constructor(
    readonly tenantId: string,
    openMax: number,
    waitMs: number,
  ) {
    super(
      `tenant ${tenantId} wasn't opened: ${openMax} are open and in use, and none was released within ${waitMs} ms`,
    );
  }
}

/** Somebody has a lease on the tenant, or is removing or detaching it. Nothing was done; may be retried once that is over. */
export class TenantInUseError extends TidemarkError {
  readonly code = "tenant-in-use";
  readonly retryable = true;

  constructor(
    readonly tenantId: string,
    leases: number,
  ) {
    super(
      leases > 0
        ? `tenant ${tenantId} is in use by ${leases}: release it first`
        : `tenant ${tenantId} is being removed or detached: try again once that is done`,
    );
  }
}

/** The tenants are closing or closed. Nothing was done. */
export class TenantsClosedError extends TidemarkError {
  readonly code = "tenants-closed";
  readonly retryable = false;

  constructor() {
    super("the tenants are closed");
  }
}
