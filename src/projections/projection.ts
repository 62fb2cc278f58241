/**
 * The definition of a projection: handlers by event type that keep collections of documents. Handlers are synchronous and
 * get the event and the collections, nothing else: they have no way to send anything, so building a view anew can't cause
 * effects.
 */
import { checkSources, type EventOfSources, type EventSource } from "../../journal/index.js";
import { checkInteger, checkObject } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Message, MessageOf, RecordedEvent } from "../kernel/event.js";
import { checkId, checkName } from "../kernel/ids.js";
import { isCollection, type Collections, type DocumentOf, type IndexesOf } from "./collection.js";
import type { Documents } from "./documents.js";
import { failurePolicyOf, type FailurePolicy } from "./failure-policy.js";

/** The collections of a projection as its handlers see them: including what was written before. */
export type DocumentsOf<C extends Collections> = {
  readonly [Name in keyof C]: Documents<DocumentOf<C[Name]>, IndexesOf<C[Name]>>;
};

/** Keeps the documents of a projection: for each event once, in order. Synchronous; its changes count together or not at all. */
export type Handler<C extends Collections, Event extends Message> = (
  event: RecordedEvent<Event>,
  documents: DocumentsOf<C>,
) => void;

/**
 * When a projection is brought up to date: `async` follows every commit, behind the acknowledgement; `inline` before it, so
 * whoever has an answer finds it in the view; `on-demand` only when it is read with `atLeast` or `fresh`, or by
 * `operations.refresh`; `{ everyMs }` also by the clock.
 */
export type Lifecycle = "async" | "inline" | "on-demand" | { readonly everyMs: number };

/** What `projection` is given. */
export interface ProjectionDefinition<
  Sources extends readonly EventSource[],
  C extends Collections,
> {
  readonly name: string;
  /** Raise it when the handlers change: the view is then built anew beside the one that serves. */
  readonly version: number;
  /** Whose events; their upcasters are applied. */
  readonly from: Sources;
  /** What it keeps, by name; each made with `collection()`. */
  readonly collections: C;
  /** By event type; only these types are read (from an index). */
  readonly on: {
    readonly [Type in EventOfSources<Sources>["type"]]?: Handler<
      C,
      MessageOf<EventOfSources<Sources>, Type>
    >;
  };
  /** Defaults to `async`. */
  readonly lifecycle?: Lifecycle;
  /**
   * What an event is about: what fails is parked by key, and events of one key stay in order. Defaults to the entity's id.
   */
  readonly key?: (event: RecordedEvent<EventOfSources<Sources>>) => string;
  /** Defaults to five attempts, then `park`. */
  readonly onFailure?: FailurePolicy;
  /** The definition with a lower version that this one takes over from: it goes on following until then, and after. */
  readonly previous?: AnyProjection;
  /** Whether a generation that was built anew waits for `operations.approve` before it serves; defaults to false. */
  readonly approval?: boolean;
}

/** A projection of whatever types. */
export interface AnyProjection {
  readonly name: string;
  readonly version: number;
  readonly sources: readonly EventSource[];
  readonly collections: Collections;
  readonly handlers: ReadonlyMap<string, ErasedHandler>;
  readonly lifecycle: Lifecycle;
  /** The key of an event: those of one key are handled in order, and parked together. */
  readonly keyOf: (event: RecordedEvent) => string;
  readonly failurePolicy: Required<FailurePolicy>;
  readonly previous: AnyProjection | undefined;
  readonly approval: boolean;
}

/** A projection, checked and ready to run. */
export interface Projection<C extends Collections> extends AnyProjection {
  readonly collections: C;
}

/** @internal */
export type ErasedHandler = (event: RecordedEvent, documents: never) => unknown;

/**
 * Defines a projection.
 *
 * @throws InvalidArgumentError - A name, version or option isn't valid, there is no source or collection, or a handler isn't
 *   a function.
 */
export function projection<
  const Sources extends readonly EventSource[],
  const C extends Collections,
>(definition: ProjectionDefinition<Sources, C>): Projection<C> {
  checkObject("definition of a projection", definition);
  const { name, version, from, collections, previous } = definition;
  checkName("projection name", name);
  checkInteger(`version of projection ${name}`, version, 1, 2 ** 31);
  checkSources(`from of projection ${name}`, from);
  checkCollections(name, collections);
  checkLifecycle(name, definition.lifecycle);
  if (previous !== undefined && (previous.name !== name || previous.version >= version))
    throw new InvalidArgumentError(
      `previous of projection ${name}`,
      "a definition of the same name with a lower version",
      `${previous.name}@${previous.version}`,
    );
  const keyOf = definition.key as ((event: RecordedEvent) => string) | undefined;
  if (keyOf !== undefined && typeof keyOf !== "function")
    throw new InvalidArgumentError(`key of projection ${name}`, "a function", keyOf);
  return Object.freeze({
    name,
    version,
    sources: Object.freeze([...from]),
    collections: Object.freeze({ ...collections }),
    handlers: handlersOf<ErasedHandler>(`projection ${name}`, definition.on),
    lifecycle: definition.lifecycle ?? "async",
    keyOf: keyOf ?? ((event) => event.entityId),
    failurePolicy: failurePolicyOf(`onFailure of projection ${name}`, definition.onFailure),
    previous,
    approval: definition.approval === true,
  });
}

function checkCollections(name: string, collections: Collections): void {
  checkObject(`collections of projection ${name}`, collections);
  const entries = Object.entries(collections);
  if (entries.length === 0)
    throw new InvalidArgumentError(`collections of projection ${name}`, "at least one", {});
  for (const [key, value] of entries) {
    checkName(`collection of projection ${name}`, key);
    if (!isCollection(value))
      throw new InvalidArgumentError(`collection ${key}`, "made with collection()", value);
  }
}

function checkLifecycle(name: string, lifecycle: Lifecycle | undefined): void {
  if (lifecycle === undefined || ["async", "inline", "on-demand"].includes(lifecycle as string))
    return;
  const argument = `lifecycle of projection ${name}`;
  if (typeof lifecycle !== "object")
    throw new InvalidArgumentError(
      argument,
      '"async", "inline", "on-demand" or { everyMs }',
      lifecycle,
    );
  checkInteger(`${argument}: everyMs`, lifecycle.everyMs, 1, 2 ** 31 - 1);
}

/** Handlers by today's event type. @throws InvalidArgumentError - There is none, or one isn't a function. */
export function handlersOf<H>(owner: string, on: object): ReadonlyMap<string, H> {
  checkObject(`on of ${owner}`, on);
  const handlers = new Map<string, H>();
  for (const [type, handler] of Object.entries(on)) {
    if (handler === undefined) continue;
    checkId(`event type in ${owner}`, type);
    if (typeof handler !== "function")
      throw new InvalidArgumentError(`handler of ${type} in ${owner}`, "a function", handler);
    handlers.set(type, handler as H);
  }
  if (handlers.size === 0)
    throw new InvalidArgumentError(`on of ${owner}`, "at least one handler", "none");
  return handlers;
}
