/** Kinds of facts: what the working memory of a session holds, and what rules are about. */
import { checkInteger, checkObject } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { checkName } from "../kernel/ids.js";

/** A kind of facts whose data has this type. Within a session a fact is known by its kind and its id. */
export interface Kind<Data = unknown> {
  /** Names its facts in what is recorded: never change it once sessions live. */
  readonly name: string;
  readonly form: "fact" | "signal" | "sliding" | "tumbling" | "session" | "counter" | "sequence";
  /** Only for the compiler. */
  readonly types?: { readonly data: Data };
}

/** A kind of facts that handlers and rules insert, update and retract, and that rules conclude. */
export interface FactKind<Data = unknown> extends Kind<Data> {
  readonly form: "fact";
  /** How long a stated fact stays after it was inserted or updated; undefined for as long as nobody retracts it. */
  readonly expiresAfterMs: number | undefined;
}

/** A kind of facts that say that something has just happened: they are there while one event, or one due moment, is handled. */
export interface SignalKind<Data = unknown> extends Kind<Data> {
  readonly form: "signal";
}

/** The data of a kind's facts. */
export type DataOfKind<K extends Kind> = NonNullable<K["types"]>["data"];

/**
 * Defines a kind of facts.
 *
 * @param options.expiresAfterMs - Facts go so long after they were last inserted or updated, unless an insertion says otherwise.
 * @throws InvalidArgumentError - The name isn't valid, or the time isn't a positive integer.
 */
export function fact<Data>(
  name: string,
  options: { readonly expiresAfterMs?: number } = {},
): FactKind<Data> {
  checkKindName(name);
  checkObject(`options of fact ${name}`, options);
  const { expiresAfterMs } = options;
  if (expiresAfterMs !== undefined) checkDuration(`expiresAfterMs of fact ${name}`, expiresAfterMs);
  return Object.freeze({ name, form: "fact", expiresAfterMs } as const);
}

/**
 * Defines a kind of signals.
 *
 * @throws InvalidArgumentError - The name isn't valid.
 */
export function signal<Data = Readonly<Record<string, never>>>(name: string): SignalKind<Data> {
  checkKindName(name);
  return Object.freeze({ name, form: "signal" } as const);
}

/** @throws InvalidArgumentError - It isn't a name that facts may have. */
export function checkKindName(name: unknown): asserts name is string {
  checkName("name of a kind", name);
  checkKey("name of a kind", name);
}

/** Names are keys of what is recorded. */
export function checkKey(argument: string, name: string): void {
  if (name === "__proto__") throw new InvalidArgumentError(argument, 'not "__proto__"', name);
}

/** @throws InvalidArgumentError - It isn't a positive integer of milliseconds. */
export function checkDuration(argument: string, ms: unknown): asserts ms is number {
  checkInteger(argument, ms, 1, Number.MAX_SAFE_INTEGER);
}
