/**
 * The definition of a projection: handlers by event type that keep documents. Handlers are synchronous and get the event
 * and the documents, nothing else: they have no way to send anything, so building a view anew can't cause effects.
 */
import { Upcasters } from "../../journal/index.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Message, MessageOf, RecordedEvent } from "../kernel/event.js";
import { checkId, checkName } from "../kernel/ids.js";
import { checkArray, checkInteger, checkObject } from "../kernel/check.js";

/** An aggregate as far as a projection must know it. */
export interface EventSource<Event extends Message = Message> {
  readonly name: string;
  readonly behavior: { readonly upcasters: Upcasters };
  readonly types?: { readonly event: Event };
}

/** The documents of a view as its handlers see them: including what the handlers wrote before. */
export interface Documents<Document> {
  /** A copy; undefined where there is none. */
  get(id: string): Document | undefined;
  /** Writes or replaces. Plain data; the id is 1 to 256 bytes of text. */
  put(id: string, document: Document): void;
  /** Writes what `change` makes of the document (undefined where there is none); returning undefined removes it. */
  update(id: string, change: (document: Document | undefined) => Document | undefined): void;
  remove(id: string): void;
}

export type Handler<Document, Event extends Message> = (
  event: RecordedEvent<Event>,
  documents: Documents<Document>,
) => void;

export interface ProjectionDefinition<Document, Event extends Message> {
  readonly name: string;
  /** Raise it when the handlers change: the view is then built anew from position 1. */
  readonly version: number;
  /** Whose events; their upcasters are applied. */
  readonly from: readonly EventSource<Event>[];
  /** By event type; only these types are read (from an index). */
  readonly on: {
    readonly [Type in Event["type"]]?: Handler<Document, MessageOf<Event, Type>>;
  };
}

/** A projection, checked and ready to run. */
export interface Projection<Document> {
  readonly name: string;
  readonly version: number;
  readonly sources: readonly EventSource[];
  readonly handlers: ReadonlyMap<string, Handler<unknown, Message>>;
  /** Only for the compiler. */
  readonly document?: Document;
}

/**
 * Defines a projection.
 *
 * @throws InvalidArgumentError - The name or version isn't valid, there is no source, or a handler isn't a function.
 */
export function projection<Document, Event extends Message>(
  definition: ProjectionDefinition<Document, Event>,
): Projection<Document> {
  checkObject("definition of a projection", definition);
  const { name, version } = definition;
  checkName("projection name", name);
  checkInteger(`version of projection ${name}`, version, 1, 2 ** 31);
  checkArray(`from of projection ${name}`, definition.from, 1);
  checkObject(`on of projection ${name}`, definition.on);
  for (const source of definition.from) {
    checkObject(`a source of projection ${name}`, source);
    if (!((source as Partial<EventSource>).behavior?.upcasters instanceof Upcasters)) {
      throw new InvalidArgumentError(`a source of projection ${name}`, "an aggregate", source);
    }
  }
  const handlers = new Map<string, Handler<unknown, Message>>();
  for (const [type, handler] of Object.entries(definition.on)) {
    checkId(`event type in projection ${name}`, type);
    if (typeof handler !== "function")
      throw new InvalidArgumentError(
        `handler of ${type} in projection ${name}`,
        "a function",
        handler,
      );
    handlers.set(type, handler as Handler<unknown, Message>);
  }
  const sources: readonly EventSource[] = definition.from;
  return Object.freeze({ name, version, sources: Object.freeze([...sources]), handlers });
}
