/**
 * Personal fields as a schema says them: the keyword `personal` in the JSON Schema that a Standard Schema library makes of its schema, such as
 * `z.string().meta({ personal: true })`. A text instead of `true` is the name of the field beside it that holds the subject.
 */
import type { StandardJSONSchemaV1, StandardSchemaV1 } from "@standard-schema/spec";
import { InvalidArgumentError } from "./errors.js";
import type { PersonalRule } from "./personal-rule.js";

type Node = Readonly<Record<string, unknown>>;

const KEYWORD = "personal";
const EACH = "*";
const DEPTH_MAX = 32;

/** Called for every place of a schema, with the path to it. */
type Visit = (node: Node, path: readonly string[]) => void;

/** @throws InvalidArgumentError - The keyword has a value that means nothing. */
export function personalInSchema(argument: string, schema: StandardSchemaV1): PersonalRule[] {
  const rules = new Map<string, PersonalRule>();
  for (const root of jsonSchemasOf(schema))
    walk(root, root, [], new Set(), (node, path) => {
      const personal = node[KEYWORD];
      if (personal === undefined || personal === false) return;
      const at = `${KEYWORD} at ${path.join(".")} in ${argument}`;
      if (personal !== true && typeof personal !== "string")
        throw new InvalidArgumentError(
          at,
          "true, or the name of the field with the subject",
          personal,
        );
      if (path.length === 0) throw new InvalidArgumentError(at, "within an object", personal);
      rules.set(path.join("."), ruleOf(path, personal));
    });
  return [...rules.values()];
}

function ruleOf(path: readonly string[], personal: true | string): PersonalRule {
  if (personal === true)
    return { scope: [], subjectOf: (_, entityId) => entityId, path, placeholder: undefined };
  // The field beside it: what the subject is named by stands in the same object.
  return {
    scope: path.slice(0, -1),
    subjectOf: (part) => (part as Node | null | undefined)?.[personal],
    path: path.slice(-1),
    placeholder: undefined,
  };
}

/** Whether a schema has a path; undefined where nobody can know. */
export function schemaPathsOf(
  schema: StandardSchemaV1,
): ((path: readonly string[]) => boolean) | undefined {
  const roots = jsonSchemasOf(schema);
  if (roots.length === 0) return undefined;
  const paths = new Set<string>();
  const open = new Set<string>();
  for (const root of roots)
    walk(root, root, [], new Set(), (node, path) => {
      paths.add(path.join("."));
      // Anything may be in there.
      if (Object.keys(node).every((key) => key.startsWith("$")) || "patternProperties" in node)
        open.add(path.join("."));
    });
  return (path) =>
    paths.has(path.join(".")) || path.some((_, at) => open.has(path.slice(0, at).join(".")));
}

/** As it comes in, and as it goes out: what is recorded is the latter, what carries notes may be the former. */
function jsonSchemasOf(schema: StandardSchemaV1): Node[] {
  const standard = schema["~standard"] as Partial<StandardJSONSchemaV1["~standard"]>;
  const { jsonSchema } = standard;
  if (typeof jsonSchema?.input !== "function") return [];
  // What JSON can't say, dates for one, is left open instead of failing.
  const options = {
    target: "draft-2020-12",
    libraryOptions: { unrepresentable: "any" },
  } as const;
  const made: Node[] = [];
  for (const side of ["input", "output"] as const) {
    try {
      made.push(jsonSchema[side](options));
    } catch {
      // A library that can't say it all says nothing: then only declared paths count.
    }
  }
  return made;
}

function walk(
  root: Node,
  node: unknown,
  path: readonly string[],
  refs: ReadonlySet<string>,
  visit: Visit,
): void {
  if (typeof node !== "object" || node === null || path.length > DEPTH_MAX) return;
  const schema = node as Node;
  visit(schema, path);
  const { $ref } = schema;
  if (typeof $ref === "string" && !refs.has($ref))
    walk(root, resolved(root, $ref), path, new Set([...refs, $ref]), visit);
  for (const [key, child] of Object.entries((schema["properties"] as Node | undefined) ?? {}))
    walk(root, child, [...path, key], refs, visit);
  for (const key of ["items", "additionalProperties"] as const)
    walk(root, schema[key], [...path, EACH], refs, visit);
  for (const child of listOf(schema["prefixItems"]))
    walk(root, child, [...path, EACH], refs, visit);
  for (const key of ["anyOf", "oneOf", "allOf"] as const)
    for (const child of listOf(schema[key])) walk(root, child, path, refs, visit);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}

function resolved(root: Node, ref: string): unknown {
  if (!ref.startsWith("#")) return undefined;
  let at: unknown = root;
  for (const step of ref
    .slice(1)
    .split("/")
    .filter((each) => each !== ""))
    at = (at as Node | undefined)?.[step.replaceAll("~1", "/").replaceAll("~0", "~")];
  return at;
}
