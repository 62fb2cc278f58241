import { collection, projection } from "tidemark";
import { beforeEach, describe, expect, it } from "vitest";
import { Account, deposit } from "../support/account.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";

interface Row {
  readonly cents: number;
}

const plain = collection<Row>();
const indexed = collection<Row>().index("byCents", "cents");

function rowsOf(version: number, rows: typeof indexed) {
  return projection({
    name: "rows",
    version,
    from: [Account],
    collections: { rows },
    approval: true,
    on: { Deposited: ({ entityId, data }, documents) => documents.rows.put(entityId, data) },
  });
}

describe.each(storeKinds)("an index that came with a later version, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));

  it("says that it isn't built yet while the version before serves, and is no error of the caller", async () => {
    const before = rowsOf(1, plain as unknown as typeof indexed);
    const first = await harness.open({ aggregates: [Account], projections: [before] });
    await first.ask(Account, "a", deposit(5));
    await first.view(before).get("a", { fresh: true });

    const after = rowsOf(2, indexed);
    const runtime = await harness.open({ aggregates: [Account], projections: [after] });
    const view = runtime.view(after);
    expect(await view.get("a")).toEqual({ cents: 5 });
    const refusal = {
      code: "view-not-built",
      retryable: true,
      message:
        "projection rows is served by a generation of version 1, which has no index byCents of collection rows; the new one is being built",
    };
    await expect(view.find("byCents")).rejects.toMatchObject(refusal);
    await expect(view.countBy("byCents")).rejects.toMatchObject(refusal);
    await expect(view.find("byName" as "byCents")).rejects.toMatchObject({
      code: "invalid-argument",
    });
    await runtime.operations.approve(after);
    while (runtime.status().projections["rows"]!.rebuild?.phase !== "done")
      await new Promise((resolve) => setImmediate(resolve));
    expect(await view.countBy("byCents", { equals: 5 })).toBe(1);
  });
});
