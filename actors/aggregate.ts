/**
 * The definition of an aggregate: two pure functions by name. `decide` turns a command and the state into events or a
 * refusal; `evolve` turns the state and an event into the next state, and may not refuse: a recorded event has happened.
 */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import type { Upcaster } from "../journal/index.js";
import type { DataOf, Message } from "../src/kernel/event.js";
import type { PersonalDeclaration } from "../src/kernel/personal-fields.js";
import { Behavior, type ErasedDefinition } from "./behavior.js";
import type { ClaimDefinition } from "./entity-claims.js";
import type { DecideContext, Decision } from "./decision.js";
import type { SnapshotPolicy } from "./snapshot-policy.js";

/** What `aggregate` is given. */
export interface AggregateDefinition<State, Command extends Message, Event extends Message> {
  /** Names its streams: an id without "/". Never change it once events are recorded. */
  readonly name: string;

  /** The state before any event. Pure. */
  readonly initialState: (entityId: string) => State;

  /** For each command: one event, several, none (`[]`), or `reject(code, details)`. Pure; must not change `state`. */
  readonly decide: {
    readonly [Type in Command["type"]]: (
      state: State,
      data: DataOf<Command, Type>,
      context: DecideContext,
    ) => Decision<Event>;
  };

  /** For each event: the next state. Pure; must not change `state` but return another. */
  readonly evolve: {
    readonly [Type in Event["type"]]: (state: State, data: DataOf<Event, Type>) => State;
  };

  /**
   * Validators of any Standard Schema library. Commands and events are replaced by what the schema returns; a state is
   * only checked: after `evolve`, and when it comes from a snapshot (which is then ignored).
   */
  readonly schemas?: {
    readonly commands?: { readonly [Type in Command["type"]]?: StandardSchemaV1 };
    readonly events?: { readonly [Type in Event["type"]]?: StandardSchemaV1 };
    readonly state?: StandardSchemaV1;
  };

  /** What the entity holds exclusively, by the name of the claim; see {@link ClaimDefinition}. Pure. */
  readonly claims?: Readonly<Record<string, ClaimDefinition<State>>>;

  /**
   * Personal fields, by event type: they are sealed with a key of their subject, and erased by `runtime.privacy.forget(subject)`. Fields of a
   * schema in `schemas.events` that has `personal` in its JSON Schema needn't be named. The runtime then needs the option `privacy`.
   */
  readonly personal?: {
    readonly [Type in Event["type"]]?: PersonalDeclaration<DataOf<Event, Type>>;
  };

  /** How stored events of the past become today's; by stored type, made with `upcaster()`. */
  readonly upcasters?: {
    readonly [Type in Event["type"]]?: Upcaster<DataOf<Event, Type>>;
  } & Readonly<Record<string, Upcaster>>;

  /** When to keep copies of the state; `false` for never. Defaults to every 100 events. */
  readonly snapshots?: SnapshotPolicy<State, Event> | false;

  /**
   * Raise it when the meaning of the state changes in a way that the source of `evolve`, `initialState` and the
   * upcasters doesn't show (a helper they call, say): snapshots made before are then ignored. Defaults to 1.
   */
  readonly stateVersion?: number;

  /**
   * Whether commands are taken again after an entity's tombstone: it then begins from the initial state, at the next version.
   * Defaults to false: they are refused with the code `tombstoned`.
   */
  readonly reusableIds?: boolean;

  /**
   * The event that stands for a state, for `Runtime.compact` and the operators' `tidemark compact`: `evolve` must make that state of it,
   * from the initial state as from any other. Pure. Snapshots made before it changed stay good.
   */
  readonly summary?: (state: NoInfer<State>) => NoInfer<Event>;
}

/** A definition, checked and ready to run. The same one can be opened by any number of runtimes. */
export interface Aggregate<State, Command extends Message, Event extends Message> {
  readonly name: string;
  /** The definition without its types; for the runtime. */
  readonly behavior: Behavior;
  /** Only for the compiler. */
  readonly types?: { readonly state: State; readonly command: Command; readonly event: Event };
}

/** An aggregate of whatever types. */
export type AnyAggregate = Aggregate<unknown, Message, Message>;

/** The events of an aggregate. */
export type EventOf<A extends AnyAggregate> =
  A extends Aggregate<unknown, Message, infer Event> ? Event : never;

/**
 * Defines an aggregate.
 *
 * @throws InvalidArgumentError - A name isn't valid, something isn't a function or a schema, an upcaster leads nowhere.
 */
export function aggregate<State, Command extends Message, Event extends Message>(
  definition: AggregateDefinition<State, Command, Event>,
): Aggregate<State, Command, Event> {
  // The one place where the types of a definition are given up: inside, an aggregate is run by names it has itself.
  const behavior = new Behavior(definition as unknown as ErasedDefinition);
  return Object.freeze({ name: behavior.name, behavior });
}
