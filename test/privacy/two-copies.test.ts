import { cpSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import * as source from "tidemark";
import { built } from "../support/built.js";
import { temporaryDirectory } from "../support/directories.js";
import { ANN, privacy, users } from "./people.js";

test("Personal values are read and forgotten by each of two copies of the package in one process", async () => {
  const folder = temporaryDirectory();
  const open = (copy: typeof source, name: string) =>
    copy.openRuntime({
      directory: join(folder, name),
      freeBytesMin: 0,
      aggregates: [users],
      privacy,
    });
  const first = await open(source, "a");
  await first.ask(users, "u1", { type: "Register", data: ANN });
  await first.ask(users, "u1", { type: "Greet" });
  await first.close();
  cpSync(join(folder, "a"), join(folder, "b"), { recursive: true });
  for (const [copy, name] of [
    [source, "a"],
    [built, "b"],
  ] as const) {
    const file = join(folder, `${name}.ndjson`);
    await copy.exportStore(join(folder, name), file);
    await copy.importStore(file, join(folder, `${name}-again`));
    const runtime = await open(copy, name);
    expect((await runtime.state(users, "u1")).state.born).toEqual(ANN.born);
    expect(await runtime.privacy.forget("u1")).toMatchObject({
      events: { user: { Registered: 1, Greeted: 1 } },
      snapshots: 1,
    });
    expect((await runtime.state(users, "u1")).state.note).toBe("[erased]");
    await runtime.close();
  }
});
