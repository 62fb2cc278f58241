/** What inputs and answers of operations share. */

/** One operation: what it is given and what it gives. */
export interface Operation<Input, Output> {
  readonly input: Input;
  readonly output: Output;
}

/** Given to every operation that changes something; recorded with it in the audit log. */
export interface Reason {
  readonly reason?: string;
}

/** The input of an operation that needs none. */
export type Nothing = Readonly<Record<string, never>>;

/** Names a projection, a saga, a rule set or the like. */
export interface ByName {
  readonly name: string;
}

/** Names a stream: `car/1`. */
export interface ByStream {
  readonly stream: string;
}

/** It was done. */
export interface Done {
  readonly done: true;
}
