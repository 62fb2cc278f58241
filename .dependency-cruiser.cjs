/** The directions of design: who may import whom. Each rule has a canary in test/architecture/import-directions.test.ts. */
const rule = (name, comment, from, to) => ({ name, comment, severity: "error", from, to });
/** Modules of a newer Node than the checker's own. */
const NODE = "^node:";
/** What stands on the runtime. */
const FACES = "^src/(index\\.ts$|testing/|telemetry/|cli/|dashboard/)";

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    rule(
      "no-cycles",
      "A circle can't be understood, tested or replaced in parts; types count, too.",
      {},
      { circular: true },
    ),
    rule(
      "kernel-imports-nothing-of-ours",
      "The kernel is the language everybody speaks; it knows nobody.",
      { path: "^src/kernel/" },
      { path: "^(journal|actors|sagas|src|examples|test|bench)/", pathNot: "^src/kernel/" },
    ),
    rule(
      "kernel-does-no-io",
      "Pure code can be simulated; the kernel may hash, and name the types of Standard Schema.",
      { path: "^src/kernel/" },
      {
        dependencyTypesNot: ["local"],
        pathNot: ["^crypto$", "node_modules/@standard-schema/spec/"],
      },
    ),
    rule(
      "journal-imports-kernel-only",
      "The journal is useful without actors; whoever it knew would be below it.",
      { path: "^journal/" },
      { path: "^(actors|sagas|src)/", pathNot: "^src/kernel/" },
    ),
    rule(
      "actors-import-journal-and-kernel-only",
      "Actors stand on the journal; what stands on actors is assembled in the runtime.",
      { path: "^actors/" },
      { path: "^(sagas|src)/", pathNot: "^src/kernel/" },
    ),
    rule(
      "sagas-import-downwards-only",
      "A saga instance is an activation over a journal, and nothing more.",
      { path: "^sagas/" },
      { path: "^src/", pathNot: "^src/(kernel|delivery)/" },
    ),
    rule(
      "delivery-imports-journal-and-kernel-only",
      "What reaches an instance, and what it asks for, is the same for sagas and rules: it knows neither.",
      { path: "^src/delivery/" },
      { path: "^(actors|sagas|src)/", pathNot: "^src/(kernel|delivery)/" },
    ),
    rule(
      "readers-dont-know-each-other",
      "Projections, rules and messaging are clients of the journal, side by side; they meet in the runtime.",
      { path: "^src/(projections|rules|messaging)/" },
      { path: "^(sagas|src)/", pathNot: ["^src/(kernel|delivery)/", "^src/$1/"] },
    ),
    rule(
      "projections-and-messaging-dont-know-delivery",
      "Only what has instances has something delivered to them.",
      { path: "^src/(projections|messaging)/" },
      { path: "^src/delivery/" },
    ),
    rule(
      "projections-and-messaging-dont-know-actors",
      "A projection reads recorded events; that they came from actors is none of its business.",
      { path: "^src/(projections|messaging)/" },
      { path: "^actors/" },
    ),
    rule(
      "administration-stands-below-the-runtime",
      "It is given the parts of a runtime; the runtime opens its doors. What asks through a door stands elsewhere.",
      { path: "^src/admin/" },
      { path: `^src/runtime(\\.ts$|/)|${FACES}` },
    ),
    rule(
      "parts-dont-know-their-operators",
      "What can be done to a part it offers by itself, to its users and to whoever operates it alike.",
      {
        path: "^(journal|actors|sagas|src/(projections|rules|messaging|delivery|kernel|maintenance))/",
      },
      { path: "^src/admin/" },
    ),
    ...["journal", "actors", "sagas", "src/delivery", "src/rules"].map((part) =>
      rule(
        `enter-${part.replace("src/", "")}-by-index`,
        "A part shows what it offers in its index; everything else may change without asking.",
        { path: "^(journal|actors|sagas|src|examples|templates)/", pathNot: `^${part}/` },
        { path: `^${part}/`, pathNot: `^${part}/index\\.ts$` },
      ),
    ),
    rule(
      "lmdb-has-one-door",
      "One folder to change when lmdb does.",
      {
        pathNot: [
          "^(journal/lmdb|bench)/",
          "^test/journal/data-format\\.test\\.ts$",
          "^test/crash/power-cut-raw-child\\.ts$",
        ],
      },
      { path: "(^|/)node_modules/lmdb/|^lmdb$" },
    ),
    rule(
      "msgpackr-has-one-door",
      "One codec, one format on disk.",
      { pathNot: ["^journal/codec\\.ts$", "^test/journal/data-format\\.test\\.ts$"] },
      { path: "(^|/)node_modules/msgpackr/|^msgpackr$" },
    ),
    rule(
      "xstate-has-one-door",
      "One folder to change when xstate does.",
      { pathNot: "^(sagas|test|bench|examples)/" },
      { path: "(^|/)node_modules/xstate/|^xstate$" },
    ),
    rule(
      "nats-has-one-door",
      "Importing tidemark must not load nats. One example shows that any client of NATS can ask, and benchmarks race a bare one.",
      { pathNot: ["^(src|test)/messaging/nats/", "^examples/foos/nats-client\\.ts$", "^bench/"] },
      { path: "(^|/)node_modules/nats/|^nats$" },
    ),
    rule(
      "telemetry-has-one-door",
      "Importing tidemark must load neither prom-client nor OpenTelemetry.",
      { path: "^(src|journal|actors|sagas)/", pathNot: "^src/telemetry/" },
      { path: "(^|/)node_modules/(prom-client|@opentelemetry)/|^(prom-client|@opentelemetry/.*)$" },
    ),
    rule(
      "sources-dont-import-programs",
      "Tests, benchmarks and examples are clients; nobody depends on them.",
      { path: "^(src|journal|actors|sagas)/" },
      { path: "^(test|bench|examples|templates)/" },
    ),
    rule(
      "faces-use-the-public-door",
      "A program that needs something private shows that the door lacks something.",
      { path: "^(examples|templates|src/cli|src/dashboard)/" },
      {
        path: "^(journal|actors|sagas|src|test|bench)/",
        pathNot: [
          "^src/index\\.ts$",
          "^src/testing/index\\.ts$",
          "^src/messaging/nats/index\\.ts$",
          "^src/telemetry/index\\.ts$",
          "^src/(cli|dashboard)/",
        ],
      },
    ),
    rule(
      "examples-import-the-package-by-name",
      "An example is read to learn what to type, and a user can't type a path into the sources.",
      { path: "^(examples|templates)/" },
      { path: "^src/", dependencyTypes: ["local"] },
    ),
    rule(
      "only-the-runtime-assembles",
      "One file knows every part, so that no two parts have to know each other.",
      { path: "^src/(projections|rules|messaging|delivery|kernel)/" },
      { path: `^src/runtime(\\.ts$|/)|${FACES}` },
    ),
    rule(
      "only-the-door-knows-trials",
      "A trial assembles parts as the runtime does, beside it; nothing in service depends on one.",
      { path: "^(journal|actors|sagas|src)/", pathNot: "^src/(index\\.ts$|try/|cli/)" },
      { path: "^src/try/" },
    ),
    rule(
      "only-the-door-knows-tenants",
      "A runtime doesn't know that it is one of many.",
      {
        path: "^(journal|actors|sagas|src)/",
        pathNot: "^src/(index\\.ts$|tenants/|testing/|cli/|dashboard/)",
      },
      { path: "^src/tenants/" },
    ),
    rule(
      "tenants-stand-on-the-runtime",
      "They open runtimes; what a runtime is made of is the runtime's business, but for the bounds that all share.",
      { path: "^src/tenants/" },
      { path: "^(sagas/|src/(rules|messaging|maintenance)/)" },
    ),
    rule(
      "runtime-imports-downwards-only",
      "Opening a runtime must load neither a test kit nor an HTTP server.",
      { path: "^src/runtime(\\.ts$|/)" },
      { path: FACES },
    ),
    rule(
      "the-public-door-opens-no-other",
      "Each face is an entry of its own; importing tidemark must not load the others.",
      { path: "^src/index\\.ts$" },
      { path: FACES },
    ),
    rule(
      "testing-stands-beside-the-public-door",
      "The test kit takes the runtime and what is below it; it needs no other face.",
      { path: "^src/testing/" },
      { path: FACES, pathNot: "^src/testing/" },
    ),
    rule(
      "no-unresolved",
      "An import that can't be found can't be judged. What benchmarks race against is installed only with the first benchmark.",
      { pathNot: "^bench/peers/" },
      { couldNotResolve: true, pathNot: [NODE, "^better-sqlite3$"] },
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^(dist|test/architecture/fixtures)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["tidemark-source", "import", "require", "node", "default", "types"],
    },
  },
};
