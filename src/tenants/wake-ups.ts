/** When closed tenants have something to do: each is woken at its time, a few at once. */
import { DueQueue } from "../delivery/index.js";
import type { Clock, Timer } from "../kernel/clock.js";
import { asError } from "../kernel/errors.js";
import type { Logger } from "../kernel/log.js";

interface Wake {
  readonly tenantId: string;
  readonly dueAtMs: number;
}

const WAKING_MAX = 4;
/** The wall clock may jump: it is looked at that often while somebody is to be woken. */
const LOOK_EVERY_MS = 1_000;
/** There was no room; where it couldn't be opened whoever opens it says when it is tried again. */
const RETRY_AFTER_MS = 1_000;

export interface WakePorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Opens the tenant, and resolves once it has done what was due. */
  wake(tenantId: string): Promise<void>;
}

export class WakeUps {
  readonly #ports: WakePorts;
  readonly #queue = new DueQueue<Wake>();
  /** What counts of those in the queue. */
  readonly #wanted = new Map<string, Wake>();
  readonly #waking = new Set<Promise<void>>();
  #timer: Timer | undefined;
  #closed = false;

  constructor(ports: WakePorts) {
    this.#ports = ports;
  }

  /** Tenants that are to be woken. */
  get size(): number {
    return this.#wanted.size;
  }

  get nextDueAtMs(): number | undefined {
    return this.#first()?.dueAtMs;
  }

  set(tenantId: string, dueAtMs: number): void {
    const wake = { tenantId, dueAtMs };
    this.#wanted.set(tenantId, wake);
    this.#queue.add(wake);
    this.#pump();
  }

  /** It is open, or gone. */
  forget(tenantId: string): void {
    this.#wanted.delete(tenantId);
    if (this.#queue.size <= 2 * this.#wanted.size + 1_000) return;
    for (const wake of this.#queue.takeAll()) if (this.#isWanted(wake)) this.#queue.add(wake);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await Promise.all(this.#waking);
  }

  #isWanted(wake: Wake): boolean {
    return this.#wanted.get(wake.tenantId) === wake;
  }

  #first(): Wake | undefined {
    let first = this.#queue.first();
    while (first !== undefined && !this.#isWanted(first)) {
      this.#queue.take();
      first = this.#queue.first();
    }
    return first;
  }

  #pump(): void {
    this.#timer?.cancel();
    if (this.#closed || this.#waking.size >= WAKING_MAX) return;
    const { clock } = this.#ports;
    const next = this.#first();
    if (next === undefined) return;
    const waitMs = next.dueAtMs - clock.nowMs();
    if (waitMs > 0) {
      this.#timer = clock.setTimer(Math.min(waitMs, LOOK_EVERY_MS), () => this.#pump());
      return;
    }
    this.forget(next.tenantId);
    const waking = this.#wake(next.tenantId);
    this.#waking.add(waking);
    void waking.then(() => {
      this.#waking.delete(waking);
      this.#pump();
    });
    this.#pump();
  }

  async #wake(tenantId: string): Promise<void> {
    const { clock, logger } = this.#ports;
    try {
      await this.#ports.wake(tenantId);
    } catch (error) {
      if (this.#closed) return;
      logger.warn(
        { tenantId, error: asError(error) },
        "a tenant couldn't be opened for what is due in it; it is tried again",
      );
      if (!this.#wanted.has(tenantId)) this.set(tenantId, clock.nowMs() + RETRY_AFTER_MS);
    }
  }
}
