import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { folderNameOf, tenantIdOf } from "../../src/tenants/folder-name.js";

const refusal = expect.objectContaining({ code: "invalid-argument" }) as Error;

describe("the folder of a tenant", () => {
  it("says which tenant it is of, and is no other's, whatever a file system does with case and Unicode", () => {
    const ids = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
    const valid = ids.filter((id) => /^[^\p{Cc}]+$/u.test(id) && id.normalize("NFC") === id);
    fc.assert(
      fc.property(fc.uniqueArray(valid, { minLength: 1, maxLength: 20 }), (all) => {
        const fitting = all.filter((id) => Buffer.byteLength(id) <= 60);
        const names = fitting.map(folderNameOf);
        expect(names.map(tenantIdOf)).toEqual(fitting);
        const folded = names.map((name) => name.normalize("NFD").toLowerCase());
        expect(new Set(folded).size).toBe(fitting.length);
        for (const name of names) expect(name).toMatch(/^t-[a-z0-9_=-]{1,198}$/);
      }),
    );
  });

  it("stays within the directory, whatever the id looks like", () => {
    const ids = ["..", ".", "../up", "/etc", "a/b", "a\\b", "nul", "C:", "ada@x", "Ada", "ada"];
    expect(ids.map(folderNameOf)).toEqual([
      "t-=2e=2e",
      "t-=2e",
      "t-=2e=2e=2fup",
      "t-=2fetc",
      "t-a=2fb",
      "t-a=5cb",
      "t-nul",
      "t-=43=3a",
      "t-ada=40x",
      "t-=41da",
      "t-ada",
    ]);
  });

  it("isn't made of what is no id, or too long for a folder", () => {
    for (const id of ["", "a\u0000b", "a\nb", "e\u0301", "x".repeat(199), "Ä".repeat(40)])
      expect(() => folderNameOf(id)).toThrow(refusal);
    expect(folderNameOf("x".repeat(198))).toHaveLength(200);
  });

  it("is of nobody where we wouldn't write it so", () => {
    const others = [
      "acme",
      "t-",
      "t-Acme",
      "t-=61",
      "t-=4",
      "t-a.b",
      "removed-x",
      "t-=ff",
      "t-=00",
    ];
    expect(others.map(tenantIdOf)).toEqual(others.map(() => undefined));
  });
});
