/**
 * A projection running: a client of the one loop over history. Each page's changes are gathered in memory and written
 * together with the position they reflect, so the view is the fold of the log up to its checkpoint, whatever happens.
 */
import {
  Subscription,
  throughCodec,
  type EventFilter,
  type Journal,
  type Page,
  type SubscriptionStatus,
  type ViewStore,
} from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import { checkId } from "../kernel/ids.js";
import type { Limits } from "../kernel/limits.js";
import type { Logger } from "../kernel/log.js";
import { checkPlainData } from "../kernel/plain-data.js";
import type { Documents, EventSource, Projection } from "./projection.js";

export interface ProjectorPorts {
  readonly journal: Journal;
  readonly views: ViewStore;
  readonly clock: Clock;
  readonly limits: Limits;
  readonly logger: Logger;
}

/** An advance over events that aren't ours is written down only now and then: it can be found again from the index. */
const CHECKPOINT_EVERY_POSITIONS = 10_000;

export class Projector {
  readonly #projection: Projection<unknown>;
  readonly #ports: ProjectorPorts;
  readonly #sources: ReadonlyMap<string, EventSource>;
  readonly #subscription: Subscription;
  #checkpoint: Position;

  constructor(projection: Projection<unknown>, ports: ProjectorPorts) {
    this.#projection = projection;
    this.#ports = ports;
    this.#sources = new Map(projection.sources.map((source) => [source.name, source]));
    this.#checkpoint = ports.views.checkpoint(projection);
    this.#subscription = new Subscription(ports.journal, {
      name: `${projection.name}@${projection.version}`,
      after: this.#checkpoint,
      filter: filterOf(projection),
      clock: ports.clock,
      logger: ports.logger,
      handle: (page) => this.#handle(page),
    });
  }

  position(): Position {
    return this.#subscription.position();
  }

  reached(position: Position, timeoutMs: number): Promise<void> {
    return this.#subscription.reached(position, timeoutMs);
  }

  status(): SubscriptionStatus {
    return this.#subscription.status();
  }

  close(): Promise<void> {
    return this.#subscription.close();
  }

  async #handle(page: Page): Promise<void> {
    const documents = new PendingDocuments(this.#projection, this.#ports);
    for (const event of page.events) this.#handleEvent(event, documents);
    if (
      documents.changes.size === 0 &&
      page.scannedTo - this.#checkpoint < CHECKPOINT_EVERY_POSITIONS
    )
      return;
    await this.#ports.views.write(this.#projection, documents.changes, page.scannedTo);
    this.#checkpoint = page.scannedTo;
  }

  #handleEvent(event: RecordedEvent, documents: PendingDocuments): void {
    const source = this.#sources.get(event.streamType);
    for (const current of source?.behavior.upcasters.upcast(event) ?? []) {
      this.#projection.handlers.get(current.type)?.(current, documents);
    }
  }
}

/** Every stored type that may be read as one of those handled, of the projection's aggregates only. */
function filterOf(projection: Projection<unknown>): EventFilter {
  const eventTypes = new Set<string>();
  for (const { behavior } of projection.sources) {
    for (const type of behavior.upcasters.storedTypesFor(projection.handlers.keys()))
      eventTypes.add(type);
  }
  return { eventTypes: [...eventTypes], streamTypes: projection.sources.map(({ name }) => name) };
}

/** The documents with the changes of one page on top. */
class PendingDocuments implements Documents<unknown> {
  readonly changes = new Map<string, unknown>();
  readonly #projection: Projection<unknown>;
  readonly #ports: ProjectorPorts;

  constructor(projection: Projection<unknown>, ports: ProjectorPorts) {
    this.#projection = projection;
    this.#ports = ports;
  }

  get(id: string): unknown {
    if (!this.changes.has(id)) return this.#ports.views.get(this.#projection, id);
    const changed = this.changes.get(id);
    return changed === undefined ? undefined : throughCodec(changed);
  }

  put(id: string, document: unknown): void {
    checkId(`id of a document of ${this.#projection.name}`, id);
    if (document === undefined)
      throw new InvalidArgumentError("document", "plain data (use remove to remove it)", document);
    checkPlainData(`document ${id}`, document, this.#ports.limits.nestingDepthMax);
    // A copy: the handler may go on with its object, and pages must not show in the result.
    this.changes.set(id, throughCodec(document));
  }

  update(id: string, change: (document: unknown) => unknown): void {
    const document = change(this.get(id));
    if (document === undefined) this.remove(id);
    else this.put(id, document);
  }

  remove(id: string): void {
    checkId(`id of a document of ${this.#projection.name}`, id);
    this.changes.set(id, undefined);
  }
}
