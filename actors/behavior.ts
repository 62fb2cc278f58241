/**
 * A definition made ready to run: handlers in maps (a name from outside never reaches an object's prototype), upcasters
 * checked, the fingerprint of what folds the state. Pure: no clock, no journal; the runtime and the specifications of
 * `tidemark/testing` run the same code.
 */
import { createHash } from "node:crypto";
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { OwnedEvent, Upcasters, type Upcaster } from "../journal/index.js";
import { InvalidArgumentError } from "../src/kernel/errors.js";
import { EMPTY_DATA, type Message } from "../src/kernel/event.js";
import { isolated } from "../src/kernel/isolate.js";
import { isLifeEvent } from "../src/kernel/life-events.js";
import { checkId, checkName } from "../src/kernel/ids.js";
import { checkInteger, checkObject } from "../src/kernel/check.js";
import {
  personalRulesOf,
  type PersonalDeclaration,
  type PersonalRules,
} from "../src/kernel/personal-fields.js";
import { validated } from "../src/kernel/standard-schema.js";
import { isRejected, type DecideContext, type Rejected } from "./decision.js";
import type { ClaimDefinition, ClaimFunctions, ClaimValue } from "./entity-claims.js";
import { snapshotRulesOf, type SnapshotPolicy, type SnapshotRules } from "./snapshot-policy.js";

type Decide = (state: unknown, data: unknown, context: DecideContext) => unknown;
type Evolve = (state: unknown, data: unknown) => unknown;
type Summary = (state: unknown) => Message;

/** A definition without its types. */
export interface ErasedDefinition {
  readonly name: string;
  readonly initialState: (entityId: string) => unknown;
  readonly decide: Readonly<Record<string, Decide>>;
  readonly evolve: Readonly<Record<string, Evolve>>;
  /** For events of types that nobody can name beforehand; without it there are none. */
  readonly evolveOther?: Evolve;
  readonly schemas?: {
    readonly commands?: Readonly<Record<string, StandardSchemaV1>>;
    readonly events?: Readonly<Record<string, StandardSchemaV1>>;
    readonly state?: StandardSchemaV1;
  };
  readonly claims?: Readonly<Record<string, ClaimDefinition>>;
  readonly personal?: Readonly<Record<string, PersonalDeclaration>>;
  readonly upcasters?: Readonly<Record<string, Upcaster>>;
  readonly snapshots?: SnapshotPolicy<never, never> | false;
  readonly stateVersion?: number;
  readonly reusableIds?: boolean;
  readonly summary?: Summary;
}

/** An event decided, with its data filled in and validated: a copy that nobody else holds. */
export type DecidedEvent = OwnedEvent;

/** @internal */
export class Behavior {
  readonly name: string;
  readonly initialState: (entityId: string) => unknown;
  readonly upcasters: Upcasters;
  readonly snapshotRules: SnapshotRules | undefined;
  readonly claims: ClaimFunctions | undefined;
  /** Whether an entity's id may be used again after its tombstone. */
  readonly reusableIds: boolean;
  /** The event that stands for a state, where the definition says one. */
  readonly summary: Summary | undefined;
  /** Names of the claims whose keys are personal. */
  readonly personalClaims: ReadonlySet<string>;
  /** The personal fields of its events. */
  readonly personal: PersonalRules;
  /** Changes whenever what folds the state changes; a snapshot with another one is ignored. */
  readonly fingerprint: string;
  readonly #decide: ReadonlyMap<string, Decide>;
  readonly #evolve: ReadonlyMap<string, Evolve>;
  readonly #evolveOther: Evolve | undefined;
  readonly #commandSchemas: ReadonlyMap<string, StandardSchemaV1>;
  readonly #eventSchemas: ReadonlyMap<string, StandardSchemaV1>;
  readonly #stateSchema: StandardSchemaV1 | undefined;

  constructor(definition: ErasedDefinition) {
    checkObject("definition of an aggregate", definition);
    checkName("aggregate name", definition.name);
    const { name, stateVersion = 1 } = definition;
    this.name = name;
    if (typeof definition.initialState !== "function") {
      throw new InvalidArgumentError(
        `initialState of ${name}`,
        "a function",
        definition.initialState,
      );
    }
    checkInteger(`stateVersion of ${name}`, stateVersion, 1, Number.MAX_SAFE_INTEGER);
    this.initialState = definition.initialState;
    this.reusableIds = definition.reusableIds === true;
    this.summary = summaryOf(definition);
    if (definition.schemas !== undefined) checkObject(`schemas of ${name}`, definition.schemas);
    this.#decide = functionsOf(`decide of ${name}`, definition.decide);
    this.#evolve = functionsOf(`evolve of ${name}`, definition.evolve);
    this.#evolveOther = definition.evolveOther;
    this.#commandSchemas = schemasOf(
      `schemas.commands of ${name}`,
      definition.schemas?.commands,
      this.#decide,
    );
    this.#eventSchemas = schemasOf(
      `schemas.events of ${name}`,
      definition.schemas?.events,
      this.#evolve,
    );
    this.#stateSchema = definition.schemas?.state;
    this.claims = claimFunctionsOf(name, definition.claims);
    this.personalClaims = personalClaimsOf(definition.claims);
    this.personal = personalRulesOf(
      name,
      new Set(this.#evolve.keys()),
      definition.personal,
      this.#eventSchemas,
    );
    if (definition.upcasters !== undefined)
      checkObject(`upcasters of ${name}`, definition.upcasters);
    this.upcasters = new Upcasters(name, this.#evolve.keys(), definition.upcasters ?? {});
    this.snapshotRules = snapshotRulesOf(name, definition.snapshots, new Set(this.#evolve.keys()));
    this.fingerprint = this.#fingerprintOf(stateVersion);
  }

  #fingerprintOf(stateVersion: number): string {
    const evolve = [...this.#evolve].map(([type, fold]) => `${type}: ${String(fold)}`).sort();
    const parts = [
      String(stateVersion),
      String(this.initialState),
      ...evolve,
      ...this.upcasters.sources().sort(),
    ];
    return createHash("sha256").update(parts.join("\n")).digest("hex").slice(0, 32);
  }

  eventTypes(): Iterable<string> {
    return this.#evolve.keys();
  }

  commandTypes(): Iterable<string> {
    return this.#decide.keys();
  }

  /**
   * The data of a command as its schema returns it.
   *
   * @throws InvalidArgumentError - `decide` doesn't know the command, or the data isn't valid.
   */
  commandData(command: Message): unknown {
    checkObject("command", command);
    if (!this.#decide.has(command.type)) {
      const known = [...this.#decide.keys()].join(", ");
      throw new InvalidArgumentError(
        `type of a command to ${this.name}`,
        `one of ${known}`,
        command.type,
      );
    }
    // A copy: the command may wait, and its sender may go on with the object.
    const data = isolated(command.data ?? EMPTY_DATA);
    const schema = this.#commandSchemas.get(command.type);
    return schema === undefined ? data : validated(`data of command ${command.type}`, schema, data);
  }

  /**
   * What `decide` says, in one form.
   *
   * @throws Whatever `decide` throws; InvalidArgumentError where it says something that isn't a decision.
   */
  decide(
    state: unknown,
    commandType: string,
    data: unknown,
    context: DecideContext,
  ): Rejected | readonly DecidedEvent[] {
    const decide = this.#decide.get(commandType) as Decide;
    const decision = decide(state, data, context);
    if (typeof decision !== "object" || decision === null || decision instanceof Promise) {
      const given = decision instanceof Promise ? "a promise" : decision;
      throw new InvalidArgumentError(
        `what decide ${commandType} of ${this.name} returns`,
        "an event, an array of events, or reject(…)",
        given,
      );
    }
    if (Array.isArray(decision))
      return (decision as readonly Message[]).map((event) => this.#decided(commandType, event));
    return isRejected(decision)
      ? { ...decision, details: isolated(decision.details) }
      : [this.#decided(commandType, decision as Message)];
  }

  /** An event that something else than `decide` gives, checked like one of its. */
  given(by: string, event: Message): DecidedEvent {
    if (typeof event === "object" && (event as unknown) !== null) return this.#decided(by, event);
    throw new InvalidArgumentError(by, "an event", event);
  }

  #decided(commandType: string, event: Message): DecidedEvent {
    if (typeof event !== "object" || (event as unknown) === null || !this.#folds(event.type)) {
      const given = (event as unknown) === null ? event : (event as { type?: unknown }).type;
      throw new InvalidArgumentError(
        `type of an event that decide ${commandType} of ${this.name} returns`,
        "one that evolve handles",
        given,
      );
    }
    if (event instanceof OwnedEvent && event.immutable) return event;
    const schema = this.#eventSchemas.size === 0 ? undefined : this.#eventSchemas.get(event.type);
    if (schema !== undefined) {
      const data = validated(`data of event ${event.type}`, schema, event.data ?? EMPTY_DATA);
      return new OwnedEvent(event.type, isolated(data), this.upcasters.shapeOf(event.type));
    }
    const { type, data = EMPTY_DATA } = event;
    return new OwnedEvent(type, isolated(data), this.upcasters.shapeOf(type));
  }

  /** Whether a stored type can be folded today. */
  reads(eventType: string): boolean {
    return (
      isLifeEvent(eventType) || this.#evolveOther !== undefined || this.upcasters.knows(eventType)
    );
  }

  #folds(eventType: string): boolean {
    return this.#evolve.has(eventType) || this.#evolveOther !== undefined;
  }

  /** The next state. @throws Whatever `evolve` throws; InvalidArgumentError where it doesn't handle the type. */
  evolve(state: unknown, eventType: string, data: unknown): unknown {
    const evolve = this.#evolve.get(eventType) ?? this.#evolveOther;
    if (evolve === undefined)
      throw new InvalidArgumentError(
        "event type",
        `one that evolve of ${this.name} handles`,
        eventType,
      );
    return evolve(state, data);
  }

  /** @throws InvalidArgumentError - The state doesn't fit its schema. */
  checkState(state: unknown): void {
    if (this.#stateSchema !== undefined)
      validated(`state of ${this.name}`, this.#stateSchema, state);
  }
}

function summaryOf({ name, summary }: ErasedDefinition): Summary | undefined {
  if (summary === undefined || typeof summary === "function") return summary;
  throw new InvalidArgumentError(`summary of ${name}`, "a function", summary);
}

function functionsOf<F>(
  argument: string,
  functions: Readonly<Record<string, F>>,
): ReadonlyMap<string, F> {
  checkObject(argument, functions);
  for (const [type, value] of Object.entries(functions)) {
    checkId(`a type in ${argument}`, type);
    if (typeof value !== "function")
      throw new InvalidArgumentError(`${argument}, ${type}`, "a function", value);
  }
  return new Map(Object.entries(functions));
}

function schemasOf(
  argument: string,
  schemas: Readonly<Record<string, StandardSchemaV1>> | undefined,
  handlers: ReadonlyMap<string, unknown>,
): ReadonlyMap<string, StandardSchemaV1> {
  if (schemas !== undefined) checkObject(argument, schemas);
  for (const [type, schema] of Object.entries(schemas ?? {})) {
    if (!handlers.has(type))
      throw new InvalidArgumentError(argument, "for types that have a handler", type);
    const standard = (schema as Partial<StandardSchemaV1> | undefined)?.["~standard"];
    if (typeof standard?.validate !== "function")
      throw new InvalidArgumentError(`${argument}, ${type}`, "a Standard Schema", schema);
  }
  return new Map(Object.entries(schemas ?? {}));
}

function claimFunctionsOf(
  name: string,
  claims: ErasedDefinition["claims"],
): ClaimFunctions | undefined {
  if (claims === undefined) return undefined;
  checkObject(`claims of ${name}`, claims);
  const functions: Record<string, (state: unknown) => ClaimValue> = {};
  for (const [claimName, claim] of Object.entries(claims)) {
    checkName(`a claim of ${name}`, claimName);
    functions[claimName] = isSaidMore(claim) ? claim.keys : claim;
  }
  return functionsOf(`claims of ${name}`, functions);
}

function personalClaimsOf(claims: ErasedDefinition["claims"] = {}): ReadonlySet<string> {
  const personal = Object.entries(claims).filter(
    ([, claim]) => isSaidMore(claim) && claim.personal,
  );
  return new Set(personal.map(([name]) => name));
}

/** Null, too, may stand in a definition that no compiler has seen. */
function isSaidMore(
  claim: ClaimDefinition | null,
): claim is Exclude<ClaimDefinition, (state: never) => unknown> {
  return typeof claim === "object" && claim !== null;
}
