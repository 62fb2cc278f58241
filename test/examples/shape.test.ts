import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const text = (...path: readonly string[]) => readFileSync(join("examples", ...path), "utf8");
const names = readdirSync("examples", { withFileTypes: true })
  .filter((entry) => entry.isDirectory() && existsSync(join("examples", entry.name, "README.md")))
  .map(({ name }) => name);
const sourcesOf = (name: string) =>
  readdirSync(join("examples", name)).filter((file) => /\.(ts|proto)$/.test(file));

describe("the examples", () => {
  it("are looked at", () => expect(names.length).toBeGreaterThan(10));

  it.each(names)(
    "%s has a README with the same headings, which names each of its files",
    (name) => {
      const readme = text(name, "README.md");
      const headings = [...readme.matchAll(/^## (.+)$/gm)].map(([, heading]) => heading);
      expect(headings).toEqual(["Run", "What one sees", "Files"]);
      const linked = [...readme.matchAll(/\]\(([^/)]+)\)/g)].map(([, file]) => file);
      expect(linked.sort()).toEqual(sourcesOf(name).sort());
      expect(text("README.md")).toContain(`[${name}](${name}/README.md)`);
    },
  );

  it.each(names.filter((name) => name !== "account"))("%s has the common flags", (name) => {
    const main = text(name, "main.ts");
    expect(main).toMatch(
      /size: \{ type: "string" \},\s+full: \{ type: "boolean", default: false \},\s+ci: \{ type: "boolean", default: false \},\s+directory: \{ type: "string" \},/,
    );
    expect(main).toContain("console.table(outcome);");
  });

  it.each(names)("%s shares nothing with another", (name) => {
    const files = sourcesOf(name).filter((file) => /from "\.\.\//.test(text(name, file)));
    expect(files).toEqual([]);
  });
});
