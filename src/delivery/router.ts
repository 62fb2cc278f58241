/**
 * Routing: which events are for which instances of one saga or rule set. A client of the one loop over history. A page is done
 * once every instance has what was for it on disk; how far that is may be written later, since instances know what they
 * have had.
 */
import {
  SourceReader,
  Subscription,
  type EventSource,
  type Journal,
  type Page,
  type ViewStore,
} from "../../journal/index.js";
import type { Clock, Timer } from "../kernel/clock.js";
import { asError, hasCode, isOwnEnd, TidemarkError } from "../kernel/errors.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import type { Logger } from "../kernel/log.js";
import { handedOn } from "../kernel/provenance.js";
import type { CoordinatorLog, Routed } from "./coordinator-log.js";
import { originOf, type Origin } from "./origin.js";
import type { DeliveryRows } from "./rows.js";

/** Something that one instance is to be given. */
export interface Delivery {
  readonly instanceId: string;
  /** Resolves with why the instance didn't take it, or with nothing once what came of it is on disk. */
  take(): Promise<string | undefined>;
}

/** What is routed where. */
export interface Routes {
  /** The saga or rule set. */
  readonly owner: string;
  /** For people, as in `saga transfer`. */
  readonly label: string;
  readonly sources: readonly EventSource[];
  /** Today's types of the events that matter. */
  readonly types: Iterable<string>;
  /** Where the first run starts. */
  readonly start: "head" | "beginning" | Position;
  /** For whom an event is; asked in the order of the log. What it throws puts the event on the list of refused inputs. */
  deliveriesOf(event: RecordedEvent, origin: Origin): readonly Delivery[];
  /** Begins behind there. */
  resume?(routed: Routed): void;
  /** What must be known to go on behind the last event that was asked for. */
  progress?(): Omit<Routed, "at">;
  /** A page was handled, or there was none to handle. */
  advanced?(): void;
}

export interface RouterPorts {
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly rows: DeliveryRows;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly log: CoordinatorLog;
}

const PAGE_EVENTS = 800;
const WRITE_AFTER_MS = 1_000;

export class Router {
  readonly #routes: Routes;
  readonly #ports: RouterPorts;
  readonly #reader: SourceReader;
  readonly #subscription: Subscription;
  /** What comes from up to here may have come in an earlier life. */
  readonly #bornAt: Position;
  /** Behind the last page. */
  #routed: Routed;
  #written: Position;
  #timer: Timer | undefined;
  #closed = false;

  private constructor(routes: Routes, ports: RouterPorts, after: Routed) {
    this.#routes = routes;
    this.#ports = ports;
    this.#routed = after;
    this.#written = after.at;
    this.#bornAt = ports.journal.head();
    this.#reader = new SourceReader(routes.sources, routes.types);
    routes.resume?.(after);
    this.#subscription = new Subscription(ports.journal, {
      name: `routing of ${routes.label}`,
      after: after.at,
      filter: this.#reader.filter,
      batchEventsMax: PAGE_EVENTS,
      clock: ports.clock,
      logger: ports.logger,
      handle: (page) => this.#handle(page),
      onAdvanced: () => this.#advanced(),
      // Instances fail by parking: what fails here is the journal, or a bound that others will make room at.
      persists: () => true,
    });
  }

  static async open(routes: Routes, ports: RouterPorts): Promise<Router> {
    return new Router(routes, ports, await startOf(routes, ports));
  }

  /** Everything up to here has reached its instances. */
  position(): Position {
    return this.#subscription.position();
  }

  status() {
    return this.#subscription.status();
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timer?.cancel();
    await this.#subscription.close();
    const routed = this.#reached();
    if (routed.at === this.#written) return;
    try {
      await this.#write(routed);
      // Should the rows be lost, routing goes on from here.
      await this.#ports.log.advanced(routed);
    } catch (error) {
      this.#warnUnwritten(error);
    }
  }

  async #handle({ events, scannedTo }: Page): Promise<void> {
    const deliveries: Promise<void>[] = [];
    for (const event of events) this.#route(event, deliveries);
    const progress = this.#routes.progress?.();
    const results = await Promise.allSettled(deliveries);
    for (const result of results) if (result.status === "rejected") throw asError(result.reason);
    this.#routed = { at: scannedTo, ...progress };
  }

  #route(event: RecordedEvent, deliveries: Promise<void>[]): void {
    let parts: readonly RecordedEvent[];
    try {
      parts = this.#reader.upcast(event);
    } catch (error) {
      const origin = handedOn(event, originOf(event, 0));
      deliveries.push(this.#refuse("", origin, asError(error)));
      return;
    }
    parts.forEach((current, part) => {
      const origin = handedOn(current, originOf(current, part));
      let found: readonly Delivery[];
      try {
        found = this.#routes.deliveriesOf(current, origin);
      } catch (error) {
        deliveries.push(this.#refuse("", origin, asError(error)));
        return;
      }
      for (const delivery of found) deliveries.push(this.#deliver(delivery, origin));
    });
  }

  async #deliver(delivery: Delivery, origin: Origin): Promise<void> {
    const { instanceId } = delivery;
    const { log } = this.#ports;
    // It was told that it is on the list; that somebody started the instance since then doesn't change it.
    if (origin.position <= this.#bornAt && log.hasRefused(instanceId, origin)) return;
    try {
      const code = await delivery.take();
      if (code !== undefined) await log.refused(instanceId, origin, code);
    } catch (error) {
      const isLasting = error instanceof TidemarkError && !error.retryable;
      // What this life can't do any more the next one does: the page comes again.
      const mayBeDone = hasCode(error, "append-outcome-unknown");
      if (!isLasting || isOwnEnd(error) || mayBeDone) throw error;
      await this.#refuse(instanceId, origin, error);
    }
  }

  async #refuse(instanceId: string, origin: Origin, error: Error): Promise<void> {
    const code = error instanceof TidemarkError ? error.code : "correlate-failed";
    this.#ports.logger.error(
      {
        owner: this.#routes.owner,
        instanceId,
        position: origin.position,
        eventType: origin.type,
        error,
      },
      "an event couldn't be routed to its instance; it is on the list of refused inputs",
    );
    await this.#ports.log.refused(instanceId, origin, code, error.message);
  }

  #advanced(): void {
    this.#routes.advanced?.();
    this.#writeLater();
  }

  #writeLater(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = this.#ports.clock.setTimer(WRITE_AFTER_MS, () => {
      this.#timer = undefined;
      this.#write(this.#reached()).catch((error: unknown) => this.#warnUnwritten(error));
    });
  }

  #warnUnwritten(error: unknown): void {
    const fields = { owner: this.#routes.owner, error };
    this.#ports.logger.warn(fields, "how far events are routed wasn't written");
  }

  /** Between the last page and here nothing was for anybody. */
  #reached(): Routed {
    return { ...this.#routed, at: Math.max(this.#routed.at, this.#subscription.position()) };
  }

  async #write(routed: Routed): Promise<void> {
    const { views, rows } = this.#ports;
    await views.write([{ table: "rows", key: rows.routedKey(this.#routes.owner), value: routed }]);
    this.#written = routed.at;
  }
}

/** How far events are routed: its row, else what the log knows of it; undefined before the first run. */
export function routedTo(
  owner: string,
  { views, rows, journal, log }: Pick<RouterPorts, "views" | "rows" | "journal" | "log">,
): Routed | undefined {
  const row = routedOf(views.get("rows", rows.routedKey(owner)));
  const known = log.routedTo();
  if (known === undefined) return undefined;
  return row !== undefined && row.at <= journal.head() && row.at >= known.at ? row : known;
}

/** Behind which position routing goes on; the first time where the definition says. */
async function startOf({ owner, start }: Routes, ports: RouterPorts): Promise<Routed> {
  const routed = routedTo(owner, ports);
  if (routed !== undefined) return routed;
  const head = ports.journal.head();
  const at = start === "head" ? head : start === "beginning" ? 0 : Math.min(start, head);
  await ports.log.installed({ at });
  return { at };
}

/** A row of an earlier version is a position. */
function routedOf(row: unknown): Routed | undefined {
  return typeof row === "number" ? { at: row } : (row as Routed | undefined);
}
