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
    // For what hangs only: some tests start a dozen processes, and a machine with two slow cores gets through them in the end.
    testTimeout: 300_000,
    hookTimeout: 120_000,
    // The default is a second, which a browser on a busy machine may need to draw.
    expect: { poll: { timeout: 60_000 } },
  },
});
