/** One open tenant: its runtime, who has it, and how it ends. */
import type { Clock } from "../kernel/clock.js";
import { TenantOpenFailedError } from "./errors.js";
import type { Runtime } from "../runtime.js";

/** What falls due this soon is waited for: closing a tenant to open it again would cost more. */
const SOON_MS = 1_000;

export class Slot {
  readonly tenantId: string;
  readonly #clock: Clock;
  readonly #opening: Promise<Runtime>;
  #runtime: Runtime | undefined;
  #closing: Promise<number | null | undefined> | undefined;
  #openingMs = 0;
  leases = 0;
  usedAtMs: number;
  /** Its journal failed: it is closed as soon as nobody has it, and opened anew by the next use. */
  isBroken = false;

  constructor(tenantId: string, clock: Clock, open: () => Promise<Runtime>) {
    this.tenantId = tenantId;
    this.#clock = clock;
    this.usedAtMs = clock.nowMs();
    this.#opening = this.#open(open);
    // Whoever waits for it is told; nobody may.
    this.#opening.catch(() => undefined);
  }

  async #open(open: () => Promise<Runtime>): Promise<Runtime> {
    const sinceMs = this.#clock.monotonicMs();
    try {
      this.#runtime = await open();
      this.#openingMs = this.#clock.monotonicMs() - sinceMs;
      return this.#runtime;
    } catch (cause) {
      throw new TenantOpenFailedError(this.tenantId, { cause });
    }
  }

  /** @throws TenantOpenFailedError - As a rejection, to everybody who waits for it. */
  opened(): Promise<Runtime> {
    return this.#opening;
  }

  /** Undefined until it is open. */
  get runtime(): Runtime | undefined {
    return this.#runtime;
  }

  /** How long opening it took. */
  get openingMs(): number {
    return this.#openingMs;
  }

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Open, and nobody has it; it may be at work by itself. */
  get isUnused(): boolean {
    return this.leases === 0 && this.#runtime !== undefined && !this.isClosing;
  }

  /** Nobody has it, and nothing is due in it now or in a moment. */
  mayClose(): boolean {
    return this.isUnused && !this.isDueWithin(SOON_MS);
  }

  /** Whether it does something by itself in that time. A journal that failed does nothing any more, and may not even say so. */
  isDueWithin(ms: number): boolean {
    if (this.isBroken || this.#runtime === undefined) return false;
    try {
      return (this.#runtime.nextWorkAtMs() ?? Infinity) <= this.#clock.nowMs() + ms;
    } catch {
      this.isBroken = true;
      return false;
    }
  }

  /** Resolves with its next work: a wall time, null for none, undefined where only opening it again can tell. */
  close(): Promise<number | null | undefined> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<number | null | undefined> {
    const runtime = await this.#opening.catch(() => undefined);
    if (runtime === undefined) return undefined;
    await runtime.close();
    return this.isBroken ? undefined : runtime.workLeftAtMs;
  }
}
