/** One generation of a projection, following the log. */
import { SourceReader } from "../../journal/index.js";
import type { Clock } from "../kernel/clock.js";
import { asError } from "../kernel/errors.js";
import type { Position, RecordedEvent } from "../kernel/event.js";
import type { Limits } from "../kernel/limits.js";
import { DocumentUnit, type ChangeListener } from "./document-unit.js";
import { HandlerFailedError } from "./errors.js";
import { Follower } from "./follower.js";
import type { FollowerPorts, Verdict } from "./follower-options.js";
import { checkpointOf, type Generation } from "./generations.js";
import { HandlerWatch } from "./handler-watch.js";
import type { AnyProjection } from "./projection.js";

export interface ProjectorPorts extends FollowerPorts {
  readonly limits: Limits;
  /** Time after which a handler that doesn't return is named on standard error; 0 for never. */
  readonly hangingAfterMs: number;
}

export interface ProjectorOptions {
  readonly skipped: ReadonlySet<Position>;
  /** It hasn't served yet: others have the machine first. */
  isCandidate(): boolean;
  verdictOn(error: HandlerFailedError): Verdict;
  restMs(): number;
  onSkip(error: HandlerFailedError): Promise<void>;
  readonly onChanged: ChangeListener;
  onAdvanced(): void;
}

const PAGE_EVENTS = 500;

export class Projector {
  readonly definition: AnyProjection;
  readonly generation: Generation;
  readonly follower: Follower;
  readonly #unit: DocumentUnit;
  readonly #source: SourceReader;
  readonly #ports: ProjectorPorts;
  readonly #skipped: ReadonlySet<Position>;

  constructor(
    definition: AnyProjection,
    generation: Generation,
    ports: ProjectorPorts,
    options: ProjectorOptions,
  ) {
    this.definition = definition;
    this.generation = generation;
    this.#ports = ports;
    this.#skipped = options.skipped;
    const { views } = ports;
    this.#source = new SourceReader(definition.sources, definition.handlers.keys());
    this.#unit = new DocumentUnit(views, definition, generation.id, ports, options.onChanged);
    const { lifecycle } = definition;
    const name = `projection ${definition.name}@${definition.version}`;
    this.follower = new Follower(
      this.#unit,
      {
        name,
        parkingReader: generation.id,
        after: checkpointOf(views, generation.id),
        source: this.#source,
        keyOf: definition.keyOf,
        failurePolicy: definition.failurePolicy,
        verdictOn: (error) => options.verdictOn(error),
        watch: new HandlerWatch(name, ports.hangingAfterMs, ports.clock),
        follows: lifecycle === "async" || lifecycle === "inline",
        batchEventsMax: PAGE_EVENTS,
        skipped: options.skipped,
        onSkip: (error) => options.onSkip(error),
        onAdvanced: () => options.onAdvanced(),
        restMs: () => (options.isCandidate() ? options.restMs() : 0),
      },
      ports,
    );
  }

  position(): Position {
    return this.follower.position();
  }

  /**
   * Builds one key anew, from its events up to the checkpoint: the documents with that id, while nothing else is handled.
   * Parked events of the key are handled with the others, and are no longer parked.
   *
   * @returns How many events were handled.
   * @throws HandlerFailedError - A handler failed; nothing was changed.
   */
  rebuildKey(key: string): Promise<number> {
    return this.follower.exclusive(async () => {
      const parked = this.follower.parked({ key });
      let handled = 0;
      try {
        this.#unit.removeEverywhere(key);
        for (const events of this.#eventsOf(key)) {
          for (const event of events) this.#apply(event);
          handled += events.length;
          await giveWay(this.#ports.clock);
        }
        await this.follower.writeHeld([], parked);
      } catch (error) {
        this.#unit.reset();
        throw error;
      }
      return handled;
    });
  }

  /** Runs while nothing is handled and everything that was is on disk; what it knows of documents is forgotten behind it. */
  forgetting(run: () => Promise<void>): Promise<void> {
    return this.follower.exclusive(async () => {
      try {
        await run();
      } finally {
        this.#unit.reset();
      }
    });
  }

  #apply(event: RecordedEvent): void {
    try {
      for (const current of this.#source.upcast(event)) this.#unit.apply(current);
    } catch (error) {
      const { name } = this.definition;
      const { position, streamId, type } = event;
      throw new HandlerFailedError(name, position, streamId, type, asError(error));
    }
  }

  *#eventsOf(key: string): Generator<readonly RecordedEvent[]> {
    const { journal } = this.#ports;
    const upTo = this.position();
    let after = 0;
    while (after < upTo) {
      const page = journal.readPage({ after, upTo, limit: 1_000, filter: this.#source.filter });
      yield page.events.filter(
        (event) => !this.#skipped.has(event.position) && this.definition.keyOf(event) === key,
      );
      after = page.scannedTo;
    }
  }
}

function giveWay(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.defer(resolve));
}
