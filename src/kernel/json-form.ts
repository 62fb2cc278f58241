/**
 * Plain data as JSON that reads back equal. What JSON has no form for is an object with one key that begins with `$`:
 *
 * ```
 * 12n                  { "$bigint": "12" }
 * a Date               { "$date": "2026-03-01T12:00:00.000Z" }
 * a Uint8Array         { "$bytes": "<base64>" }
 * NaN, ±Infinity       { "$number": "NaN" }
 * a sealed leaf        { "$sealed": "<base64 of a JSON array>" }
 * { "$date": 1 }       { "$$date": 1 }           keys that begin with `$` get another one
 * ```
 */
import { InvalidArgumentError } from "./errors.js";
import { fieldsOfSealed, Sealed, sealedOf } from "./sealed.js";

/** Levels that are followed; what is recorded is nested far less. Ends a cycle, and what would end the stack. */
const DEPTH_MAX = 500;

/**
 * JSON that stands for plain data: for `JSON.stringify`. A field that is undefined is left out, and an undefined item of an array
 * becomes null. Shares nothing with `value` but strings.
 *
 * @throws InvalidArgumentError - There is something in it that isn't plain data, such as a class instance, or it is nested over
 *   500 deep.
 */
export function toJsonForm(value: unknown): unknown {
  return formOf(value, "value", DEPTH_MAX);
}

/**
 * The plain data that JSON stands for: for what `JSON.parse` gives. Bytes come as a Buffer, as the journal
 * gives them.
 *
 * @throws InvalidArgumentError - A key begins with a single `$` and is none of the forms, a form doesn't hold what it should, a key
 *   is `__proto__`, or it is nested over 500 deep.
 */
export function fromJsonForm(json: unknown): unknown {
  return valueOf(json, "JSON", DEPTH_MAX);
}

function formOf(value: unknown, path: string, depthLeft: number): unknown {
  switch (typeof value) {
    case "bigint":
      return { $bigint: String(value) };
    case "number":
      return Number.isFinite(value) ? value : { $number: String(value) };
    case "object":
      return value === null ? null : objectForm(value, path, depthLeft);
    case "function":
    case "symbol":
      throw new InvalidArgumentError(path, "plain data", value);
    default:
      return value;
  }
}

function objectForm(value: object, path: string, depthLeft: number): unknown {
  checkDepth(path, depthLeft);
  if (Array.isArray(value))
    return value.map((item, index) => formOf(item ?? null, `${path}[${index}]`, depthLeft - 1));
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime()))
      throw new InvalidArgumentError(path, "a valid date", "Invalid Date");
    return { $date: value.toISOString() };
  }
  if (value instanceof Sealed) return { $sealed: sealedText(value) };
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new InvalidArgumentError(path, "plain data (no class instances, maps or sets)", value);
  const form: Record<string, unknown> = {};
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    checkKey(path, key);
    form[key.startsWith("$") ? `$${key}` : key] = formOf(item, below(path, key), depthLeft - 1);
  }
  return form;
}

function valueOf(json: unknown, path: string, depthLeft: number): unknown {
  if (typeof json !== "object" || json === null) return json;
  checkDepth(path, depthLeft);
  if (Array.isArray(json))
    return json.map((item, index) => valueOf(item, `${path}[${index}]`, depthLeft - 1));
  const entries = Object.entries(json) as [string, unknown][];
  const value: Record<string, unknown> = {};
  for (const [key, item] of entries) {
    if (key.startsWith("$") && !key.startsWith("$$")) return taggedValue(entries, path);
    checkKey(path, key);
    const name = key.startsWith("$") ? key.slice(1) : key;
    value[name] = valueOf(item, below(path, name), depthLeft - 1);
  }
  return value;
}

/** How the text of a form must look, and what it stands for. */
const FORMS: Readonly<
  Record<string, { readonly text: RegExp; readonly read: (text: string) => unknown }>
> = {
  $bigint: { text: /^-?\d{1,40}$/, read: BigInt },
  $date: {
    text: /^(\d{4}|[+-]\d{6})-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/,
    read: (text) => new Date(text),
  },
  $bytes: {
    // Not one expression of repeated groups: over megabytes these would end the stack.
    text: /^[A-Za-z0-9+/]*={0,2}$/,
    read: (text) => Buffer.from(text, "base64"),
  },
  $sealed: { text: /^[A-Za-z0-9+/]+={0,2}$/, read: sealedOfText },
  $number: { text: /^(NaN|-?Infinity)$/, read: Number },
};

/** As it stands in msgpack, with its bytes in base64. */
function sealedText(sealed: Sealed): string {
  const fields = fieldsOfSealed(sealed).map((field) =>
    field instanceof Uint8Array ? Buffer.from(field).toString("base64") : field,
  );
  return Buffer.from(JSON.stringify(fields)).toString("base64");
}

function sealedOfText(text: string): Sealed {
  try {
    const fields = JSON.parse(Buffer.from(text, "base64").toString()) as unknown[];
    const [kind, storeId, nonce, box, ...rest] = fields;
    const bytesOf = (field: unknown) => Buffer.from(field as string, "base64");
    return sealedOf([kind, storeId, bytesOf(nonce), bytesOf(box), ...rest]);
  } catch (cause) {
    throw new InvalidArgumentError("$sealed", "a sealed leaf", text, { cause });
  }
}

function taggedValue(entries: readonly (readonly [string, unknown])[], path: string): unknown {
  const [[tag, text] = []] = entries;
  const form = tag !== undefined && Object.hasOwn(FORMS, tag) ? FORMS[tag] : undefined;
  const isText = entries.length === 1 && typeof text === "string";
  if (form === undefined || !isText || !form.text.test(text))
    throw new InvalidArgumentError(path, `JSON in which only ${FORM_NAMES} begin with one $`, tag);
  const value = form.read(text);
  if (value instanceof Date && Number.isNaN(value.getTime()))
    throw new InvalidArgumentError(path, "a valid date", text);
  return value;
}

const FORM_NAMES = Object.keys(FORMS).join(", ");

/** Set as a key it would change what the object is. */
function checkKey(path: string, key: string): void {
  if (key === "__proto__")
    throw new InvalidArgumentError(path, 'plain data without a key "__proto__"', key);
}

function checkDepth(path: string, depthLeft: number): void {
  if (depthLeft <= 0)
    throw new InvalidArgumentError(
      path.slice(0, 100),
      "data nested less deeply (and without cycles)",
      "more levels",
    );
}

function below(path: string, key: string): string {
  return `${path}.${key.slice(0, 64)}`;
}
