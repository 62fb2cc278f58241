/** Whose events a reader follows: aggregates, as far as it must know them. */
import type { EventFilter } from "./journal.js";
import { Upcasters } from "./upcast.js";
import { checkArray, checkObject } from "../src/kernel/check.js";
import { InvalidArgumentError } from "../src/kernel/errors.js";
import type { Message, RecordedEvent } from "../src/kernel/event.js";

/** An aggregate as far as a reader of its events must know it. */
export interface EventSource<Event extends Message = Message> {
  readonly name: string;
  readonly behavior: { readonly upcasters: Upcasters };
  readonly types?: { readonly event: Event };
}

/** The events of several sources. */
export type EventOfSources<Sources extends readonly EventSource[]> = NonNullable<
  Sources[number]["types"]
>["event"];

/** @throws InvalidArgumentError - There is none, or something isn't an aggregate. */
export function checkSources(argument: string, sources: readonly EventSource[]): void {
  checkArray(argument, sources, 1);
  for (const source of sources) {
    checkObject(argument, source);
    if (!((source as Partial<EventSource>).behavior?.upcasters instanceof Upcasters))
      throw new InvalidArgumentError(argument, "aggregates", source);
  }
}

/** Stored events as today's, of the sources of one reader. */
export class SourceReader {
  readonly filter: EventFilter;
  readonly #upcasters: ReadonlyMap<string, Upcasters>;

  /** `types` are today's types that the reader handles. */
  constructor(sources: readonly EventSource[], types: Iterable<string>) {
    const wanted = [...types];
    const stored = new Set<string>();
    for (const { behavior } of sources)
      for (const type of behavior.upcasters.storedTypesFor(wanted)) stored.add(type);
    this.filter = { eventTypes: [...stored], streamTypes: sources.map(({ name }) => name) };
    this.#upcasters = new Map(sources.map(({ name, behavior }) => [name, behavior.upcasters]));
  }

  /** @throws UnreadableEventError - It can't be read as today's. */
  upcast(event: RecordedEvent): readonly RecordedEvent[] {
    return this.#upcasters.get(event.streamType)?.upcast(event) ?? [];
  }
}
