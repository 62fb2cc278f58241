import { defineConfig } from "vitest/config";

// Not "import": Node would give ES modules to packages that ask by require.
const conditions = ["tidemark-source", "node"];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    include: ["test/**/*.test.ts"],
    typecheck: { enabled: true, include: ["test/types/**/*.test-d.ts"], tsconfig: "tsconfig.json" },
    globalSetup: [
      "test/support/build.ts",
      "test/support/nats-program.ts",
      "test/support/chromium-program.ts",
      "test/support/shell-programs.ts",
    ],
    pool: "forks",
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 60_000,
  },
});
