import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { aggregate, compareStores, exportStore, importStore, openRuntime } from "tidemark";
import { expect, test } from "vitest";
import { fromJsonForm, toJsonForm } from "../../src/kernel/json-form.js";
import { Sealed } from "../../src/kernel/sealed.js";
import { temporaryDirectory } from "../support/directories.js";
import { ANN, privacy, users } from "./people.js";

const options = { aggregates: [users], privacy, freeBytesMin: 0 };
const PERSONAL = [ANN.email, ANN.name, ANN.street];

const plainTextIn = (file: string) => {
  const text = readFileSync(file, "utf8");
  return PERSONAL.filter((value) => text.includes(value));
};

test("An export has personal values as they are recorded, and what is imported is read with the same keys", async () => {
  const folder = temporaryDirectory();
  const [directory, file, copy] = ["data", "all.ndjson", "copy"].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const runtime = await openRuntime({ ...options, directory });
  await runtime.ask(users, "u1", { type: "Register", data: ANN }, { headers: { for: ANN.name } });
  await runtime.ask(users, "u1", { type: "Greet" });
  const { state } = await runtime.state(users, "u1");
  await exportStore(directory, file);
  await runtime.close();
  expect(plainTextIn(file)).toEqual([]);
  expect(readFileSync(file, "utf8")).toContain('"$sealed"');
  await importStore(file, copy);
  expect(await compareStores(directory, copy)).toMatchObject({ equal: true });
  cpSync(join(directory, "keys"), join(copy, "keys"), { recursive: true });
  const imported = await openRuntime({ ...options, directory: copy });
  expect((await imported.state(users, "u1")).state).toEqual(state);
  await imported.close();
});

interface Named {
  readonly name: string;
}
type PersonEvent = { type: "Named"; data: Named } | { type: "Summed"; data: Named };

const Person = aggregate<Named, { type: "Name"; data: Named }, PersonEvent>({
  name: "person",
  initialState: () => ({ name: "" }),
  decide: { Name: (_state, data) => ({ type: "Named", data }) },
  evolve: { Named: (_state, data) => data, Summed: (_state, data) => data },
  personal: { Named: ["name"], Summed: ["name"] },
});

test("An archive has them so, too, and so has the summary", async () => {
  const folder = temporaryDirectory();
  const [directory, archiveTo, file] = ["data", "p1.ndjson", "all.ndjson"].map((name) =>
    join(folder, name),
  ) as [string, string, string];
  const runtime = await openRuntime({ aggregates: [Person], privacy, freeBytesMin: 0, directory });
  for (const name of ["somebody", ANN.name])
    await runtime.ask(Person, "p1", { type: "Name", data: { name } });
  await runtime.compact(Person, "p1", {
    archiveTo,
    summary: (data): PersonEvent => ({ type: "Summed", data }),
  });
  expect(await runtime.state(Person, "p1")).toMatchObject({
    state: { name: ANN.name },
    version: 3,
  });
  await exportStore(directory, file);
  await runtime.close();
  expect([plainTextIn(file), plainTextIn(archiveTo)]).toEqual([[], []]);
  expect(readFileSync(archiveTo, "utf8").match(/"\$sealed"/g)).toHaveLength(2);
});

test("A sealed value reads back equal from JSON, and what isn't one is refused", () => {
  const keys = [{ subject: "u1", keyId: "k" }];
  const sealed = new Sealed(keys, "s", "date", Buffer.from([1, 2]), Buffer.from([3]), "gone");
  const without = new Sealed(keys, "s", "text", Buffer.from([1]), Buffer.from([2, 3]));
  const json: unknown = JSON.parse(JSON.stringify(toJsonForm({ a: sealed, b: [without] })));
  expect(fromJsonForm(json)).toEqual({ a: sealed, b: [without] });
  const form = (toJsonForm(sealed) as { $sealed: object }).$sealed;
  const bad = [
    7,
    {},
    { ...form, keys: [] },
    { ...form, keys: [["u1"]] },
    { ...form, kind: "x" },
    { ...form, box: "*" },
  ];
  for (const each of bad) expect(() => fromJsonForm({ $sealed: each })).toThrow(/sealed value/);
});
