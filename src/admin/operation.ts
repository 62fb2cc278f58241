/** One operation as it is carried out: its fields, and what it does. Adding one is one entry of a group. */
import type { Actor } from "../projections/audit.js";
import type { Administered, Definitions } from "./administered.js";
import type { InputOf, OperationName, OutputOf } from "./api.js";
import type { Caller } from "./caller.js";
import { DefinitionsNeededError, NotFoundError } from "./errors.js";
import type { Fields } from "./fields.js";
import type { Sampler } from "./sampler.js";

/** What an operation is given besides its input. */
export interface OperationContext {
  readonly parts: Administered;
  readonly sampler: Sampler;
  readonly caller: Caller;
  /** Who asks and why, for parts that record it. */
  readonly actor: Actor;
  /** Aborted when nobody waits for the answer any more, or the runtime closes. */
  readonly signal: AbortSignal;
}

/** An operation. */
export interface OperationEntry<Name extends OperationName> {
  readonly fields: Fields<InputOf<Name>>;
  /** It is refused to whoever may only read, and recorded. */
  readonly changes?: true;
  /** It works on a directory whose definitions nobody has given. */
  readonly raw?: true;
  /** Only the process that runs the service can tell. */
  readonly live?: true;
  /** What of the input is recorded; all of it by default. For inputs with payloads. */
  readonly recorded?: (input: InputOf<Name>) => unknown;
  readonly run: (
    context: OperationContext,
    input: InputOf<Name>,
  ) => OutputOf<Name> | Promise<OutputOf<Name>>;
}

/** Some operations. */
export type OperationEntries<Names extends OperationName> = {
  readonly [Name in Names]: OperationEntry<Name>;
};

/** The definition of a name. @throws DefinitionsNeededError, NotFoundError - Nobody knows it. */
export function named<Kind extends keyof Definitions>(
  { definitions }: Administered,
  kind: Kind,
  name: string,
): Definitions[Kind][number] {
  if (definitions === undefined) throw new DefinitionsNeededError("it");
  const all: readonly { readonly name: string }[] = definitions[kind];
  const found = all.find((each) => each.name === name);
  if (found === undefined) throw new NotFoundError(WORDS[kind], name);
  return found as Definitions[Kind][number];
}

const WORDS: Readonly<Record<keyof Definitions, string>> = {
  aggregates: "aggregate",
  sagas: "saga",
  ruleSets: "rule set",
  projections: "projection",
  reactors: "reactor",
  externals: "external projection",
  remotes: "remote aggregate",
};
