/** Tenants that can't be opened: how often in a row, why, and when they are tried again. */
import type { Clock } from "../kernel/clock.js";

const RETRY_FIRST_MS = 60_000;
const RETRY_MAX_MS = 3_600_000;

/** A tenant that couldn't be opened the last time. */
export interface TenantFailure {
  readonly tenantId: string;
  /** Times in a row. */
  readonly attempts: number;
  /** Wall time of the last. */
  readonly atMs: number;
  readonly message: string;
}

export class Failures {
  readonly #clock: Clock;
  /** The latest last. */
  readonly #failures = new Map<string, TenantFailure>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#failures.size;
  }

  /** The latest first. */
  latest(max: number): TenantFailure[] {
    return [...this.#failures.values()].slice(-max).reverse();
  }

  /** When it is to be opened again by itself: later and later, since each attempt takes another tenant's room. */
  failed(tenantId: string, { message }: Error): number {
    const attempts = (this.#failures.get(tenantId)?.attempts ?? 0) + 1;
    const atMs = this.#clock.nowMs();
    this.gone(tenantId);
    this.#failures.set(tenantId, { tenantId, attempts, atMs, message });
    return atMs + Math.min(RETRY_FIRST_MS * 2 ** Math.min(attempts - 1, 10), RETRY_MAX_MS);
  }

  /** It is open, or it isn't ours any more. */
  gone(tenantId: string): void {
    this.#failures.delete(tenantId);
  }
}
