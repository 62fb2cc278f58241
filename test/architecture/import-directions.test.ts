/**
 * A canary: a checker that nobody has seen object may be blind. Lays out a small tree in the temporary folder, in which
 * each import below is a file of its own, lets the command of `npm run check` judge it by the real rules, once, and
 * looks at what it said about each file.
 */
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

interface Import {
  /** Who imports what, in words. */
  readonly who: string;
  /** The folder whose file imports, or the file itself. */
  readonly from: string;
  /** A file of the tree, or the name of a package. */
  readonly to: string;
  readonly typeOnly?: boolean;
}
type Forbidden = Import & { readonly rule: string };

const FORBIDDEN: readonly Forbidden[] = [
  forbid(
    "kernel importing journal",
    "src/kernel/",
    "journal/index.ts",
    "kernel-imports-nothing-of-ours",
  ),
  forbid(
    "kernel importing the runtime",
    "src/kernel/",
    "src/runtime.ts",
    "kernel-imports-nothing-of-ours",
  ),
  forbid("kernel reading files", "src/kernel/", "node:fs", "kernel-does-no-io"),
  forbid("kernel importing a package", "src/kernel/", "lmdb", "kernel-does-no-io"),
  forbid("journal importing actors", "journal/", "actors/index.ts", "journal-imports-kernel-only"),
  forbid(
    "journal importing the runtime",
    "journal/lmdb/",
    "src/runtime.ts",
    "journal-imports-kernel-only",
  ),
  forbid(
    "journal importing projections",
    "journal/",
    "src/projections/view.ts",
    "journal-imports-kernel-only",
  ),
  forbid(
    "actors importing sagas",
    "actors/",
    "sagas/index.ts",
    "actors-import-journal-and-kernel-only",
  ),
  forbid(
    "actors importing rules",
    "actors/",
    "src/rules/rule.ts",
    "actors-import-journal-and-kernel-only",
  ),
  forbid(
    "sagas importing projections",
    "sagas/",
    "src/projections/view.ts",
    "sagas-import-downwards-only",
  ),
  forbid(
    "delivery importing actors",
    "src/delivery/",
    "actors/index.ts",
    "delivery-imports-journal-and-kernel-only",
  ),
  forbid(
    "projections importing delivery",
    "src/projections/",
    "src/delivery/index.ts",
    "projections-and-messaging-dont-know-delivery",
  ),
  forbid(
    "sagas importing a file inside delivery",
    "sagas/",
    "src/delivery/timers.ts",
    "enter-delivery-by-index",
  ),
  forbid(
    "the runtime importing a file inside rules",
    "src/runtime/",
    "src/rules/rule.ts",
    "enter-rules-by-index",
  ),
  forbid(
    "rules importing projections",
    "src/rules/",
    "src/projections/view.ts",
    "readers-dont-know-each-other",
  ),
  forbid(
    "projections importing messaging",
    "src/projections/",
    "src/messaging/relay.ts",
    "readers-dont-know-each-other",
  ),
  forbid(
    "messaging importing sagas",
    "src/messaging/",
    "sagas/index.ts",
    "readers-dont-know-each-other",
  ),
  forbid(
    "projections importing actors",
    "src/projections/",
    "actors/index.ts",
    "projections-and-messaging-dont-know-actors",
  ),
  forbid(
    "messaging importing actors",
    "src/messaging/nats/",
    "actors/index.ts",
    "projections-and-messaging-dont-know-actors",
  ),
  forbid(
    "projections importing the runtime",
    "src/projections/",
    "src/runtime.ts",
    "only-the-runtime-assembles",
  ),
  forbid(
    "rules importing a helper of the runtime",
    "src/rules/",
    "src/runtime/close.ts",
    "only-the-runtime-assembles",
  ),
  forbid(
    "messaging importing the testing door",
    "src/messaging/",
    "src/testing/index.ts",
    "only-the-runtime-assembles",
  ),
  forbid(
    "administration importing the runtime",
    "src/admin/",
    "src/runtime.ts",
    "administration-stands-below-the-runtime",
  ),
  forbid(
    "administration importing the CLI",
    "src/admin/",
    "src/cli/main.ts",
    "administration-stands-below-the-runtime",
  ),
  forbid(
    "projections importing administration",
    "src/projections/",
    "src/admin/index.ts",
    "parts-dont-know-their-operators",
  ),
  forbid(
    "the dashboard importing administration",
    "src/dashboard/",
    "src/admin/index.ts",
    "faces-use-the-public-door",
  ),
  forbid(
    "the runtime importing a trial",
    "src/runtime/",
    "src/try/try-out.ts",
    "only-the-door-knows-trials",
  ),
  forbid(
    "the runtime importing tenants",
    "src/runtime/",
    "src/tenants/tenants.ts",
    "only-the-door-knows-tenants",
  ),
  forbid(
    "tenants importing sagas",
    "src/tenants/",
    "sagas/index.ts",
    "tenants-stand-on-the-runtime",
  ),
  forbid(
    "the runtime importing the testing door",
    "src/runtime/",
    "src/testing/index.ts",
    "runtime-imports-downwards-only",
  ),
  forbid(
    "the runtime importing the public door",
    "src/runtime/",
    "src/index.ts",
    "runtime-imports-downwards-only",
  ),
  forbid(
    "the runtime importing the dashboard",
    "src/runtime/",
    "src/dashboard/server.ts",
    "runtime-imports-downwards-only",
  ),
  forbid(
    "the public door exporting the testing door",
    "src/index.ts",
    "src/testing/index.ts",
    "the-public-door-opens-no-other",
  ),
  forbid(
    "the testing door importing the CLI",
    "src/testing/",
    "src/cli/main.ts",
    "testing-stands-beside-the-public-door",
  ),
  forbid(
    "actors importing a file inside journal",
    "actors/",
    "journal/codec.ts",
    "enter-journal-by-index",
  ),
  forbid(
    "the runtime importing a file inside journal",
    "src/runtime/",
    "journal/lmdb/open.ts",
    "enter-journal-by-index",
  ),
  forbid(
    "sagas importing a file inside actors",
    "sagas/",
    "actors/pool.ts",
    "enter-actors-by-index",
  ),
  forbid(
    "the runtime importing a file inside sagas",
    "src/runtime/",
    "sagas/machine.ts",
    "enter-sagas-by-index",
  ),
  forbid("actors importing lmdb", "actors/", "lmdb", "lmdb-has-one-door"),
  forbid("journal importing lmdb outside its folder", "journal/", "lmdb", "lmdb-has-one-door"),
  forbid("actors importing msgpackr", "actors/", "msgpackr", "msgpackr-has-one-door"),
  forbid("actors importing xstate", "actors/", "xstate", "xstate-has-one-door"),
  forbid(
    "messaging importing nats outside its folder",
    "src/messaging/",
    "nats",
    "nats-has-one-door",
  ),
  forbid("the runtime importing nats", "src/runtime/", "nats", "nats-has-one-door"),
  forbid("an example importing nats", "examples/foos/", "nats", "nats-has-one-door"),
  forbid(
    "the runtime importing prom-client",
    "src/runtime/",
    "prom-client",
    "telemetry-has-one-door",
  ),
  forbid(
    "the journal importing OpenTelemetry",
    "journal/",
    "@opentelemetry/api",
    "telemetry-has-one-door",
  ),
  forbid(
    "the public door exporting the telemetry door",
    "src/index.ts",
    "src/telemetry/index.ts",
    "the-public-door-opens-no-other",
  ),
  forbid(
    "sources importing a test",
    "src/projections/",
    "test/support/builders.ts",
    "sources-dont-import-programs",
  ),
  forbid(
    "sources importing a benchmark",
    "actors/",
    "bench/main.ts",
    "sources-dont-import-programs",
  ),
  forbid(
    "sources importing an example",
    "journal/",
    "examples/travel/main.ts",
    "sources-dont-import-programs",
  ),
  forbid(
    "an example importing actors",
    "examples/travel/",
    "actors/index.ts",
    "faces-use-the-public-door",
  ),
  forbid(
    "the CLI importing the runtime",
    "src/cli/",
    "src/runtime.ts",
    "faces-use-the-public-door",
  ),
  forbid(
    "the dashboard importing journal",
    "src/dashboard/",
    "journal/index.ts",
    "faces-use-the-public-door",
  ),
  forbid(
    "an example importing a test",
    "examples/travel/",
    "test/support/builders.ts",
    "faces-use-the-public-door",
  ),
  forbid(
    "an example importing the sources by path",
    "examples/travel/",
    "src/index.ts",
    "examples-import-the-package-by-name",
  ),
  forbid(
    "a template importing the sources by path",
    "templates/service/",
    "src/testing/index.ts",
    "examples-import-the-package-by-name",
  ),
  forbid(
    "a template importing journal",
    "templates/service/",
    "journal/index.ts",
    "faces-use-the-public-door",
  ),
  forbid(
    "sources importing a template",
    "src/cli/",
    "templates/service/order.ts",
    "sources-dont-import-programs",
  ),
  forbid("anybody importing what isn't there", "actors/", "./nowhere.js", "no-unresolved"),
  forbid("anybody importing a package that isn't there", "actors/", "nowhere", "no-unresolved"),
  forbid("two files in a circle", "actors/round.ts", "actors/trip.ts", "no-cycles"),
  {
    ...forbid("two files in a circle of types", "journal/round.ts", "journal/trip.ts", "no-cycles"),
    typeOnly: true,
  },
  {
    ...forbid(
      "kernel importing a type of journal",
      "src/kernel/",
      "journal/index.ts",
      "kernel-imports-nothing-of-ours",
    ),
    typeOnly: true,
  },
];

const ALLOWED: readonly Import[] = [
  allow("kernel importing kernel", "src/kernel/", "src/kernel/event.ts"),
  allow("kernel importing node:crypto", "src/kernel/", "node:crypto"),
  {
    ...allow(
      "kernel importing the types of Standard Schema",
      "src/kernel/",
      "@standard-schema/spec",
    ),
    typeOnly: true,
  },
  allow("journal importing a file of the kernel", "journal/", "src/kernel/event.ts"),
  allow("journal importing inside itself", "journal/", "journal/lmdb/open.ts"),
  allow("journal/lmdb importing lmdb", "journal/lmdb/", "lmdb"),
  allow("the codec importing msgpackr", "journal/codec.ts", "msgpackr"),
  allow("actors importing journal", "actors/", "journal/index.ts"),
  allow("actors importing inside themselves", "actors/", "actors/pool.ts"),
  allow("sagas importing actors", "sagas/", "actors/index.ts"),
  allow("sagas importing journal", "sagas/", "journal/index.ts"),
  allow("sagas importing xstate", "sagas/", "xstate"),
  allow("projections importing journal", "src/projections/", "journal/index.ts"),
  allow("projections importing inside themselves", "src/projections/", "src/projections/view.ts"),
  allow("sagas importing delivery", "sagas/", "src/delivery/index.ts"),
  allow("rules importing delivery", "src/rules/", "src/delivery/index.ts"),
  allow("rules importing actors", "src/rules/", "actors/index.ts"),
  allow("messaging importing kernel", "src/messaging/", "src/kernel/event.ts"),
  allow("messaging/nats importing nats", "src/messaging/nats/", "nats"),
  allow("a plain client in an example importing nats", "examples/foos/nats-client.ts", "nats"),
  allow("messaging/nats importing messaging", "src/messaging/nats/", "src/messaging/relay.ts"),
  allow("the runtime importing journal", "src/runtime/", "journal/index.ts"),
  allow("the runtime importing actors", "src/runtime/", "actors/index.ts"),
  allow("the runtime importing sagas", "src/runtime/", "sagas/index.ts"),
  allow("the runtime importing projections", "src/runtime.ts", "src/projections/view.ts"),
  allow("the runtime importing administration", "src/runtime/", "src/admin/index.ts"),
  allow("administration importing projections", "src/admin/", "src/projections/view.ts"),
  allow("administration importing actors", "src/admin/", "actors/index.ts"),
  allow("the runtime importing its helpers", "src/runtime/", "src/runtime/close.ts"),
  allow("the testing door importing the runtime", "src/testing/", "src/runtime.ts"),
  allow("the testing door importing actors", "src/testing/", "actors/index.ts"),
  allow("the CLI importing the public door", "src/cli/", "src/index.ts"),
  allow("the dashboard importing itself", "src/dashboard/", "src/dashboard/server.ts"),
  allow("an example importing the package", "examples/travel/", "tidemark"),
  allow("an example importing the testing door by name", "examples/travel/", "tidemark/testing"),
  allow("an example importing its own files", "examples/travel/", "examples/travel/domain.ts"),
  allow("a template importing the package", "templates/service/", "tidemark"),
  allow("a test importing a file inside journal", "test/journal/", "journal/codec.ts"),
  allow("a benchmark importing lmdb", "bench/", "lmdb"),
];

const ROOT = join(import.meta.dirname, "../..");
const PACKAGES = ["lmdb", "msgpackr", "xstate", "nats", "@standard-schema/spec"];
const TARGETS = [...FORBIDDEN, ...ALLOWED]
  .map(({ to }) => to)
  .filter((to) => /^\w.*\/.*\.ts$/.test(to));
/** The two ends of a circle import each other; every other target is empty. */
const CIRCLES = ["actors", "journal"];

let tree: string;
/** What the checker said, by the file it said it about. */
let objections: ReadonlyMap<string, readonly string[]>;

beforeAll(async () => {
  tree = await mkdtemp(join(tmpdir(), "tidemark-directions-"));
  await plant();
  objections = await judge();
});
afterAll(() => rm(tree, { recursive: true, force: true }));

for (const forbidden of FORBIDDEN) {
  describe(`import directions, ${forbidden.who}`, () => {
    it(`objects with ${forbidden.rule}`, () => {
      expect(objections.get(fileOf(forbidden))).toContain(forbidden.rule);
    });
  });
}

for (const allowed of ALLOWED) {
  describe(`import directions, ${allowed.who}`, () => {
    it("has no objection", () => {
      expect(objections.get(fileOf(allowed)) ?? []).toEqual([]);
    });
  });
}

describe("import directions, the rules", () => {
  const rules = (createRequire(import.meta.url)(join(ROOT, ".dependency-cruiser.cjs")) as Rules)
    .forbidden;

  it("are each seen to object", () => {
    const seen = new Set(FORBIDDEN.map(({ rule }) => rule));
    expect(rules.map(({ name }) => name).filter((name) => !seen.has(name))).toEqual([]);
  });

  it("each say why, and are errors", () => {
    expect(rules.filter(({ comment, severity }) => !comment || severity !== "error")).toEqual([]);
  });
});

interface Rules {
  readonly forbidden: readonly {
    readonly name: string;
    readonly comment?: string;
    readonly severity: string;
  }[];
}
interface Verdict {
  readonly summary: {
    readonly violations: readonly {
      readonly from: string;
      readonly rule: { readonly name: string };
    }[];
  };
}

function forbid(who: string, from: string, to: string, rule: string): Forbidden {
  return { who, from, to, rule };
}

function allow(who: string, from: string, to: string): Import {
  return { who, from, to };
}

/** A folder gets a file for this import alone, named by who imports. */
function fileOf({ who, from }: Import): string {
  return from.endsWith("/") ? `${from}${who.toLowerCase().replaceAll(/[^a-z]+/g, "-")}.ts` : from;
}

async function plant(): Promise<void> {
  const lines = new Map<string, string[]>(TARGETS.map((file) => [file, []]));
  const add = (file: string, line: string): void =>
    void lines.set(file, [...(lines.get(file) ?? []), line]);
  for (const one of [...FORBIDDEN, ...ALLOWED]) add(fileOf(one), statement(fileOf(one), one));
  for (const part of CIRCLES) add(`${part}/trip.ts`, `export type { It } from "./round.js";`);

  for (const [file, imports] of lines)
    await write(file, [...imports, "export type It = string;"].join("\n"));
  for (const name of PACKAGES) {
    await write(
      `node_modules/${name}/package.json`,
      JSON.stringify({ name, version: "1.0.0", main: "index.js" }),
    );
    await write(`node_modules/${name}/index.js`, "module.exports = {};");
  }
  const { name, version, type, exports } = JSON.parse(
    await readFile(join(ROOT, "package.json"), "utf8"),
  ) as Record<string, unknown>;
  const dependencies = Object.fromEntries(PACKAGES.map((each) => [each, "1.0.0"]));
  await write("package.json", JSON.stringify({ name, version, type, exports, dependencies }));
  await symlink(join(ROOT, "tsconfig.json"), join(tree, "tsconfig.json"));
}

async function write(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(tree, file)), { recursive: true });
  await writeFile(join(tree, file), `${text}\n`);
}

function statement(file: string, { to, typeOnly }: Import): string {
  const path = to.endsWith(".ts") ? relative(dirname(file), to).replace(/\.ts$/, ".js") : to;
  const from = to.endsWith(".ts") && !path.startsWith(".") ? `./${path}` : path;
  return typeOnly ? `import type { It } from "${from}";` : `import "${from}";`;
}

/** Runs the command of `npm run check` in the tree; that it finds something is its exit code, not a failure here. */
async function judge(): Promise<ReadonlyMap<string, readonly string[]>> {
  const command = join(ROOT, "node_modules/dependency-cruiser/bin/dependency-cruise.mjs");
  const folders = ["src", "journal", "actors", "sagas", "bench", "examples", "templates", "test"];
  const args = [
    command,
    "--config",
    join(ROOT, ".dependency-cruiser.cjs"),
    "--output-type",
    "json",
    ...folders,
  ];
  const output = await new Promise<string>((resolve, reject) => {
    execFile(
      process.execPath,
      args,
      { cwd: tree, maxBuffer: 64 * 2 ** 20 },
      (error, stdout, stderr) => {
        if (stdout.startsWith("{")) resolve(stdout);
        else reject(new Error(`dependency-cruiser gave no verdict: ${stderr}`, { cause: error }));
      },
    );
  });
  const said = new Map<string, string[]>();
  for (const { from, rule } of (JSON.parse(output) as Verdict).summary.violations)
    said.set(from, [...(said.get(from) ?? []), rule.name]);
  return said;
}
