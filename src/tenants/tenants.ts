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
import { keptAlive } from "../kernel/clock.js";
import { asError, InvalidArgumentError, isOwnEnd } from "../kernel/errors.js";
import type { Health } from "../projections/status.js";
import type { Runtime } from "../runtime.js";
import type { MetricFamily } from "../runtime/metrics/metric.js";
import { openRuntimeWith } from "../runtime/open.js";
import { portsOf, type RuntimePorts } from "../runtime/options.js";
import { TenantInUseError, TenantsClosedError, UnknownTenantError } from "./errors.js";
import { Failures } from "./failures.js";
import { TenantFolders, type KnownDue } from "./folders.js";
import { folderNameOf } from "./folder-name.js";
import { tenantMetricsOf, type TenantMetricsOptions } from "./metrics.js";
import { tenantBoundsOf, type TenantBounds, type TenantsOptions } from "./options.js";
import type { Slot } from "./slot.js";
import { Slots } from "./slots.js";
import { healthOf, statusOf, type TenantsStatus } from "./status.js";
import { WakeUps } from "./wake-ups.js";

/** A tenant that is kept open until it is released. */
export interface TenantLease {
  readonly tenantId: string;
  readonly runtime: Runtime;
  /** Harmless when repeated. The runtime must not be used any more. */
  release(): void;
}

/** What a woken tenant does is looked at that often. */
const LOOK_AGAIN_MS = 100;
/** So long others wait for their turn to be woken. */
const WORK_MAX_MS = 30_000;
/** Failures that are told at the most. */
const FAILURES_MAX = 100;

/** Tenants, open as needed; made by `openTenants`. */
export class Tenants {
  readonly #options: TenantsOptions;
  readonly #ports: RuntimePorts;
  readonly #bounds: TenantBounds;
  readonly #lock: OwnerLock;
  readonly #folders: TenantFolders;
  readonly #known: Set<string>;
  readonly #slots: Slots;
  readonly #wakeUps: WakeUps;
  readonly #failures: Failures;
  /** Being removed or detached. */
  readonly #leaving = new Map<string, Promise<unknown>>();
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(options: TenantsOptions) {
    this.#options = options;
    this.#bounds = tenantBoundsOf(options);
    this.#ports = { ...portsOf(options), shared: this.#bounds.shared };
    const { clock, ids, logger } = this.#ports;
    const directory = resolve(options.directory);
    this.#folders = new TenantFolders(directory, ids, logger);
    this.#lock = OwnerLock.acquire(directory, clock, ids);
    const found = this.#foundInside();
    this.#known = new Set(found.keys());
    this.#failures = new Failures(clock);
    this.#wakeUps = new WakeUps({ clock, logger, wake: (id) => this.#work(id) });
    this.#slots = new Slots(
      {
        ...{ clock, logger },
        check: (id) => {
          this.#checkOpen();
          this.#checkKnown(id);
        },
        open: (id) => this.#open(id),
        opened: (id) => this.#failures.gone(id),
        openFailed: (id, error) => this.#openFailed(id, error),
        closed: (id, dueAtMs) => this.#closed(id, dueAtMs),
      },
      this.#bounds,
    );
    for (const [id, dueAtMs] of found) this.#wakeAt(id, dueAtMs);
  }

  #foundInside(): ReturnType<TenantFolders["read"]> {
    try {
      return this.#folders.read();
    } catch (error) {
      this.#lock.release();
      throw error;
    }
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
   * Makes a tenant; it is opened by its first use. A folder that somebody put there meanwhile (a backup, one of another process) is
   * taken as it is.
   *
   * @returns False where it was there already.
   * @throws InvalidArgumentError - It isn't an id: 1 to 256 bytes of text, and no more than 198 as the name of a folder, in which
   *   bytes other than a-z, 0-9, - and _ count three times.
   * @throws TenantInUseError - It is being removed or detached.
   * @throws TenantsClosedError - Nothing was made.
   */
  create(tenantId: string): boolean {
    this.#checkOpen();
    if (this.#leaving.has(tenantId)) throw new TenantInUseError(tenantId, 0);
    const isNew = this.#folders.create(tenantId);
    if (this.#known.has(tenantId)) return isNew;
    this.#known.add(tenantId);
    if (!isNew) this.#wakeAt(tenantId, undefined);
    return isNew;
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
    const slot = await this.#slots.acquire(tenantId);
    try {
      return await work(await slot.opened());
    } catch (error) {
      if (isOwnEnd(error)) slot.isBroken = true;
      throw error;
    } finally {
      this.#slots.release(slot);
    }
  }

  /**
   * A tenant to be kept open for longer than one piece of work. Release it: one that is kept takes the room of another.
   *
   * @throws UnknownTenantError, TenantOpenFailedError, TenantsFullError, TenantsClosedError - See each.
   */
  async of(tenantId: string): Promise<TenantLease> {
    const slot = await this.#slots.acquire(tenantId);
    let released = false;
    const release = () => {
      if (!released) this.#slots.release(slot);
      released = true;
    };
    return { tenantId, runtime: await slot.opened(), release };
  }

  /**
   * Deletes a tenant with all its data, for good.
   *
   * @param options.confirm - The id once more, so that no slip of a variable deletes another.
   * @throws TenantInUseError, UnknownTenantError, InvalidArgumentError, TenantsClosedError - Nothing was removed.
   * @throws Error - The system refuses: to rename its folder, and nothing was removed; or to delete a file of it, and the tenant is
   *   gone, and the rest is deleted by the next `openTenants`.
   */
  async remove(tenantId: string, options: { readonly confirm: string }): Promise<void> {
    this.#checkOpen();
    if (options.confirm !== tenantId)
      throw new InvalidArgumentError("confirm", "the id of the tenant to delete", options.confirm);
    this.#checkKnown(tenantId);
    this.#folders.checkRemovable(tenantId);
    const aside = await this.#leave(tenantId, () => this.#folders.setAside(tenantId));
    if (aside !== undefined) await this.#folders.delete(aside);
  }

  /**
   * Closes a tenant and lets go of its folder, which stays: to be moved, or replaced by a backup, or opened by another process.
   * `create` takes back what is there then.
   *
   * @throws TenantInUseError, UnknownTenantError, TenantsClosedError - Nothing was done.
   */
  async detach(tenantId: string): Promise<void> {
    this.#checkOpen();
    this.#checkKnown(tenantId);
    await this.#leave(tenantId, () => undefined);
  }

  /** From here on nobody gets it, and nobody makes it anew until it is gone. */
  #leave<T>(tenantId: string, gone: () => T): Promise<T> {
    const slot = this.#slots.get(tenantId);
    if (slot !== undefined && slot.leases > 0)
      return Promise.reject(new TenantInUseError(tenantId, slot.leases));
    this.#known.delete(tenantId);
    const left = this.#left(tenantId, slot, gone).finally(() => this.#leaving.delete(tenantId));
    this.#leaving.set(tenantId, left);
    return left;
  }

  async #left<T>(tenantId: string, slot: Slot | undefined, gone: () => T): Promise<T> {
    if (slot !== undefined) await this.#slots.close(slot);
    try {
      const result = gone();
      this.#wakeUps.forget(tenantId);
      this.#failures.gone(tenantId);
      return result;
    } catch (error) {
      this.#known.add(tenantId);
      this.#wakeAt(tenantId, undefined);
      throw error;
    }
  }

  /** How they stand: totals, and the open ones. It looks at the disk: for every few seconds, not for every use. */
  status(): TenantsStatus {
    const slots = this.#slots.all();
    const { budget } = this.#bounds;
    return {
      known: this.#known.size,
      open: slots.length,
      inUse: slots.filter(({ leases }) => leases > 0).length,
      waiting: this.#slots.waiting,
      toWake: this.#wakeUps.size,
      nextWakeAtMs: this.#wakeUps.nextDueAtMs,
      failing: this.#failures.size,
      activations: budget.activations,
      stateBytes: budget.stateBytes,
      ...this.#slots.counts,
      openingMs: this.#slots.openingMs.figures(8, 65_536),
      failures: this.#failures.latest(FAILURES_MAX),
      tenants: slots.flatMap(statusOf),
    };
  }

  /**
   * Figures as metrics, in the form of Prometheus: totals, and by `byTenant` some of each open tenant. Their number is bounded by
   * `openMax` at a time; whoever collects them keeps a series for each tenant that was ever open.
   */
  metrics(options: TenantMetricsOptions = {}): readonly MetricFamily[] {
    return tenantMetricsOf(this.status(), options);
  }

  /** What an operator should look at, of all tenants: the first 100 problems. Never worse than degraded: others go on. */
  health(): Health {
    return healthOf(this.#slots.all(), this.#failures.latest(FAILURES_MAX));
  }

  /** Takes no more uses, waits for those there are, and closes all. Harmless when repeated. */
  close(): Promise<void> {
    this.#closing ??= keptAlive(this.#ports.clock, this.#closeAll());
    return this.#closing;
  }

  async #closeAll(): Promise<void> {
    // Not before it is known that all is closing.
    await Promise.resolve();
    await Promise.all([this.#slots.closeAll(), this.#wakeUps.close()]);
    await Promise.allSettled(this.#leaving.values());
    this.#lock.release();
  }

  #checkOpen(): void {
    if (this.#closing !== undefined) throw new TenantsClosedError();
  }

  #checkKnown(tenantId: string): void {
    folderNameOf(tenantId);
    if (!this.#known.has(tenantId)) throw new UnknownTenantError(tenantId);
  }

  #open(tenantId: string): Promise<Runtime> {
    this.#wakeUps.forget(tenantId);
    this.#folders.forgetDue(tenantId);
    return openRuntimeWith(
      { ...this.#options, directory: this.#folders.path(tenantId) },
      this.#ports,
    );
  }

  /** Whatever is due in it is noted nowhere any more. */
  #openFailed(tenantId: string, error: Error): void {
    if (this.#known.has(tenantId))
      this.#wakeUps.set(tenantId, this.#failures.failed(tenantId, error));
  }

  /** When a closed tenant is to be opened again by itself is noted, on disk and here. */
  #closed(tenantId: string, dueAtMs: KnownDue): void {
    if (!this.#known.has(tenantId)) return;
    try {
      if (dueAtMs !== undefined) this.#folders.writeDue(tenantId, dueAtMs);
    } catch (error) {
      // Without it the next start opens the tenant to see.
      const fields = { tenantId, error: asError(error) };
      this.#ports.logger.warn(fields, "the next work of a tenant wasn't noted");
    }
    this.#wakeAt(tenantId, dueAtMs);
  }

  /** At once comes behind all that is due already: one that always has something to do isn't to keep others from their turn. */
  #wakeAt(tenantId: string, dueAtMs: KnownDue): void {
    if (dueAtMs === null) return;
    const isKnown = dueAtMs !== undefined && dueAtMs > 0;
    this.#wakeUps.set(tenantId, isKnown ? dueAtMs : this.#ports.clock.nowMs());
  }

  /** Opens a tenant for what is due in it. Others have their turn once that is done, or after a while. */
  async #work(tenantId: string): Promise<void> {
    if (!this.#known.has(tenantId)) return;
    const { clock } = this.#ports;
    const slot = await this.#slots.acquire(tenantId);
    // Not kept: it isn't closed while it is at work, unless a use would fail otherwise.
    this.#slots.release(slot);
    const untilMs = clock.monotonicMs() + WORK_MAX_MS;
    const mayGoOn = () => !slot.isClosing && this.#closing === undefined;
    while (mayGoOn() && slot.isDueWithin(0) && clock.monotonicMs() < untilMs)
      await new Promise<void>((resolve) => clock.setTimer(LOOK_AGAIN_MS, resolve));
  }
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
