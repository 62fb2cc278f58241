/**
 * Aggregates of other services, as far as this one must know them: a name to send commands to, and the events it takes from
 * there. Everything else stays there; two services need no code in common.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { Upcasters } from "../../journal/index.js";
import { checkArray, checkObject } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Message, MessageOf } from "../kernel/event.js";
import { checkId, checkName } from "../kernel/ids.js";

/** Validators of any Standard Schema library, by type. Commands are replaced by what theirs returns; events are only checked. */
export interface RemoteSchemas {
  readonly commands?: Readonly<Record<string, StandardSchemaV1>>;
  readonly events?: Readonly<Record<string, StandardSchemaV1>>;
}

/** An aggregate of another service. Commands can be sent to it, and projections, reactors and sagas can follow it. */
export interface RemoteAggregate<
  Command extends Message = Message,
  Event extends Message = Message,
> {
  readonly name: string;
  readonly remote: true;
  readonly behavior: { readonly upcasters: Upcasters };
  /** The types of today that are recorded here; undefined where none are. */
  readonly eventTypes: readonly string[] | undefined;
  readonly schemas: RemoteSchemas;
  /** Only for the compiler. */
  readonly types?: { readonly command: Command; readonly event: Event };
}

/** The definition of an aggregate, as far as its remote needs it. */
export interface RemoteDefinition<Command extends Message, Event extends Message> {
  readonly name: string;
  readonly behavior: {
    readonly upcasters: Upcasters;
    /** The types that are recorded today. */
    eventTypes(): Iterable<string>;
  };
  readonly types?: { readonly command: Command; readonly event: Event };
}

/** What `remote` may be told. */
export interface RemoteOptions<Type extends string> {
  /** The events to take; all others pass by. A type added later begins with what comes then. */
  readonly events?: readonly Type[];
  readonly schemas?: RemoteSchemas;
}

/**
 * An aggregate of another service, by the definition it has there or by its name.
 *
 * @param aggregate - A definition gives the types and upcasters; of it all events are taken unless `events` says which. Of a
 *   bare name none are, unless `events` says which.
 * @throws InvalidArgumentError - A name, a type or a schema isn't valid.
 */
export function remote<
  Command extends Message,
  Event extends Message,
  const Type extends Event["type"] = Event["type"],
>(
  aggregate: RemoteDefinition<Command, Event>,
  options?: RemoteOptions<Type>,
): RemoteAggregate<Command, MessageOf<Event, Type>>;
export function remote<Command extends Message = Message, Event extends Message = Message>(
  aggregate: string,
  options?: RemoteOptions<Event["type"]>,
): RemoteAggregate<Command, Event>;
export function remote(
  aggregate: string | RemoteDefinition<Message, Message>,
  options: RemoteOptions<string> = {},
): RemoteAggregate {
  checkObject("options of remote", options);
  const { events, schemas = {} } = options;
  if (events !== undefined) checkTypes(events);
  checkSchemas(schemas);
  if (typeof aggregate === "string") {
    checkName("aggregate name", aggregate);
    const upcasters = new Upcasters(aggregate, events ?? [], {});
    return remoteOf(aggregate, upcasters, events, schemas);
  }
  checkObject("aggregate", aggregate);
  const { name, behavior } = aggregate;
  if (!((behavior as Partial<typeof behavior> | undefined)?.upcasters instanceof Upcasters))
    throw new InvalidArgumentError("aggregate", "a name, or made by aggregate()", aggregate);
  const eventTypes = events ?? [...behavior.eventTypes()];
  for (const type of eventTypes)
    if (!behavior.upcasters.knows(type))
      throw new InvalidArgumentError("events of remote", `events of ${name}`, type);
  return remoteOf(name, behavior.upcasters, eventTypes, schemas);
}

function remoteOf(
  name: string,
  upcasters: Upcasters,
  eventTypes: readonly string[] | undefined,
  schemas: RemoteSchemas,
): RemoteAggregate {
  const types = eventTypes === undefined ? undefined : Object.freeze([...eventTypes]);
  return Object.freeze({
    name,
    remote: true,
    behavior: Object.freeze({ upcasters }),
    eventTypes: types,
    schemas: Object.freeze({ ...schemas }),
  });
}

function checkTypes(types: readonly string[]): void {
  checkArray("events of remote", types, 1);
  for (const type of types) checkId("event type", type);
}

function checkSchemas(schemas: RemoteSchemas): void {
  checkObject("schemas of remote", schemas);
  for (const [kind, given] of Object.entries(schemas)) {
    if (kind !== "commands" && kind !== "events")
      throw new InvalidArgumentError("schemas of remote", '"commands" and "events"', kind);
    checkObject(`schemas.${kind} of remote`, given);
    for (const [type, schema] of Object.entries(given))
      if (typeof (schema as Partial<StandardSchemaV1> | null)?.["~standard"] !== "object")
        throw new InvalidArgumentError(`schemas.${kind}.${type}`, "a Standard Schema", schema);
  }
}
