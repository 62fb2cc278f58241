import jsdoc from "eslint-plugin-jsdoc";
import tseslint from "typescript-eslint";

const ENGINES = [
  "src/kernel/**/*.ts",
  "journal/**/*.ts",
  "actors/**/*.ts",
  "src/projections/**/*.ts",
  "src/messaging/**/*.ts",
  "src/tenants/**/*.ts",
  "src/try/**/*.ts",
];
const SOURCES = ["src/**/*.ts", "journal/**/*.ts", "actors/**/*.ts", "sagas/**/*.ts"];
const PORT = "take it from the Clock or Ids port, so that tests own it";
const AMBIENT = ["setTimeout", "setInterval", "setImmediate", "performance", "crypto"];
const CRYPTO = ["randomUUID", "randomBytes", "randomInt", "webcrypto"];

/** What a browser has, as far as the panel uses it. */
const BROWSER = [
  ...["AbortController", "AbortSignal", "FormData", "Node", "TextDecoderStream", "URLSearchParams"],
  ...["addEventListener", "document", "fetch", "history", "innerWidth", "localStorage", "location"],
  ...["matchMedia", "navigator", "requestAnimationFrame", "scrollTo", "sessionStorage"],
  ...["setInterval", "clearInterval", "setTimeout", "clearTimeout"],
];
const MARKUP = ["innerHTML", "outerHTML", "insertAdjacentHTML", "srcdoc", "write", "writeln"];

export default tseslint.config(
  { ignores: ["dist/**", "node_modules/**", "test/architecture/fixtures/**", "coverage/**"] },
  {
    files: ["**/*.ts"],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/consistent-type-imports": "error",
      "@typescript-eslint/switch-exhaustiveness-check": [
        "error",
        { considerDefaultExhaustiveForUnions: true },
      ],
      "@typescript-eslint/return-await": ["error", "error-handling-correctness-only"],
      "@typescript-eslint/restrict-template-expressions": [
        "error",
        { allowNumber: true, allowBoolean: true, allowNever: true },
      ],
      "@typescript-eslint/no-confusing-void-expression": [
        "error",
        { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true },
      ],
      "@typescript-eslint/no-unnecessary-condition": [
        "error",
        { allowConstantLoopConditions: true },
      ],
      // A cast at a checked door (a decoded record, an erased definition) is what these two forbid.
      "@typescript-eslint/no-unsafe-type-assertion": "off",
      "@typescript-eslint/no-unnecessary-type-parameters": "off",
      "@typescript-eslint/no-unused-vars": [
        "error",
        { argsIgnorePattern: "^_", varsIgnorePattern: "^_", ignoreRestSiblings: true },
      ],
      // `get` and `close` of a memory store answer at once and still keep the contract of a promise.
      "@typescript-eslint/require-await": "off",
      "@typescript-eslint/no-invalid-void-type": "off",
    },
  },
  {
    files: SOURCES,
    plugins: { jsdoc },
    rules: {
      "max-lines": ["error", { max: 300, skipBlankLines: true, skipComments: true }],
      "max-lines-per-function": ["error", { max: 50, skipBlankLines: true, skipComments: true }],
      "jsdoc/no-types": "error",
      "jsdoc/require-param-description": "error",
      "jsdoc/require-jsdoc": [
        "error",
        {
          publicOnly: true,
          require: { FunctionDeclaration: false, ClassDeclaration: false },
          contexts: [],
        },
      ],
    },
  },
  {
    // Pages of the panel: what comes from a journal becomes text, and never markup or code.
    files: ["src/dashboard/public/**/*.js"],
    languageOptions: {
      globals: Object.fromEntries(BROWSER.map((name) => [name, "readonly"])),
    },
    rules: {
      "no-undef": "error",
      "no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "prefer-const": "error",
      "no-eval": "error",
      "no-implied-eval": "error",
      "no-new-func": "error",
      "no-restricted-properties": [
        "error",
        ...MARKUP.map((property) => ({ property, message: "make it with h(), which takes text" })),
      ],
    },
  },
  {
    // A list of names, as long as there are names.
    files: ["src/index.ts"],
    rules: { "max-lines": "off" },
  },
  {
    files: [
      "src/index.ts",
      "src/runtime.ts",
      "src/testing/**/*.ts",
      "journal/journal.ts",
      "actors/aggregate.ts",
      "actors/decision.ts",
    ],
    plugins: { jsdoc },
    rules: {
      "jsdoc/require-jsdoc": [
        "error",
        {
          publicOnly: true,
          require: { FunctionDeclaration: true, ClassDeclaration: true },
          contexts: [
            "TSMethodSignature",
            "TSInterfaceDeclaration[parent.type='ExportNamedDeclaration']",
          ],
          exemptEmptyFunctions: true,
        },
      ],
    },
  },
  {
    files: ENGINES,
    ignores: ["src/kernel/system-clock.ts"],
    rules: {
      "no-restricted-globals": ["error", ...AMBIENT.map((name) => ({ name, message: PORT }))],
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: PORT },
        { object: "Math", property: "random", message: PORT },
        { object: "process", property: "nextTick", message: PORT },
        ...AMBIENT.map((property) => ({ object: "globalThis", property, message: PORT })),
      ],
      "no-restricted-syntax": [
        "error",
        { selector: "NewExpression[callee.name='Date'][arguments.length=0]", message: PORT },
        { selector: "CallExpression[callee.name='Date']", message: PORT },
      ],
      "no-restricted-imports": [
        "error",
        {
          paths: [
            ...["node:crypto", "crypto"].map((name) => ({
              name,
              importNames: CRYPTO,
              message: PORT,
            })),
            ...["node:process", "process"].map((name) => ({
              name,
              importNames: ["nextTick", "hrtime"],
              message: PORT,
            })),
          ],
          patterns: [{ regex: "^(node:)?(timers(/promises)?|perf_hooks)$", message: PORT }],
        },
      ],
    },
  },
  {
    // What Node's test runner returns is a promise that never rejects; nobody awaits it.
    files: ["templates/**/*.test.ts"],
    rules: {
      "@typescript-eslint/no-floating-promises": [
        "error",
        { allowForKnownSafeCalls: [{ from: "package", package: "node:test", name: "test" }] },
      ],
    },
  },
  {
    files: ["test/**/*.ts", "bench/**/*.ts", "examples/**/*.ts"],
    rules: {
      "@typescript-eslint/no-non-null-assertion": "off",
      "@typescript-eslint/unbound-method": "off",
    },
  },
);
