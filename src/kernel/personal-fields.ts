/** Which fields of an event are personal, and whose: declared by path, or read from the event's schema. */
import type { StandardSchemaV1 } from "@standard-schema/spec";
import { checkArray, checkObject } from "./check.js";
import { InvalidArgumentError } from "./errors.js";
import { checkId } from "./ids.js";
import { personalInSchema, schemaPathsOf } from "./personal-schema.js";
import type { PersonalRule } from "./personal-rule.js";
import type { Placeholder } from "./sealed.js";

/**
 * A path within an event's data: `email`, `address.street`; `*` stands for every item of a list and every field of an object,
 * `guests.*.name`. What is personal is every value at it and below it.
 */
export type PersonalField =
  | string
  | {
      readonly path: string;
      /** What is read once the subject is forgotten, instead of the runtime's placeholder. */
      readonly placeholder?: Placeholder;
    };

/** Fields of another subject than the entity itself. */
export interface PersonalGroup<Data = unknown> {
  /** Whose they are: 1 to 256 bytes of text, the same name for the same person wherever it stands. Pure. */
  readonly subject: (part: never, entityId: string, data: Data) => string;
  /** Path of a list (or an object) whose items are each of a subject of their own; `subject` and `fields` are then about an item. */
  readonly each?: string;
  readonly fields: readonly PersonalField[];
}

/** The personal fields of one type of event. The subject of a bare path is the entity: its id. */
export type PersonalDeclaration<Data = unknown> = readonly (PersonalField | PersonalGroup<Data>)[];

/** By event type, as it is recorded today. */
export type PersonalRules = ReadonlyMap<string, readonly PersonalRule[]>;

const EACH = "*";

/**
 * The rules of one aggregate, from what it declares and from its schemas.
 *
 * @throws InvalidArgumentError - A type isn't one of `types`, a path isn't one, or the schema has no such field.
 */
export function personalRulesOf(
  name: string,
  types: ReadonlySet<string>,
  declared: Readonly<Record<string, PersonalDeclaration>> = {},
  schemas: ReadonlyMap<string, StandardSchemaV1> = new Map(),
): PersonalRules {
  checkObject(`personal of ${name}`, declared);
  const rules = new Map<string, readonly PersonalRule[]>();
  for (const [type, declaration] of Object.entries(declared)) {
    const argument = `personal of ${name}, ${type}`;
    if (!types.has(type))
      throw new InvalidArgumentError(argument, "for a type that evolve handles", type);
    checkArray(argument, declaration, 1);
    const found = declaration.flatMap((each) => rulesOf(argument, each));
    checkAgainstSchema(argument, found, schemas.get(type));
    rules.set(type, found);
  }
  for (const [type, schema] of schemas) {
    const found = personalInSchema(`schemas.events of ${name}, ${type}`, schema);
    if (found.length > 0) rules.set(type, [...(rules.get(type) ?? []), ...found]);
  }
  return rules;
}

function rulesOf(argument: string, declared: PersonalField | PersonalGroup): PersonalRule[] {
  if (typeof declared === "string" || "path" in declared)
    return [ruleOf(argument, [], (_, entityId) => entityId, declared)];
  checkObject(argument, declared);
  const { subject, each, fields } = declared;
  if (typeof subject !== "function")
    throw new InvalidArgumentError(`subject in ${argument}`, "a function", subject);
  checkArray(`fields in ${argument}`, fields, 1);
  const scope = each === undefined ? [] : [...stepsOf(argument, each), EACH];
  return fields.map((field) =>
    ruleOf(argument, scope, subject as PersonalRule["subjectOf"], field),
  );
}

function ruleOf(
  argument: string,
  scope: readonly string[],
  subjectOf: PersonalRule["subjectOf"],
  field: PersonalField,
): PersonalRule {
  if (typeof field !== "string") checkObject(`a field in ${argument}`, field);
  const path = stepsOf(argument, typeof field === "string" ? field : field.path);
  const placeholder = typeof field === "string" ? undefined : field.placeholder;
  if (typeof placeholder === "object" && (placeholder as unknown) !== null)
    throw new InvalidArgumentError(
      `placeholder of ${path.join(".")} in ${argument}`,
      "text, a number, a boolean or null",
      placeholder,
    );
  return { scope, subjectOf, path, placeholder };
}

function stepsOf(argument: string, path: unknown): string[] {
  const steps = typeof path === "string" ? path.split(".") : [];
  if (steps.length === 0 || steps.includes(""))
    throw new InvalidArgumentError(
      `a path in ${argument}`,
      'names of fields with "." between them, "*" for every item of a list',
      path,
    );
  return steps;
}

function checkAgainstSchema(
  argument: string,
  rules: readonly PersonalRule[],
  schema: StandardSchemaV1 | undefined,
): void {
  const has = schema === undefined ? undefined : schemaPathsOf(schema);
  if (has === undefined) return;
  for (const { scope, path } of rules)
    if (!has([...scope, ...path]))
      throw new InvalidArgumentError(
        `a path in ${argument}`,
        "one that the event's schema has",
        [...scope, ...path].join("."),
      );
}

/** Told of each value at a path: the place it stands in, and the name of that. Returns what to put there. */
type Visit = (value: unknown, name: string) => unknown;

/** The data with what stands at `path` replaced: the same object where nothing was. */
export function replacedAt(
  value: unknown,
  path: readonly string[],
  visit: Visit,
  name = "",
): unknown {
  const [step, ...rest] = path;
  if (step === undefined) return visit(value, name);
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Record<string, unknown>;
  const keys = step === EACH ? Object.keys(fields) : Object.hasOwn(fields, step) ? [step] : [];
  let copy: Record<string, unknown> | undefined;
  for (const key of keys) {
    const before = fields[key];
    // An item of a list is known by the name of the list.
    const after = replacedAt(before, rest, visit, Array.isArray(value) ? name : key);
    if (after === before) continue;
    copy ??= (Array.isArray(value) ? [...(value as unknown[])] : { ...fields }) as typeof fields;
    copy[key] = after;
  }
  return copy ?? value;
}

/** The subject of a part of an event. @throws InvalidArgumentError - The declaration's function gave something else than a name. */
export function subjectOf(
  rule: PersonalRule,
  eventType: string,
  part: unknown,
  entityId: string,
  data: unknown,
): string {
  const subject = rule.subjectOf(part, entityId, data);
  checkId(`subject of ${[...rule.scope, ...rule.path].join(".")} of event ${eventType}`, subject);
  return subject;
}
