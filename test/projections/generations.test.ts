import type { Runtime } from "tidemark";
import { beforeEach, describe, expect, it } from "vitest";
import { Account, deposit } from "../support/account.js";
import { balancesOf, type Balance } from "../support/balances.js";
import { runtimeHarness, storeKinds, type RuntimeHarness } from "../support/runtimes.js";
import { until } from "../support/until.js";

type Projection = ReturnType<typeof balancesOf>;

const statusOf = (runtime: Runtime) => runtime.status().projections["balances"]!;
const rolesOf = (runtime: Runtime) =>
  statusOf(runtime).generations.map(({ role, version }) => `${role} ${version}`);

async function deposits(runtime: Runtime, count: number, entities = 7): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_, n) => runtime.ask(Account, `a${n % entities}`, deposit(n))),
  );
}

function foldOf(runtime: Runtime, version: number, factor = 1): Map<string, Balance> {
  const rows = new Map<string, Balance>();
  for (const event of runtime.events({ filter: { streamTypes: ["account"] } })) {
    const { cents, changes } = rows.get(event.entityId) ?? { cents: 0, changes: 0 };
    const { cents: more } = event.data as { cents: number };
    rows.set(event.entityId, { cents: cents + factor * more, changes: changes + 1, version });
  }
  return rows;
}

async function rowsOf(runtime: Runtime, projection: Projection): Promise<Map<string, Balance>> {
  const { entries } = await runtime.view(projection).list({ fresh: true });
  return new Map(entries.map(({ id, document }) => [id, document]));
}

describe.each(storeKinds)("generations of a projection, on %s", (kind) => {
  let harness: RuntimeHarness;
  beforeEach(() => void (harness = runtimeHarness(kind)));
  const open = (...projections: Projection[]) =>
    harness.open({ aggregates: [Account], projections });

  it("are built anew when the version is raised, beside the one that serves, and flip when caught up", async () => {
    let runtime = await open(balancesOf(1));
    await deposits(runtime, 500);
    await rowsOf(runtime, balancesOf(1)).catch(() => undefined);
    const v1 = balancesOf(1);
    const v2 = balancesOf(2, { factor: 2, previous: v1 });
    runtime = await open(v2);
    expect(rolesOf(runtime)).toEqual(["serving 1", "building 2"]);
    // Old documents, all of one version, and up to date: the old generation follows.
    const before = await rowsOf(runtime, v2);
    expect(new Set([...before.values()].map(({ version }) => version)).size).toBe(1);
    await deposits(runtime, 300);
    await until(() => statusOf(runtime).rebuild?.phase === "done");
    expect(rolesOf(runtime)).toEqual(["serving 2", "retired 1"]);
    expect(await rowsOf(runtime, v2)).toEqual(foldOf(runtime, 2, 2));
    expect(statusOf(runtime).rebuild!.diff).toMatchObject({ added: 0, removed: 0, changed: 7 });
    expect(statusOf(runtime).rebuild!.diff!.samples).toHaveLength(5);
    runtime = await open(v2);
    expect(rolesOf(runtime)).toEqual(["serving 2", "retired 1"]);
    expect(await rowsOf(runtime, v2)).toEqual(foldOf(runtime, 2, 2));
  });

  it("serve what they have while their code is gone, and wait for the new one where more is asked for", async () => {
    const v1 = balancesOf(1);
    let runtime = await open(v1);
    await deposits(runtime, 300);
    await rowsOf(runtime, v1);
    const v2 = balancesOf(2, { approval: true });
    runtime = await open(v2);
    await deposits(runtime, 10);
    const view = runtime.view(v2);
    expect(view.position()).toBe(300);
    expect(await view.get("a0")).toMatchObject({ version: 1 });
    const fresh = view.get("a0", { fresh: true });
    await until(() => statusOf(runtime).rebuild?.phase === "awaiting-approval");
    // Compared as of the position at which the old one stands.
    expect(statusOf(runtime).rebuild!.diff).toMatchObject({ position: 300, changed: 7 });
    await runtime.operations.approve(v2, { by: "test" });
    expect(await fresh).toMatchObject({ version: 2 });
    await expect(runtime.operations.rollback(v2)).rejects.toMatchObject({
      code: "operation-refused",
    });
  });

  it("are rebuilt on command while commands come in, each read seeing one of them only", async () => {
    const counting = balancesOf(1);
    const runtime = await open(counting);
    await deposits(runtime, 1_000);
    await runtime.operations.rebuild(counting, { by: "ada", reason: "to see" });
    await expect(runtime.operations.rebuild(counting)).rejects.toMatchObject({
      code: "operation-refused",
    });
    let rounds = 0;
    const view = runtime.view(counting);
    while (statusOf(runtime).rebuild!.phase !== "done") {
      await Promise.all(
        Array.from({ length: 20 }, async (_, n) => {
          const answer = await runtime.ask(Account, `a${n % 7}`, deposit(n));
          if (answer.status === "rejected") throw new Error(answer.code);
          // Whichever generation answers, nobody sees less than their own write.
          const row = await view.get(`a${n % 7}`, { atLeast: answer.position });
          expect(row!.changes).toBeGreaterThanOrEqual(answer.version);
        }),
      );
      rounds += 1;
    }
    expect(rounds).toBeGreaterThan(0);
    expect(await rowsOf(runtime, counting)).toEqual(foldOf(runtime, 1));
    // Events that came while they were compared are in both: nothing differs.
    expect(statusOf(runtime).rebuild!.diff).toMatchObject({
      added: 0,
      removed: 0,
      changed: 0,
      unchanged: 7,
    });
    await until(() => runtime.operations.audit(counting).length === 2);
    expect(runtime.operations.audit(counting)).toMatchObject([
      { type: "RebuildRequested", data: { by: "ada", reason: "to see" } },
      { type: "GenerationServes", data: { generation: 2, instead: 1 } },
    ]);
  });

  it("go back in one call, stay back after a reopening, and go forward again when asked", async () => {
    const v1 = balancesOf(1);
    let runtime = await open(v1);
    await deposits(runtime, 100);
    await rowsOf(runtime, v1);
    const v2 = balancesOf(2, { factor: 2, previous: v1 });
    runtime = await open(v2);
    await until(() => statusOf(runtime).rebuild?.phase === "done");
    await deposits(runtime, 50);
    await runtime.operations.rollback(v2, { reason: "wrong figures" });
    expect(rolesOf(runtime)).toEqual(["serving 1", "retired 2"]);
    // It has followed all the time.
    expect(await rowsOf(runtime, v2)).toEqual(foldOf(runtime, 1));
    runtime = await open(v2);
    await deposits(runtime, 10);
    expect(rolesOf(runtime)).toEqual(["serving 1"]);
    expect(await rowsOf(runtime, v2)).toEqual(foldOf(runtime, 1));
    await runtime.operations.rebuild(v2);
    await until(() => statusOf(runtime).rebuild?.phase === "done");
    expect(await rowsOf(runtime, v2)).toEqual(foldOf(runtime, 2, 2));
    await runtime.operations.dropRetired(v2);
    expect(rolesOf(runtime)).toEqual(["serving 2"]);
    await expect(runtime.operations.rollback(v2)).rejects.toThrow(/no generation before/);
  });

  it("aren't dropped by one operator while another rolls back to them", async () => {
    const v1 = balancesOf(1);
    let runtime = await open(v1);
    await deposits(runtime, 100);
    await rowsOf(runtime, v1);
    const v2 = balancesOf(2, { previous: v1 });
    runtime = await open(v2);
    await until(() => statusOf(runtime).rebuild?.phase === "done");
    const { operations } = runtime;
    const done = await Promise.allSettled([operations.rollback(v2), operations.dropRetired(v2)]);
    expect(done.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
    expect(rolesOf(runtime)).toEqual(["serving 1"]);
    expect(await rowsOf(runtime, v2)).toEqual(foldOf(runtime, 1));
  });

  it("stop when a handler fails while they are built, leave the old one serving, and go on past a skipped event", async () => {
    const v1 = balancesOf(1);
    let runtime = await open(v1);
    await deposits(runtime, 50);
    await rowsOf(runtime, v1);
    const fails = (event: { position: number }) => {
      if (event.position === 20) throw new Error("not this one");
    };
    const onFailure = { attemptsMax: 1 } as const;
    const v2 = balancesOf(2, { before: fails, onFailure, previous: v1 });
    runtime = await open(v2);
    await until(() => statusOf(runtime).rebuild?.phase === "failed");
    const [serving, building] = statusOf(runtime).generations;
    expect(serving).toMatchObject({ role: "serving", version: 1, position: 50 });
    expect(building).toMatchObject({
      role: "building",
      state: "stopped",
      position: 19,
      parked: 0,
      error: { position: 20, eventType: "Deposited" },
    });
    expect(runtime.health()).toMatchObject({ state: "degraded" });
    expect(await runtime.view(v2).get("a0", { fresh: true })).toMatchObject({ version: 1 });
    // Strict also after a reopening: it fails again.
    runtime = await open(v2);
    await until(() => statusOf(runtime).rebuild?.phase === "failed");
    await runtime.operations.skip(v2, 20, { by: "ada" });
    await until(() => statusOf(runtime).rebuild?.phase === "done");
    const rows = await rowsOf(runtime, v2);
    expect([...rows.values()].reduce((sum, { changes }) => sum + changes, 0)).toBe(49);
    expect(statusOf(runtime).skipped).toBe(1);
  });

  it("wait for an approval also after a reopening, and remember one that came before it", async () => {
    const v1 = balancesOf(1);
    let runtime = await open(v1);
    await deposits(runtime, 20);
    await rowsOf(runtime, v1);
    await runtime.operations.rebuild(v1, { approval: true });
    expect(await runtime.operations.rebuilt(v1)).toMatchObject({ phase: "awaiting-approval" });
    runtime = await open(v1);
    expect(await runtime.operations.rebuilt(v1)).toMatchObject({ phase: "awaiting-approval" });
    await runtime.operations.pause(v1);
    await runtime.operations.approve(v1);
    runtime = await open(v1);
    await runtime.operations.resume(v1);
    expect(await runtime.operations.rebuilt(v1)).toMatchObject({ phase: "done" });
    expect(await rowsOf(runtime, v1)).toEqual(foldOf(runtime, 1));
  });

  it("are waited for from the approval to the flip", async () => {
    const v1 = balancesOf(1);
    const v2 = balancesOf(2, { approval: true, previous: v1 });
    let runtime = await open(v1);
    await deposits(runtime, 20);
    await rowsOf(runtime, v1);
    runtime = await open(v2);
    expect(await runtime.operations.rebuilt(v2)).toMatchObject({ phase: "awaiting-approval" });
    // Something is left to catch up with between the two.
    await runtime.operations.pause(v2);
    await runtime.operations.approve(v2);
    const built = runtime.operations.rebuilt(v2);
    await runtime.operations.resume(v2);
    expect(await built).toMatchObject({ phase: "done" });
    expect(await rowsOf(runtime, v2)).toEqual(foldOf(runtime, 2));
  });

  it("are given up when their rebuild is cancelled, and not begun again by a reopening", async () => {
    const v1 = balancesOf(1);
    let runtime = await open(v1);
    await deposits(runtime, 20);
    await rowsOf(runtime, v1);
    const v2 = balancesOf(2, { approval: true, previous: v1 });
    runtime = await open(v2);
    await until(() => statusOf(runtime).rebuild?.phase === "awaiting-approval");
    await runtime.operations.cancelRebuild(v2);
    expect(rolesOf(runtime)).toEqual(["serving 1"]);
    runtime = await open(v2);
    expect(rolesOf(runtime)).toEqual(["serving 1"]);
    expect(await rowsOf(runtime, v2)).toEqual(foldOf(runtime, 1));
  });

  it("build one key anew from its own events", async () => {
    let wrong = true;
    const skewed = balancesOf(1, {
      before: (event) => {
        if (wrong && event.entityId === "a3") throw new Error("a bug");
      },
      onFailure: { attemptsMax: 1, then: "park" },
    });
    const runtime = await open(skewed);
    await deposits(runtime, 70);
    await rowsOf(runtime, skewed);
    expect(statusOf(runtime).generations[0]!.parked).toBe(10);
    wrong = false;
    expect(await runtime.operations.rebuildKey(skewed, "a3")).toBe(10);
    expect(await rowsOf(runtime, skewed)).toEqual(foldOf(runtime, 1));
    expect(statusOf(runtime).generations[0]!.parked).toBe(0);
    await deposits(runtime, 7);
    expect(await rowsOf(runtime, skewed)).toEqual(foldOf(runtime, 1));
  });
});
