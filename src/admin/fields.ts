/** The input of an operation: what fields it has, and what each must be. Anything else is refused before anything is done. */
import { checkInteger, checkObject } from "../kernel/check.js";
import { InvalidArgumentError } from "../kernel/errors.js";
import { checkId } from "../kernel/ids.js";
import { checkPlainData } from "../kernel/plain-data.js";

/** One field: reads its value, or throws. */
export interface Field<Value> {
  readonly required: boolean;
  /** @throws InvalidArgumentError - It isn't what it must be. */
  readonly read: (argument: string, value: unknown) => Value;
}

/** Every field of an input. */
export type Fields<Input> = {
  readonly [Name in keyof Input]-?: Field<Exclude<Input[Name], undefined>>;
};

/**
 * An input, checked.
 *
 * @throws InvalidArgumentError - A field is missing, isn't what it must be, or is none of this operation.
 */
export function readFields<Input>(fields: Fields<Input>, input: unknown): Input {
  const given = input ?? {};
  checkObject("input", given);
  const known = new Map<string, Field<unknown>>(Object.entries(fields));
  for (const name of Object.keys(given))
    if (!known.has(name))
      throw new InvalidArgumentError(
        "input",
        `of the fields ${[...known.keys()].join(", ")}`,
        name,
      );
  const read: Record<string, unknown> = {};
  for (const [name, field] of known) {
    const value = (given as Readonly<Record<string, unknown>>)[name];
    if (value !== undefined) read[name] = field.read(name, value);
    else if (field.required) throw new InvalidArgumentError(name, "given", value);
  }
  return read as Input;
}

/** The same field, but it may be left out. */
export function optional<Value>(field: Field<Value>): Field<Value> {
  return { ...field, required: false };
}

/** A name or an id. */
export const id: Field<string> = fieldOf((argument, value) => {
  checkId(argument, value);
  return value;
});

/** Text of at most so many characters, which may be empty. */
export function text(charactersMax: number): Field<string> {
  return fieldOf((argument, value) => {
    if (typeof value !== "string" || value.length > charactersMax || !value.isWellFormed())
      throw new InvalidArgumentError(
        argument,
        `text of at most ${charactersMax} characters`,
        value,
      );
    return value;
  });
}

export function integer(min: number, max = Number.MAX_SAFE_INTEGER): Field<number> {
  return fieldOf((argument, value) => {
    checkInteger(argument, value, min, max);
    return value;
  });
}

export const flag: Field<boolean> = fieldOf((argument, value) => {
  if (typeof value !== "boolean") throw new InvalidArgumentError(argument, "true or false", value);
  return value;
});

export function oneOf<const Value extends string>(...values: readonly Value[]): Field<Value> {
  return fieldOf((argument, value) => {
    const found = values.find((each) => each === value);
    if (found === undefined)
      throw new InvalidArgumentError(argument, `one of ${values.join(", ")}`, value);
    return found;
  });
}

const LIST_MAX = 1_000;

export function listOf<Value>(field: Field<Value>): Field<readonly Value[]> {
  return fieldOf((argument, value) => {
    if (!Array.isArray(value) || value.length > LIST_MAX)
      throw new InvalidArgumentError(argument, `a list of at most ${LIST_MAX}`, value);
    return value.map((item, index) => field.read(`${argument}[${index}]`, item));
  });
}

export function object<Input>(fields: Fields<Input>): Field<Input> {
  return fieldOf((argument, value) => {
    checkObject(argument, value);
    return readFields(fields, value);
  });
}

const DATA_DEPTH_MAX = 32;

/** Any plain data. */
export const data: Field<unknown> = fieldOf((argument, value) => {
  checkPlainData(argument, value, DATA_DEPTH_MAX);
  return value;
});

function fieldOf<Value>(read: Field<Value>["read"]): Field<Value> {
  return { required: true, read };
}
