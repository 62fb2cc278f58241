/** The later life of an entity: a beginning that is archived and stood for by a summary, and an end. */
import { rmSync } from "node:fs";
import {
  SummaryMismatchError,
  type ActorSystem,
  type Answer,
  type AnyAggregate,
  type LifeStep,
} from "../../actors/index.js";
import { OwnedEvent, VersionConflictError, type Journal } from "../../journal/index.js";
import { checkObject } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Message, RecordedEvent, Version } from "../kernel/event.js";
import { streamIdOf } from "../kernel/ids.js";
import { isolated } from "../kernel/isolate.js";
import {
  ARCHIVE_HEADER,
  archiveIn,
  TOMBSTONED,
  type CompactReport,
} from "../kernel/life-events.js";
import { samePlainData } from "../kernel/same-plain-data.js";
import { writeArchive } from "../maintenance/archive-file.js";

/** What `Runtime.compact` is given. */
export interface CompactOptions<State, Event extends Message> {
  /** The file that the events so far are written to; it isn't there yet. Compressed where it ends with `.gz`. */
  readonly archiveTo: string;
  /**
   * The event that stands for the state: `evolve` must make that state of it, from the initial state as from any other. Pure.
   * Defaults to `summary` of the aggregate's definition.
   */
  readonly summary?: (state: State) => Event;
  /** The user's own plain data, recorded with the summary. */
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** What `Runtime.tombstone` may be told. */
export interface TombstoneOptions<Event extends Message> {
  /** Events of the aggregate that come before the end, in the same commit: for projections, which see no tombstone. */
  readonly last?: Event | readonly Event[];
  /** Why, for people; recorded with the tombstone. */
  readonly reason?: string;
  readonly commandId?: string;
  readonly expectedVersion?: Version;
  readonly headers?: Readonly<Record<string, unknown>>;
}

/** One without its types. */
type Summary = (state: unknown) => Message;

const ATTEMPTS_MAX = 3;

export class EntityLife {
  readonly #actors: ActorSystem;
  readonly #journal: Journal;

  /** @param journal - As it is on disk: an archive holds personal data as it was recorded. */
  constructor(actors: ActorSystem, journal: Journal) {
    this.#actors = actors;
    this.#journal = journal;
  }

  async compact<State, Event extends Message>(
    aggregate: AnyAggregate,
    entityId: string,
    options: CompactOptions<State, Event>,
  ): Promise<CompactReport> {
    checkObject("options", options);
    const summary: unknown = options.summary ?? aggregate.behavior.summary;
    if (typeof summary !== "function")
      throw new InvalidArgumentError(
        "summary",
        `a function, here or in the definition of aggregate ${aggregate.name}`,
        summary,
      );
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#compactOnce(aggregate, entityId, options, summary as Summary);
      } catch (error) {
        // Somebody recorded something since the file was written.
        if (!(error instanceof VersionConflictError) || attempt === ATTEMPTS_MAX) throw error;
      }
    }
  }

  async #compactOnce(
    aggregate: AnyAggregate,
    entityId: string,
    { archiveTo, headers }: Omit<CompactOptions<never, never>, "summary">,
    summary: Summary,
  ): Promise<CompactReport> {
    const streamId = streamIdOf(aggregate.name, entityId);
    const { state, version, tombstoned } = await this.#actors.state(aggregate, entityId, undefined);
    const events = [...this.#journal.readStream(streamId, { upTo: version })];
    if (events.length < 2 || tombstoned === true)
      throw new InvalidArgumentError(
        "entity",
        tombstoned === true ? "one that hasn't ended" : "one with at least two events to archive",
        entityId,
      );
    const event = summaryOf(aggregate, streamId, { state, version }, summary);
    const { storeId } = this.#journal;
    const { about, isNew } = await writeArchive(archiveTo, { storeId, events });
    const archive = { file: archiveTo, ...about, ...placesOf(events) };
    const given = { expectedVersion: version, headers: { ...headers, [ARCHIVE_HEADER]: archive } };
    const step: LifeStep = { decide: () => [event], truncates: true };
    try {
      const answer = await this.#actors.takeStep(aggregate, entityId, step, given);
      if (answer.status === "rejected")
        throw new InvalidArgumentError("entity", "one that may hold what it claims", answer.code);
      // They would show what reads don't.
      await this.#journal.deleteSnapshots(streamId, { upToVersion: version });
      return { streamId, version: answer.version, position: answer.position, archive };
    } catch (error) {
      if (isNew && error instanceof VersionConflictError) rmSync(archiveTo);
      throw error;
    }
  }

  async tombstone<Event extends Message>(
    aggregate: AnyAggregate,
    entityId: string,
    options: TombstoneOptions<Event> = {},
  ): Promise<Answer> {
    const { last = [], reason, ...rest } = options;
    const { behavior } = aggregate;
    if (reason !== undefined && typeof reason !== "string")
      throw new InvalidArgumentError("reason", "text", reason);
    const given = Array.isArray(last) ? (last as readonly Message[]) : [last as Message];
    const events = given.map((event) => behavior.given("last", event));
    const data = reason === undefined ? {} : { reason };
    const end = new OwnedEvent(TOMBSTONED, data, 1);
    const step: LifeStep = {
      // Ended twice it is ended once.
      decide: (_state, isTombstoned) => (isTombstoned ? [] : [...events, end]),
      truncates: false,
    };
    return this.#actors.takeStep(aggregate, entityId, step, rest);
  }
}

function placesOf(events: readonly RecordedEvent[]) {
  const [first] = events as [RecordedEvent];
  const last = events.at(-1) ?? first;
  // What was compacted before begins with its summary, whose commit says when it all began.
  const before = archiveIn(first.headers);
  return {
    firstVersion: first.version,
    lastVersion: last.version,
    begunAtMs: before?.begunAtMs ?? first.recordedAtMs,
    begunAtPosition: before?.begunAtPosition ?? first.position,
  };
}

function summaryOf(
  { behavior }: AnyAggregate,
  streamId: string,
  at: { readonly state: unknown; readonly version: Version },
  summary: Summary,
) {
  const event = behavior.given("summary", summary(isolated(at.state)));
  const initial = behavior.initialState(streamId.slice(streamId.indexOf("/") + 1));
  for (const before of [initial, isolated(at.state)]) {
    const after = behavior.evolve(before, event.type, isolated(event.data));
    if (!samePlainData(after, at.state))
      throw new SummaryMismatchError(streamId, at.version, event.type);
  }
  return event;
}
