/**
 * Many tenants in one process, each with a data directory of its own: opened when somebody uses it, closed when its room is
 * wanted and nobody does.
 *
 * ```
 * known --use, or something is due--> open --least recently used, idle--> closing --> known
 * ```
 */
import { resolve } from "node:path";
import { OwnerLock } from "../../journal/index.js";
import { keptAlive, type Timer } from "../kernel/clock.js";
import { asError, InvalidArgumentError, isOwnEnd } from "../kernel/errors.js";
import type { Runtime } from "../runtime.js";
import { openRuntimeWith } from "../runtime/open.js";
import { portsOf, type RuntimePorts } from "../runtime/options.js";
import {
  TenantInUseError,
  TenantsClosedError,
  TenantsFullError,
  UnknownTenantError,
} from "./errors.js";
import { TenantFolders } from "./folders.js";
import { folderNameOf } from "./folder-name.js";
import { tenantBoundsOf, type TenantBounds, type TenantsOptions } from "./options.js";
import { Slot } from "./slot.js";
import type { TenantsStatus, TenantStatus } from "./status.js";
import { WakeUps } from "./wake-ups.js";

/** A tenant that is kept open until it is released. */
export interface TenantLease {
  readonly tenantId: string;
  readonly runtime: Runtime;
  /** Harmless when repeated. The runtime must not be used any more. */
  release(): void;
}

/** While room is waited for, what is at work is looked at again that often. */
const LOOK_AGAIN_MS = 100;
/** A tenant woken for its work has that long for it before its room may be wanted. */
const WORK_MAX_MS = 30_000;

/** Tenants, open as needed; made by `openTenants`. */
export class Tenants {
  readonly #options: TenantsOptions;
  readonly #ports: RuntimePorts;
  readonly #bounds: TenantBounds;
  readonly #lock: OwnerLock;
  readonly #folders: TenantFolders;
  readonly #known: Set<string>;
  /** The least recently used first. */
  readonly #slots = new Map<string, Slot>();
  readonly #wakeUps: WakeUps;
  #waiters: (() => void)[] = [];
  readonly #counts = { opened: 0, openingsFailed: 0, closed: 0 };
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(options: TenantsOptions) {
    this.#options = options;
    this.#bounds = tenantBoundsOf(options);
    this.#ports = { ...portsOf(options), shared: this.#bounds.shared };
    const { clock, ids, logger } = this.#ports;
    const directory = resolve(options.directory);
    this.#folders = new TenantFolders(directory, ids);
    this.#lock = OwnerLock.acquire(directory, clock, ids);
    const found = this.#folders.read();
    this.#known = new Set(found.keys());
    this.#wakeUps = new WakeUps({ clock, logger, wake: (id) => this.#work(id) });
    for (const [id, dueAtMs] of found)
      if (dueAtMs !== null) this.#wakeUps.set(id, dueAtMs ?? clock.nowMs());
  }

  /** The ids of all tenants, in order. */
  list(): string[] {
    return [...this.#known].sort();
  }

  /** Whether there is a tenant of that id. */
  has(tenantId: string): boolean {
    return this.#known.has(tenantId);
  }

  /**
   * Makes a tenant; it is opened by its first use.
   *
   * @returns False where it was there already.
   * @throws InvalidArgumentError - It isn't an id: 1 to 256 bytes of text, and no more than 198 as the name of a folder, in which
   *   bytes other than a-z, 0-9, - and _ count three times.
   * @throws TenantsClosedError - Nothing was made.
   */
  create(tenantId: string): boolean {
    this.#checkOpen();
    if (!this.#folders.create(tenantId)) return false;
    this.#known.add(tenantId);
    return true;
  }

  /**
   * Runs `work` with a tenant's runtime, which stays open until it has ended.
   *
   * @throws UnknownTenantError, TenantOpenFailedError, TenantsFullError, TenantsClosedError - `work` wasn't run; see each.
   */
  async use<Result>(
    tenantId: string,
    work: (runtime: Runtime) => Promise<Result> | Result,
  ): Promise<Result> {
    const slot = await this.#acquire(tenantId);
    try {
      return await work(await slot.opened());
    } catch (error) {
      if (isOwnEnd(error)) slot.isBroken = true;
      throw error;
    } finally {
      this.#release(slot);
    }
  }

  /**
   * A tenant to be kept open for longer than one piece of work. Release it: one that is kept takes the room of another.
   *
   * @throws UnknownTenantError, TenantOpenFailedError, TenantsFullError, TenantsClosedError - See each.
   */
  async of(tenantId: string): Promise<TenantLease> {
    const slot = await this.#acquire(tenantId);
    let released = false;
    const release = () => {
      if (!released) this.#release(slot);
      released = true;
    };
    return { tenantId, runtime: await slot.opened(), release };
  }

  /**
   * Deletes a tenant with all its data, for good.
   *
   * @param options.confirm - The id once more, so that no slip of a variable deletes another.
   * @throws TenantInUseError, UnknownTenantError, InvalidArgumentError, TenantsClosedError - Nothing was removed.
   */
  async remove(tenantId: string, options: { readonly confirm: string }): Promise<void> {
    this.#checkOpen();
    if (options.confirm !== tenantId)
      throw new InvalidArgumentError("confirm", "the id of the tenant to delete", options.confirm);
    this.#checkKnown(tenantId);
    const slot = this.#slots.get(tenantId);
    if (slot !== undefined && slot.leases > 0) throw new TenantInUseError(tenantId, slot.leases);
    // From here on nobody gets it, and nobody makes it anew until it is gone.
    this.#known.delete(tenantId);
    if (slot !== undefined) await this.#close(slot);
    this.#wakeUps.forget(tenantId);
    await this.#folders.remove(tenantId);
  }

  /** How they stand: totals, and the open ones. */
  status(): TenantsStatus {
    const slots = [...this.#slots.values()];
    const { budget } = this.#bounds;
    return {
      known: this.#known.size,
      open: slots.length,
      inUse: slots.filter(({ leases }) => leases > 0).length,
      waiting: this.#waiters.length,
      toWake: this.#wakeUps.size,
      nextWakeAtMs: this.#wakeUps.nextDueAtMs,
      activations: budget.activations,
      stateBytes: budget.stateBytes,
      ...this.#counts,
      tenants: slots.flatMap((slot) => statusOf(slot)),
    };
  }

  /** Takes no more uses, waits for those there are, and closes all. Harmless when repeated. */
  close(): Promise<void> {
    this.#closing ??= keptAlive(this.#ports.clock, this.#closeAll());
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    this.#wake();
    await this.#wakeUps.close();
    while ([...this.#slots.values()].some(({ leases }) => leases > 0)) await this.#room();
    await Promise.all([...this.#slots.values()].map((slot) => this.#close(slot)));
    this.#lock.release();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new TenantsClosedError();
  }

  #checkKnown(tenantId: string): void {
    folderNameOf(tenantId);
    if (!this.#known.has(tenantId)) throw new UnknownTenantError(tenantId);
  }

  /** The tenant, open and with one lease more. */
  async #acquire(tenantId: string): Promise<Slot> {
    const { clock } = this.#ports;
    const untilMs = clock.monotonicMs() + this.#bounds.waitMs;
    for (;;) {
      this.#checkOpen();
      this.#checkKnown(tenantId);
      const slot = this.#slots.get(tenantId);
      if (slot?.isClosing === true) await this.#close(slot);
      else if (slot !== undefined) return this.#lease(slot);
      else if (this.#slots.size < this.#bounds.openMax) return this.#lease(this.#open(tenantId));
      else if (!(await this.#makeRoom(untilMs)))
        throw new TenantsFullError(tenantId, this.#bounds.openMax, this.#bounds.waitMs);
    }
  }

  #open(tenantId: string): Slot {
    const { clock } = this.#ports;
    const slot = new Slot(tenantId, clock, async () => {
      this.#wakeUps.forget(tenantId);
      this.#folders.forgetDue(tenantId);
      const { freeBytesMin } = this.#options;
      const runtime = await openRuntimeWith(
        {
          ...this.#options,
          directory: this.#folders.path(tenantId),
          ...(freeBytesMin === undefined ? {} : { freeBytesMin }),
        },
        this.#ports,
      );
      this.#counts.opened += 1;
      return runtime;
    });
    this.#slots.set(tenantId, slot);
    return slot;
  }

  async #lease(slot: Slot): Promise<Slot> {
    slot.leases += 1;
    // At the end of the order, as the one used last.
    this.#slots.delete(slot.tenantId);
    this.#slots.set(slot.tenantId, slot);
    slot.usedAtMs = this.#ports.clock.nowMs();
    try {
      await keptAlive(this.#ports.clock, slot.opened());
      return slot;
    } catch (error) {
      this.#counts.openingsFailed += 1;
      slot.leases -= 1;
      if (this.#slots.get(slot.tenantId) === slot) this.#slots.delete(slot.tenantId);
      this.#wake();
      throw error;
    }
  }

  #release(slot: Slot): void {
    slot.leases -= 1;
    slot.usedAtMs = this.#ports.clock.nowMs();
    if (slot.leases === 0 && slot.isBroken) void this.#close(slot);
    this.#wake();
  }

  /** Closes the one that was idle longest, or waits until something changes; false where the time is over. */
  async #makeRoom(untilMs: number): Promise<boolean> {
    for (const slot of this.#slots.values()) {
      if (!slot.mayClose()) continue;
      await this.#close(slot);
      return true;
    }
    const leftMs = untilMs - this.#ports.clock.monotonicMs();
    if (leftMs <= 0) return false;
    await keptAlive(this.#ports.clock, this.#room(leftMs));
    return true;
  }

  /** Until somebody is released or closed; not for long, since what is at work ends untold. */
  #room(leftMs = LOOK_AGAIN_MS): Promise<void> {
    return new Promise((resolve) => {
      let timer: Timer | undefined = undefined;
      const done = () => {
        timer?.cancel();
        this.#waiters = this.#waiters.filter((each) => each !== done);
        resolve();
      };
      timer = this.#ports.clock.setTimer(Math.min(leftMs, LOOK_AGAIN_MS), done);
      this.#waiters.push(done);
    });
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) waiter();
  }

  async #close(slot: Slot): Promise<void> {
    const { tenantId } = slot;
    const isFirst = !slot.isClosing;
    const dueAtMs = await slot.close().catch((error: unknown) => {
      const fields = { tenantId, error: asError(error) };
      this.#ports.logger.warn(fields, "a tenant wasn't closed as it should be");
      return undefined;
    });
    if (!isFirst || this.#slots.get(tenantId) !== slot) return;
    this.#slots.delete(tenantId);
    this.#counts.closed += 1;
    if (this.#known.has(tenantId)) this.#note(tenantId, dueAtMs);
    this.#wake();
  }

  /** When a closed tenant is to be opened again by itself, on disk and here. */
  #note(tenantId: string, dueAtMs: number | null | undefined): void {
    const { clock, logger } = this.#ports;
    try {
      if (dueAtMs !== undefined) this.#folders.writeDue(tenantId, dueAtMs);
    } catch (error) {
      // Without it the next start opens the tenant to see.
      logger.warn({ tenantId, error: asError(error) }, "the next work of a tenant wasn't noted");
    }
    if (dueAtMs !== null) this.#wakeUps.set(tenantId, dueAtMs ?? clock.nowMs());
  }

  /** Opens a tenant for what is due in it, and keeps it until that is done. */
  async #work(tenantId: string): Promise<void> {
    if (!this.#known.has(tenantId)) return;
    const { clock } = this.#ports;
    await this.use(tenantId, async (runtime) => {
      const untilMs = clock.monotonicMs() + WORK_MAX_MS;
      const isAtWork = () => (runtime.nextWorkAtMs() ?? Infinity) <= clock.nowMs();
      while (isAtWork() && clock.monotonicMs() < untilMs && this.#closing === undefined)
        await new Promise<void>((resolve) => clock.setTimer(LOOK_AGAIN_MS, resolve));
    });
  }
}

/** One that is being opened or closed has no figures. */
function statusOf({ tenantId, leases, usedAtMs, runtime, isClosing }: Slot): TenantStatus[] {
  if (runtime === undefined || isClosing) return [];
  const { activations, stateBytes } = runtime.actorFigures;
  const nextWorkAtMs = runtime.nextWorkAtMs();
  return [
    { tenantId, leases, usedAtMs, head: runtime.head, activations, stateBytes, nextWorkAtMs },
  ];
}

/**
 * Opens a directory of tenants. Those whose timers, commands or events are due are opened by themselves, in time; after a crash each that
 * was open is opened once, to see.
 *
 * @throws InvalidArgumentError - An option isn't valid.
 * @throws JournalOwnedError - Another living process has the directory open.
 */
export async function openTenants(options: TenantsOptions): Promise<Tenants> {
  return new Tenants(options);
}
