/** Commands to aggregates of this runtime: answers leave once inline projections show what they tell. */
import {
  UnknownAggregateError,
  type ActorSystem,
  type Aggregate,
  type Answer,
  type AnyAggregate,
  type AskOptions,
} from "../../actors/index.js";
import type { Message } from "../kernel/event.js";
import { ViewBehindError } from "../projections/errors.js";
import type { Readers } from "../projections/readers.js";

export class LocalCommands {
  readonly #actors: ActorSystem;
  readonly #readers: Readers;
  readonly #askTimeoutMs: number;
  readonly #aggregates: ReadonlyMap<string, AnyAggregate>;

  constructor(
    actors: ActorSystem,
    readers: Readers,
    aggregates: readonly AnyAggregate[],
    askTimeoutMs: number,
  ) {
    this.#actors = actors;
    this.#readers = readers;
    this.#askTimeoutMs = askTimeoutMs;
    this.#aggregates = new Map(aggregates.map((each) => [each.name, each]));
  }

  has(aggregate: string): boolean {
    return this.#aggregates.has(aggregate);
  }

  ask<State, Command extends Message, Event extends Message>(
    aggregate: Aggregate<State, Command, Event>,
    entityId: string,
    command: Command,
    options?: AskOptions,
  ): Promise<Answer<Event>> {
    const answer = this.#actors.ask(aggregate, entityId, command, options);
    return this.#readers.hasInline ? this.#visible(answer, options?.timeoutMs) : answer;
  }

  /** @throws UnknownAggregateError - The runtime was opened without it. */
  askByName(
    aggregate: string,
    entityId: string,
    command: Message,
    options: AskOptions,
  ): Promise<Answer> {
    const known = this.#aggregates.get(aggregate);
    if (known === undefined) return Promise.reject(new UnknownAggregateError(aggregate));
    return this.ask(known, entityId, command, options);
  }

  async #visible<Event extends Message>(
    answering: Promise<Answer<Event>>,
    timeoutMs: number | undefined,
  ): Promise<Answer<Event>> {
    const answer = await answering;
    if (answer.status === "rejected") return answer;
    try {
      await this.#readers.visible(answer.position, timeoutMs ?? this.#askTimeoutMs);
    } catch (error) {
      if (error instanceof ViewBehindError) error.answer = answer;
      throw error;
    }
    return answer;
  }
}
