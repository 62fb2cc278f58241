/**
 * Routing: which events are for which instances of one saga. A client of the one loop over history. A page is done once every
 * instance has what was for it on disk; how far that is may be written later, since instances know what they have had.
 */
import {
  SourceReader,
  Subscription,
  type Journal,
  type Page,
  type ViewStore,
} from "../journal/index.js";
import type { Clock, Timer } from "../src/kernel/clock.js";
import {
  asError,
  hasCode,
  InvalidArgumentError,
  isOwnEnd,
  TidemarkError,
} from "../src/kernel/errors.js";
import type { Position, RecordedEvent } from "../src/kernel/event.js";
import { checkId } from "../src/kernel/ids.js";
import type { Logger } from "../src/kernel/log.js";
import { checkGivenEvent } from "./given-event.js";
import type { Origin, SagaInput } from "./instance.js";
import type { Correlation, Saga } from "./saga.js";
import type { SagaLog } from "./saga-log.js";
import { routedKey } from "./saga-rows.js";

export interface RouterPorts {
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly log: SagaLog;
  /** Gives an input to an instance. Resolves with why it wasn't taken, or with nothing. */
  take(instanceId: string, input: SagaInput, causedBy: RecordedEvent): Promise<string | undefined>;
}

const PAGE_EVENTS = 500;
const WRITE_AFTER_MS = 1_000;

export class Router {
  readonly #saga: Saga;
  readonly #ports: RouterPorts;
  readonly #reader: SourceReader;
  readonly #subscription: Subscription;
  /** What comes from up to here may have come in an earlier life. */
  readonly #bornAt: Position;
  #written: Position;
  #timer: Timer | undefined;
  #closed = false;

  private constructor(saga: Saga, ports: RouterPorts, after: Position) {
    this.#saga = saga;
    this.#ports = ports;
    this.#written = after;
    this.#bornAt = ports.journal.head();
    this.#reader = new SourceReader(saga.sources, saga.correlations.keys());
    this.#subscription = new Subscription(ports.journal, {
      name: `routing of saga ${saga.name}`,
      after,
      filter: this.#reader.filter,
      batchEventsMax: PAGE_EVENTS,
      clock: ports.clock,
      logger: ports.logger,
      handle: (page) => this.#handle(page),
      onAdvanced: () => this.#writeLater(),
      // Instances fail by parking: what fails here is the journal, or a bound that others will make room at.
      persists: () => true,
    });
  }

  static async open(saga: Saga, ports: RouterPorts): Promise<Router> {
    return new Router(saga, ports, await startOf(saga, ports));
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
    const position = this.#subscription.position();
    if (position === this.#written) return;
    try {
      await this.#write(position);
      // Should the rows be lost, routing goes on from here.
      await this.#ports.log.advanced(position);
    } catch (error) {
      this.#ports.logger.warn(
        { saga: this.#saga.name, error },
        "how far a saga is routed wasn't written",
      );
    }
  }

  async #handle({ events }: Page): Promise<void> {
    const deliveries: Promise<void>[] = [];
    for (const event of events) this.#route(event, deliveries);
    const results = await Promise.allSettled(deliveries);
    for (const result of results) if (result.status === "rejected") throw asError(result.reason);
  }

  #route(event: RecordedEvent, deliveries: Promise<void>[]): void {
    let parts: readonly RecordedEvent[];
    try {
      parts = this.#reader.upcast(event);
    } catch (error) {
      deliveries.push(this.#refuse("", originOf(event, 0), asError(error)));
      return;
    }
    parts.forEach((current, part) => {
      const origin = originOf(current, part);
      let correlations: readonly Correlation[];
      try {
        correlations = this.#correlate(current);
      } catch (error) {
        deliveries.push(this.#refuse("", origin, asError(error)));
        return;
      }
      for (const correlation of correlations)
        deliveries.push(this.#deliver(correlation, current, origin));
    });
  }

  #correlate(event: RecordedEvent): readonly Correlation[] {
    const found = this.#saga.correlations.get(event.type)?.(event);
    if (found === undefined) return [];
    const correlations = (Array.isArray(found) ? found : [found]) as readonly Correlation[];
    const { type, data } = event;
    for (const correlation of correlations) {
      const argument = `what correlate of saga ${this.#saga.name} returns for ${event.type}`;
      if (typeof correlation !== "object" || (correlation as unknown) === null)
        throw new InvalidArgumentError(argument, "start(…), resume(…) or nothing", correlation);
      checkId(`instance id in ${argument}`, correlation.instanceId);
      // An event of another service may be called as answers and timeouts are.
      if (correlation.action !== "start" || this.#saga.onKnown === "resume")
        checkGivenEvent(correlation.event ?? { type, data });
    }
    return correlations;
  }

  async #deliver(correlation: Correlation, event: RecordedEvent, origin: Origin): Promise<void> {
    const { instanceId } = correlation;
    // It was told that it is on the list; that somebody started the instance since then doesn't change it.
    if (event.position <= this.#bornAt && this.#ports.log.hasRefused(instanceId, origin)) return;
    try {
      const code = await this.#take(correlation, event, origin);
      if (code !== undefined) await this.#ports.log.refused(instanceId, origin, code);
    } catch (error) {
      const isLasting = error instanceof TidemarkError && !error.retryable;
      // What this life can't do any more the next one does: the page comes again.
      const mayBeDone = hasCode(error, "append-outcome-unknown");
      if (!isLasting || isOwnEnd(error) || mayBeDone) throw error;
      await this.#refuse(instanceId, origin, error);
    }
  }

  #take(
    { action, instanceId, input, event: given }: Correlation,
    event: RecordedEvent,
    origin: Origin,
  ): Promise<string | undefined> {
    const { type, data } = event;
    const message = given ?? { type, data };
    if (action === "resume")
      return this.#ports.take(instanceId, { kind: "event", event: message, origin }, event);
    const start = { kind: "start" as const, data: input ?? data, event: message, origin };
    const orResume = action === "start-or-resume";
    return this.#ports.take(instanceId, orResume ? { ...start, orResume } : start, event);
  }

  async #refuse(instanceId: string, origin: Origin, error: Error): Promise<void> {
    const code = error instanceof TidemarkError ? error.code : "correlate-failed";
    this.#ports.logger.error(
      {
        saga: this.#saga.name,
        instanceId,
        position: origin.position,
        eventType: origin.type,
        error,
      },
      "an event couldn't be routed to its instance; it is on the saga's list of refused inputs",
    );
    await this.#ports.log.refused(instanceId, origin, code, error.message);
  }

  #writeLater(): void {
    if (this.#timer !== undefined || this.#closed) return;
    this.#timer = this.#ports.clock.setTimer(WRITE_AFTER_MS, () => {
      this.#timer = undefined;
      this.#write(this.#subscription.position()).catch((error: unknown) => {
        this.#ports.logger.warn(
          { saga: this.#saga.name, error },
          "how far a saga is routed wasn't written",
        );
      });
    });
  }

  async #write(position: Position): Promise<void> {
    const key = routedKey(this.#saga.name);
    await this.#ports.views.write([{ table: "rows", key, value: position }]);
    this.#written = position;
  }
}

function originOf({ position, eventId, type, streamId }: RecordedEvent, part: number): Origin {
  return { position, part, eventId, type, streamId };
}

/** Behind which position routing goes on: its row; else what the log knows of it; else where the definition says. */
async function startOf({ name, start }: Saga, ports: RouterPorts): Promise<Position> {
  const { views, journal, log } = ports;
  const head = journal.head();
  const row = views.get("rows", routedKey(name)) as Position | undefined;
  const known = log.routedTo();
  if (known === undefined) {
    const at = start === "head" ? head : start === "beginning" ? 0 : Math.min(start, head);
    await log.installed(at);
    return at;
  }
  return row !== undefined && row <= head && row >= known ? row : known;
}
