/**
 * Plain data as JSON that reads back equal. What JSON has no form for is an object with one key that begins with `$`:
 *
 * ```
 * 12n                  { "$bigint": "12" }
 * a Date               { "$date": "2026-03-01T12:00:00.000Z" }
 * a Uint8Array         { "$bytes": "<base64>" }
 * NaN, ±Infinity       { "$number": "NaN" }
 * a sealed value       { "$sealed": { keys: [[subject, key id], …], storeId, kind, nonce: "<base64>", box: "<base64>", placeholder? } }
 * { "$date": 1 }       { "$$date": 1 }           keys that begin with `$` get another one
 * ```
 */
import { InvalidArgumentError } from "./errors.js";
import { LEAF_KINDS, Sealed, sealedOf } from "./sealed.js";

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
  if (value instanceof Uint8Array) return { $bytes: Buffer.from(value).toString("base64") };
  if (value instanceof Sealed) return { $sealed: sealedForm(value) };
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
  $number: { text: /^(NaN|-?Infinity)$/, read: Number },
};

function taggedValue(entries: readonly (readonly [string, unknown])[], path: string): unknown {
  const [[tag, text] = []] = entries;
  if (tag === "$sealed" && entries.length === 1) return sealedValue(text, path);
  const form = tag !== undefined && Object.hasOwn(FORMS, tag) ? FORMS[tag] : undefined;
  const isText = entries.length === 1 && typeof text === "string";
  if (form === undefined || !isText || !form.text.test(text))
    throw new InvalidArgumentError(path, `JSON in which only ${FORM_NAMES} begin with one $`, tag);
  const value = form.read(text);
  if (value instanceof Date && Number.isNaN(value.getTime()))
    throw new InvalidArgumentError(path, "a valid date", text);
  return value;
}

const FORM_NAMES = [...Object.keys(FORMS), "$sealed"].join(", ");

/** It stays as it is recorded: who has the text has the ciphertext. */
function sealedForm({ keys, storeId, kind, nonce, box, placeholder }: Sealed) {
  return {
    keys: keys.map(({ subject, keyId }) => [subject, keyId]),
    storeId,
    kind,
    nonce: Buffer.from(nonce).toString("base64"),
    box: Buffer.from(box).toString("base64"),
    ...(placeholder === undefined ? {} : { placeholder }),
  };
}

function sealedValue(json: unknown, path: string): Sealed {
  const form = (json ?? {}) as Partial<Record<keyof Sealed, unknown>>;
  const { storeId, keys, placeholder } = form;
  const kind = (LEAF_KINDS as readonly unknown[]).indexOf(form.kind);
  const names = Array.isArray(keys) ? keys.flat() : undefined;
  try {
    return sealedOf([kind, storeId, bytesOf(form.nonce), bytesOf(form.box), names, placeholder]);
  } catch {
    const expected = "a sealed value with keys, storeId, kind, nonce and box";
    throw new InvalidArgumentError(path, expected, json);
  }
}

/** Undefined where it isn't base64. */
function bytesOf(text: unknown): Buffer | undefined {
  const isBase64 = typeof text === "string" && FORMS["$bytes"]?.text.test(text) === true;
  return isBase64 ? Buffer.from(text, "base64") : undefined;
}

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
