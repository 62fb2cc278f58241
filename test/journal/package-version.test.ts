import { createRequire } from "node:module";
import { expect, it } from "vitest";
import { TIDEMARK_VERSION } from "../../journal/index.js";

it("the version that stores are marked with is that of the package", () => {
  const { version } = createRequire(import.meta.url)("../../package.json") as { version: string };
  expect(TIDEMARK_VERSION).toBe(version);
});
