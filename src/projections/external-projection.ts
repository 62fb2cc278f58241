/**
 * The definition of a projection into a database of the user's: asynchronous handlers by event type, which write within a
 * transaction of that database. The checkpoint moves in the same transaction, so the tables are the fold of the log up to it.
 */
import { checkSources, type EventOfSources, type EventSource } from "../../journal/index.js";
import { checkInteger, checkObject } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import type { Message, MessageOf, RecordedEvent } from "../kernel/event.js";
import { checkName } from "../kernel/ids.js";
import type { ExternalDatabase } from "./external-database.js";
import { failurePolicyOf, type FailurePolicy } from "./failure-policy.js";
import { handlersOf } from "./projection.js";

/**
 * Writes what an event means with the transaction it is given, and with nothing else: whatever is done elsewhere happens
 * again when the transaction is rolled back. Handlers of one projection run one after the other.
 */
export type ExternalHandler<Event extends Message, Transaction> = (
  event: RecordedEvent<Event>,
  transaction: Transaction,
) => Promise<void> | void;

/** What `externalProjection` is given. */
export interface ExternalProjectionDefinition<Sources extends readonly EventSource[], Transaction> {
  readonly name: string;
  /**
   * Raise it when the handlers change: a new checkpoint then starts at the beginning of the log. The tables of the new
   * version are the user's to make and to empty, and those of the old one to drop; handlers of both may not share them.
   */
  readonly version: number;
  /** Whose events; their upcasters are applied. */
  readonly from: Sources;
  /** By event type; only these types are read. */
  readonly on: {
    readonly [Type in EventOfSources<Sources>["type"]]?: ExternalHandler<
      MessageOf<EventOfSources<Sources>, Type>,
      Transaction
    >;
  };
  readonly database: ExternalDatabase<Transaction>;
  /** What an event is about: what fails is parked by key, and events of one key stay in order. Defaults to the entity's id. */
  readonly key?: (event: RecordedEvent<EventOfSources<Sources>>) => string;
  /** What becomes of an event whose handler fails; defaults to five attempts, then `park`. A lost database is waited for. */
  readonly onFailure?: FailurePolicy;
  /** How long a handler may take for one event, and the database to tell its checkpoint; defaults to 30,000. */
  readonly timeoutMs?: number;
}

/** A projection into another database, checked and ready to run. */
export interface ExternalProjection {
  readonly name: string;
  readonly version: number;
  readonly sources: readonly EventSource[];
  readonly handlers: ReadonlyMap<string, ErasedExternalHandler>;
  readonly database: ExternalDatabase<unknown>;
  /** The key of an event: those of one key are handled in order, and parked together. */
  readonly keyOf: (event: RecordedEvent) => string;
  readonly failurePolicy: Required<FailurePolicy>;
  readonly timeoutMs: number;
}

/** @internal */
export type ErasedExternalHandler = (
  event: RecordedEvent,
  transaction: never,
) => Promise<void> | void;

/**
 * Defines a projection into another database.
 *
 * @throws InvalidArgumentError - A name, version or option isn't valid, there is no source, a handler isn't a function, or the
 *   database lacks a method.
 */
export function externalProjection<const Sources extends readonly EventSource[], Transaction>(
  definition: ExternalProjectionDefinition<Sources, Transaction>,
): ExternalProjection {
  checkObject("definition of an external projection", definition);
  const { name, version, from, database, timeoutMs = 30_000 } = definition;
  checkName("external projection name", name);
  const subject = `external projection ${name}`;
  checkInteger(`version of ${subject}`, version, 1, 2 ** 31);
  checkSources(`from of ${subject}`, from);
  checkInteger(`timeoutMs of ${subject}`, timeoutMs, 1, 2 ** 31 - 1);
  checkDatabase(subject, database);
  const keyOf = definition.key as ((event: RecordedEvent) => string) | undefined;
  if (keyOf !== undefined && typeof keyOf !== "function")
    throw new InvalidArgumentError(`key of ${subject}`, "a function", keyOf);
  return Object.freeze({
    name,
    version,
    sources: Object.freeze([...from]),
    handlers: handlersOf<ErasedExternalHandler>(subject, definition.on),
    database,
    keyOf: keyOf ?? ((event: RecordedEvent) => event.entityId),
    failurePolicy: failurePolicyOf(`onFailure of ${subject}`, definition.onFailure),
    timeoutMs,
  });
}

function checkDatabase(subject: string, database: unknown): void {
  checkObject(`database of ${subject}`, database);
  const given = database as Partial<Record<keyof ExternalDatabase<unknown>, unknown>>;
  for (const method of ["checkpoint", "transaction", "blame"] as const)
    if (typeof given[method] !== "function")
      throw new InvalidArgumentError(
        `${method} of database of ${subject}`,
        "a function",
        given[method],
      );
}
