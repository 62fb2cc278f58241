/**
 * The tenants that are open, no more at a time than may be, and who waits for room.
 *
 * ```
 * wanted --first in the queue, and room--> opening --> open --> closing
 * ```
 *
 * Room goes to tenants in the order in which they were first wanted: whoever comes later, also who wants the one back that was closed for
 * another, is behind them.
 */
import { keptAlive, type Clock, type Timer } from "../kernel/clock.js";
import { asError } from "../kernel/errors.js";
import { Histogram } from "../kernel/histogram.js";
import type { Logger } from "../kernel/log.js";
import type { Runtime } from "../runtime.js";
import { TenantsFullError } from "./errors.js";
import { Slot } from "./slot.js";

/** While room is waited for, what is at work is looked at again that often: it ends untold. */
const LOOK_AGAIN_MS = 100;

export interface SlotsPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** @throws TenantsClosedError, UnknownTenantError - It may not be opened, or not any more. */
  check(tenantId: string): void;
  open(tenantId: string): Promise<Runtime>;
  opened(tenantId: string): void;
  openFailed(tenantId: string, error: Error): void;
  /** With its next work: a wall time, null for none, undefined where only opening it again can tell. */
  closed(tenantId: string, dueAtMs: number | null | undefined): void;
}

interface Waiter {
  readonly untilMs: number;
  /** With a lease on the slot; with nothing where it may not be had any more. */
  readonly serve: (slot: Slot | undefined) => void;
  readonly giveUp: (error: Error) => void;
}

/** A tenant that waits for room. */
interface Place {
  readonly tenantId: string;
  readonly sinceMs: number;
  readonly waiters: Set<Waiter>;
}

export class Slots {
  readonly #ports: SlotsPorts;
  readonly #openMax: number;
  readonly #waitMs: number;
  /** The least recently used first. */
  readonly #slots = new Map<string, Slot>();
  /** In the order in which they were wanted. */
  readonly #queue = new Map<string, Place>();
  #timer: Timer | undefined;
  #idleWaiters: (() => void)[] = [];
  readonly #openingMs = new Histogram();
  readonly counts = { opened: 0, openingsFailed: 0, closed: 0, full: 0 };

  constructor(ports: SlotsPorts, bounds: { readonly openMax: number; readonly waitMs: number }) {
    this.#ports = ports;
    this.#openMax = bounds.openMax;
    this.#waitMs = bounds.waitMs;
  }

  get(tenantId: string): Slot | undefined {
    return this.#slots.get(tenantId);
  }

  all(): Slot[] {
    return [...this.#slots.values()];
  }

  /** Uses that wait for room. */
  get waiting(): number {
    let count = 0;
    for (const { waiters } of this.#queue.values()) count += waiters.size;
    return count;
  }

  /** How long openings took, those that failed left out. */
  get openingMs(): Histogram {
    return this.#openingMs;
  }

  /** The tenant, open and with one lease more. Throws what `check` throws, and TenantOpenFailedError, TenantsFullError. */
  async acquire(tenantId: string): Promise<Slot> {
    const { clock } = this.#ports;
    const untilMs = clock.monotonicMs() + this.#waitMs;
    for (;;) {
      this.#ports.check(tenantId);
      const slot = this.#slots.get(tenantId);
      if (slot?.isClosing === true) {
        await keptAlive(clock, this.close(slot));
        continue;
      }
      const leased =
        slot === undefined
          ? await keptAlive(clock, this.#room(tenantId, untilMs))
          : this.#lease(slot);
      if (leased !== undefined) return this.#opened(leased);
    }
  }

  #lease(slot: Slot): Slot {
    slot.leases += 1;
    // At the end of the order, as the one used last.
    this.#slots.delete(slot.tenantId);
    this.#slots.set(slot.tenantId, slot);
    slot.usedAtMs = this.#ports.clock.nowMs();
    return slot;
  }

  async #opened(slot: Slot): Promise<Slot> {
    try {
      await keptAlive(this.#ports.clock, slot.opened());
      return slot;
    } catch (error) {
      slot.leases -= 1;
      this.#look();
      throw error;
    }
  }

  release(slot: Slot): void {
    slot.leases -= 1;
    slot.usedAtMs = this.#ports.clock.nowMs();
    if (slot.leases === 0 && slot.isBroken) void this.close(slot);
    this.#look();
  }

  /** Never rejects; harmless when repeated. Nobody may have it. */
  async close(slot: Slot): Promise<void> {
    const { tenantId } = slot;
    const isFirst = !slot.isClosing;
    const dueAtMs = await slot.close().catch((error: unknown) => {
      const fields = { tenantId, error: asError(error) };
      this.#ports.logger.warn(fields, "a tenant wasn't closed as it should be");
      return undefined;
    });
    if (!isFirst || this.#slots.get(tenantId) !== slot) return;
    this.#slots.delete(tenantId);
    this.counts.closed += 1;
    this.#ports.closed(tenantId, dueAtMs);
    this.#look();
  }

  /** Once everybody has released what they had. From here on `check` refuses all. */
  async closeAll(): Promise<void> {
    for (const { waiters } of this.#queue.values())
      for (const { serve } of waiters) serve(undefined);
    this.#queue.clear();
    while (this.all().some(({ leases }) => leases > 0))
      await new Promise<void>((resolve) => this.#idleWaiters.push(resolve));
    this.#timer?.cancel();
    await Promise.all(this.all().map((slot) => this.close(slot)));
  }

  /** Resolves with a lease once the tenant has a slot, or with nothing where `check` is to be asked again. */
  #room(tenantId: string, untilMs: number): Promise<Slot | undefined> {
    return new Promise((serve, giveUp) => {
      const { clock } = this.#ports;
      const known = this.#queue.get(tenantId);
      const place = known ?? { tenantId, sinceMs: clock.monotonicMs(), waiters: new Set() };
      place.waiters.add({ untilMs, serve, giveUp });
      this.#queue.set(tenantId, place);
      this.#look();
    });
  }

  /** Gives room there is to those who are first, makes some for the others, and tells those whose time is over. */
  #look(): void {
    this.#tellIdle();
    // Most of the time nobody waits, and a use isn't to cost a look at all slots.
    if (this.#queue.size === 0) return;
    this.#admit();
    const closing = this.all().filter(({ isClosing }) => isClosing).length;
    const places = [...this.#queue.values()];
    let coming = closing;
    for (const place of places.slice(closing)) {
      const victim = this.#victimOf(place);
      if (victim === undefined) break;
      void this.close(victim);
      coming += 1;
    }
    for (const place of places.slice(coming)) this.#expire(place);
    this.#lookLater();
  }

  #tellIdle(): void {
    if (this.#idleWaiters.length === 0 || this.all().some(({ leases }) => leases > 0)) return;
    for (const resolve of this.#idleWaiters.splice(0)) resolve();
  }

  #admit(): void {
    for (const { tenantId, waiters } of this.#queue.values()) {
      if (this.#slots.size >= this.#openMax) return;
      this.#queue.delete(tenantId);
      const slot = this.#mayOpen(tenantId) ? this.#open(tenantId) : undefined;
      // Leased here and now: an opening that fails at once is over before they would look.
      for (const { serve } of waiters) serve(slot === undefined ? undefined : this.#lease(slot));
    }
  }

  /** Who isn't known any more, or comes when all is closed, is told by whoever waits. */
  #mayOpen(tenantId: string): boolean {
    try {
      this.#ports.check(tenantId);
      return true;
    } catch {
      return false;
    }
  }

  #open(tenantId: string): Slot {
    const slot = new Slot(tenantId, this.#ports.clock, () => this.#ports.open(tenantId));
    this.#slots.set(tenantId, slot);
    slot.opened().then(
      () => {
        this.counts.opened += 1;
        this.#openingMs.record(slot.openingMs);
        this.#ports.opened(tenantId);
        this.#look();
      },
      (error: unknown) => {
        this.counts.openingsFailed += 1;
        if (this.#slots.get(tenantId) === slot) this.#slots.delete(tenantId);
        this.#ports.openFailed(tenantId, asError(error));
        this.#look();
      },
    );
    return slot;
  }

  /**
   * Whoever gives way: the one that was idle longest. One that is at work by itself does only where there is no other and half of the
   * time to wait is over: its work goes on when it is opened again, while a use would fail.
   */
  #victimOf({ sinceMs }: Place): Slot | undefined {
    for (const slot of this.#slots.values()) if (slot.mayClose()) return slot;
    if (this.#ports.clock.monotonicMs() - sinceMs < this.#waitMs / 2) return undefined;
    for (const slot of this.#slots.values()) if (slot.isUnused) return slot;
    return undefined;
  }

  #expire({ tenantId, waiters }: Place): void {
    const nowMs = this.#ports.clock.monotonicMs();
    for (const waiter of waiters) {
      if (waiter.untilMs > nowMs) continue;
      waiters.delete(waiter);
      this.counts.full += 1;
      waiter.giveUp(new TenantsFullError(tenantId, this.#openMax, this.#waitMs));
    }
    if (waiters.size === 0) this.#queue.delete(tenantId);
  }

  #lookLater(): void {
    this.#timer?.cancel();
    if (this.#queue.size === 0) return;
    const { clock } = this.#ports;
    const nowMs = clock.monotonicMs();
    let waitMs = LOOK_AGAIN_MS;
    for (const { waiters } of this.#queue.values())
      for (const { untilMs } of waiters)
        if (untilMs > nowMs) waitMs = Math.min(waitMs, untilMs - nowMs);
    this.#timer = clock.setTimer(waitMs, () => this.#look());
  }
}
