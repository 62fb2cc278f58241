import { randomUUID } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { openRuntime, openTenants, type Tenants, type TenantsOptions } from "tidemark";
import { ManualClock } from "tidemark/testing";
import { afterEach, describe, expect, it } from "vitest";
import { Account, deposit } from "../support/account.js";
import { balancesOf } from "../support/balances.js";
import { built } from "../support/built.js";
import { temporaryDirectory } from "../support/directories.js";
import { Errand, FIRST_MS, List, SECOND_MS, Tally } from "../support/errands.js";
import { until } from "../support/until.js";

const opened: Tenants[] = [];

async function open(options: Partial<TenantsOptions> & { directory: string }): Promise<Tenants> {
  const tenants = await openTenants({ aggregates: [Account], freeBytesMin: 0, ...options });
  opened.push(tenants);
  return tenants;
}

afterEach(async () => {
  for (const tenants of opened.splice(0)) await tenants.close();
});

const pay = (tenants: Tenants, id: string, cents = 1) =>
  tenants.use(id, (runtime) => runtime.ask(Account, "a", deposit(cents)));
const centsOf = (tenants: Tenants, id: string) =>
  tenants.use(id, async (runtime) => (await runtime.state(Account, "a")).state.cents);

describe("tenants", () => {
  it("have data of their own, and keep it when all are closed and opened again", async () => {
    const directory = temporaryDirectory();
    const first = await open({ directory });
    for (const id of ["ada", "Ada", "../ada"]) expect(first.create(id)).toBe(true);
    expect(first.create("ada")).toBe(false);
    await pay(first, "ada", 1);
    await pay(first, "Ada", 20);
    await pay(first, "../ada", 300);
    await first.close();
    const again = await open({ directory });
    expect(again.list()).toEqual(["../ada", "Ada", "ada"]);
    const all = await Promise.all(again.list().map((id) => centsOf(again, id)));
    expect(all).toEqual([300, 20, 1]);
  });

  it("are opened once, however many ask at the same time", async () => {
    const tenants = await open({ directory: temporaryDirectory() });
    tenants.create("a");
    await Promise.all(Array.from({ length: 30 }, () => pay(tenants, "a")));
    expect(await centsOf(tenants, "a")).toBe(30);
    expect(tenants.status()).toMatchObject({ opened: 1, open: 1, inUse: 0 });
  });

  it("aren't known by an id that nobody created, and aren't made by a use", async () => {
    const directory = temporaryDirectory();
    const tenants = await open({ directory });
    await expect(pay(tenants, "nobody")).rejects.toMatchObject({ code: "unknown-tenant" });
    await expect(pay(tenants, "")).rejects.toMatchObject({ code: "invalid-argument" });
    expect(readdirSync(directory)).toEqual(["owner.json"]);
  });

  it("give way, the least recently used first, and never one that is in use", async () => {
    const tenants = await open({ directory: temporaryDirectory(), openMax: 2, waitMs: 0 });
    for (const id of ["a", "b", "c"]) tenants.create(id);
    const openIds = () => tenants.status().tenants.map(({ tenantId }) => tenantId);
    await pay(tenants, "a");
    await pay(tenants, "b");
    await pay(tenants, "a");
    await pay(tenants, "c");
    expect(openIds()).toEqual(["a", "c"]);
    const lease = await tenants.of("a");
    await pay(tenants, "b");
    expect(openIds()).toEqual(["a", "b"]);
    const other = await tenants.of("b");
    await expect(pay(tenants, "c")).rejects.toMatchObject({
      code: "tenants-full",
      retryable: true,
    });
    other.release();
    other.release();
    await pay(tenants, "c");
    expect(openIds()).toEqual(["a", "c"]);
    lease.release();
    expect(tenants.status()).toMatchObject({ inUse: 0, open: 2 });
  });

  it("wait for one to be released where all are in use", async () => {
    const clock = new ManualClock();
    const tenants = await open({ directory: temporaryDirectory(), openMax: 1, clock });
    for (const id of ["a", "b"]) tenants.create(id);
    const lease = await tenants.of("a");
    const paid = pay(tenants, "b");
    await until(() => tenants.status().waiting === 1);
    lease.release();
    expect(await paid).toMatchObject({ status: "accepted" });
  });

  it("share room for entities: an idle one of any gives way, and none has more than all may have", async () => {
    const directory = temporaryDirectory();
    const tenants = await open({ directory, activationsMax: 10, openMax: 4 });
    for (const id of ["a", "b", "c", "d"]) tenants.create(id);
    const fill = (id: string, from: number) =>
      tenants.use(id, (runtime) =>
        Promise.all(
          Array.from({ length: 40 }, (_, n) => runtime.ask(Account, `e${from + n}`, deposit(1))),
        ),
      );
    const work = ["a", "b", "c", "d"].flatMap((id) => [fill(id, 0), fill(id, 20)]);
    expect((await Promise.all(work)).flat().every(({ status }) => status === "accepted")).toBe(
      true,
    );
    const { activations, tenants: each } = tenants.status();
    expect(activations).toBeLessThanOrEqual(10);
    expect(each.reduce((sum, { activations: own }) => sum + own, 0)).toBe(activations);
    await fill("a", 0);
    expect(tenants.status().activations).toBeLessThanOrEqual(10);
  });

  it("share bytes: what one is given more than all may have, idle ones of any give up", async () => {
    const directory = temporaryDirectory();
    const tenants = await open({ directory, stateBytesMax: 8_000 });
    for (const id of ["a", "b"]) tenants.create(id);
    for (const id of ["a", "b"])
      await tenants.use(id, async (runtime) => {
        const command = { type: "Open", data: { owner: "x".repeat(1_000) } } as const;
        for (let n = 0; n < 8; n++) await runtime.ask(Account, `e${n}`, command);
      });
    expect(tenants.status().stateBytes).toBeLessThanOrEqual(8_000);
    expect(tenants.status().stateBytes).toBeGreaterThan(1_000);
  });

  it("don't suffer from one that can't be opened, and it opens again once it is mended", async () => {
    const directory = temporaryDirectory();
    const first = await open({ directory });
    for (const id of ["good", "bad"]) first.create(id);
    for (const id of ["good", "bad"]) await pay(first, id, 5);
    await first.close();
    const manifest = join(directory, "t-bad", "manifest.json");
    const tenants = await open({ directory });
    const kept = readFileSync(manifest);
    writeFileSync(manifest, "{");
    const failure = { code: "tenant-open-failed", cause: { code: "journal-format" } };
    const both = [pay(tenants, "bad"), pay(tenants, "bad")];
    for (const each of both) await expect(each).rejects.toMatchObject(failure);
    expect(await centsOf(tenants, "good")).toBe(5);
    writeFileSync(manifest, kept);
    expect(await centsOf(tenants, "bad")).toBe(5);
    expect(tenants.status()).toMatchObject({ open: 2, openingsFailed: 1, failing: 0 });
  });

  it("are removed only where nobody has them and the id is said twice, and then for good", async () => {
    const directory = temporaryDirectory();
    const tenants = await open({ directory });
    for (const id of ["a", "b"]) tenants.create(id);
    await pay(tenants, "a");
    const refused = { code: "invalid-argument" };
    await expect(tenants.remove("a", { confirm: "b" })).rejects.toMatchObject(refused);
    const lease = await tenants.of("a");
    await expect(tenants.remove("a", { confirm: "a" })).rejects.toMatchObject({
      code: "tenant-in-use",
    });
    lease.release();
    await tenants.remove("a", { confirm: "a" });
    expect(tenants.list()).toEqual(["b"]);
    expect(readdirSync(directory).sort()).toEqual(["owner.json", "t-b"]);
    await expect(pay(tenants, "a")).rejects.toMatchObject({ code: "unknown-tenant" });
    expect(tenants.create("a")).toBe(true);
    expect(await centsOf(tenants, "a")).toBe(0);
  });

  it("that a removal cut short has left are gone at the next opening", async () => {
    const directory = temporaryDirectory();
    const first = await open({ directory });
    first.create("a");
    await first.close();
    const removed = `removed-${randomUUID()}`;
    renameSync(join(directory, "t-a"), join(directory, removed));
    mkdirSync(join(directory, "removed-customers"));
    const tenants = await open({ directory });
    expect(tenants.list()).toEqual([]);
    expect(existsSync(join(directory, removed))).toBe(false);
    // That one is somebody's own.
    expect(existsSync(join(directory, "removed-customers"))).toBe(true);
  });

  it("are refused to a second process, and to everybody once they are closed", async () => {
    const directory = temporaryDirectory();
    const tenants = await open({ directory });
    tenants.create("a");
    await expect(open({ directory })).rejects.toMatchObject({ code: "journal-owned" });
    await tenants.close();
    await expect(pay(tenants, "a")).rejects.toMatchObject({ code: "tenants-closed" });
    expect(() => tenants.create("b")).toThrow(/closed/);
  });

  it("wait, when they are closed, for what is in use, and take nothing new", async () => {
    const tenants = await open({ directory: temporaryDirectory() });
    tenants.create("a");
    const lease = await tenants.of("a");
    const closing = tenants.close();
    await expect(pay(tenants, "a")).rejects.toMatchObject({ code: "tenants-closed" });
    expect(await lease.runtime.ask(Account, "a", deposit(1))).toMatchObject({ status: "accepted" });
    lease.release();
    await closing;
    expect(tenants.status().open).toBe(0);
  });
});

describe("tenants whose sagas have timers", () => {
  const options = { aggregates: [Tally, List], sagas: [Errand], projections: [] };
  const ask = (tenants: Tenants, id: string) =>
    tenants.use(id, async (runtime) => {
      await runtime.ask(List, "l", { type: "Ask", data: { id: "e" } });
      await until(() => runtime.sagas.instance(Errand, "e")?.state === "waiting");
    });
  const stateOf = (tenants: Tenants, id: string) =>
    tenants.use(id, (runtime) => runtime.sagas.instance(Errand, "e")?.state);
  /** Moves the time until it is so; the disk needs turns in between. */
  async function advanceUntil(clock: ManualClock, isSo: () => boolean): Promise<void> {
    while (!isSo()) await clock.advance(50);
  }

  it("are opened when one is due, though they were closed, and by whoever opens all anew", async () => {
    const directory = temporaryDirectory();
    const clock = new ManualClock();
    const first = await open({ ...options, directory, clock });
    for (const id of ["a", "b"]) first.create(id);
    for (const id of ["a", "b"]) await ask(first, id);
    await first.close();
    const tenants = await open({ ...options, directory, clock });
    const { toWake, nextWakeAtMs } = tenants.status();
    expect({ toWake, open: tenants.status().open }).toEqual({ toWake: 2, open: 0 });
    expect(nextWakeAtMs).toBeGreaterThan(clock.nowMs());
    expect(nextWakeAtMs).toBeLessThanOrEqual(clock.nowMs() + FIRST_MS);
    await advanceUntil(clock, () => tenants.status().opened === 2);
    await clock.advance(FIRST_MS + SECOND_MS);
    const isIdle = () => tenants.status().tenants.every((each) => each.nextWorkAtMs === undefined);
    await advanceUntil(clock, () => tenants.status().tenants.length === 2 && isIdle());
    for (const id of ["a", "b"]) expect(await stateOf(tenants, id)).toBe("done");
  });

  it("are opened in time though a use failed to open one before that", async () => {
    const directory = temporaryDirectory();
    const clock = new ManualClock();
    const first = await open({ ...options, directory, clock });
    first.create("a");
    await ask(first, "a");
    await first.close();
    const tenants = await open({ ...options, directory, clock });
    const manifest = join(directory, "t-a", "manifest.json");
    const kept = readFileSync(manifest);
    writeFileSync(manifest, "{");
    await expect(stateOf(tenants, "a")).rejects.toMatchObject({ code: "tenant-open-failed" });
    expect(tenants.status()).toMatchObject({ toWake: 1, failing: 1, openingsFailed: 1 });
    const { failures } = tenants.status();
    expect(failures).toMatchObject([{ tenantId: "a", attempts: 1, atMs: clock.nowMs() }]);
    expect(tenants.health()).toMatchObject({
      state: "degraded",
      problems: [{ reader: "tenant a" }],
    });
    writeFileSync(manifest, kept);
    await advanceUntil(clock, () => tenants.status().opened === 1);
    await clock.advance(FIRST_MS + SECOND_MS);
    await advanceUntil(clock, () => tenants.status().tenants[0]?.nextWorkAtMs === undefined);
    expect(await stateOf(tenants, "a")).toBe("done");
    expect(tenants.health().state).toBe("healthy");
  });

  it("are opened to see where somebody else has written to the log since the note was made", async () => {
    const directory = temporaryDirectory();
    const clock = new ManualClock();
    const first = await open({ ...options, directory, clock });
    first.create("a");
    await first.use("a", (runtime) => until(() => runtime.nextWorkAtMs() === undefined));
    await first.close();
    const path = join(directory, "t-a");
    expect(readFileSync(join(path, "due.json"), "utf8")).toBe('{"dueAtMs":null}\n');
    const other = await openRuntime({ ...options, clock, directory: path, freeBytesMin: 0 });
    await other.ask(List, "l", { type: "Ask", data: { id: "e" } });
    await until(() => other.sagas.instance(Errand, "e")?.state === "waiting");
    await other.close();
    const tenants = await open({ ...options, directory, clock });
    await advanceUntil(clock, () => tenants.status().opened === 1);
    await clock.advance(FIRST_MS + SECOND_MS);
    await advanceUntil(clock, () => tenants.status().tenants[0]?.nextWorkAtMs === undefined);
    expect(await stateOf(tenants, "a")).toBe("done");
  });

  it("are opened after a crash, since nobody noted what is due in them", async () => {
    const directory = temporaryDirectory();
    const clock = new ManualClock();
    const first = await open({ ...options, directory, clock });
    first.create("a");
    await ask(first, "a");
    await first.close();
    rmSync(join(directory, "t-a", "due.json"));
    const tenants = await open({ ...options, directory, clock });
    await advanceUntil(clock, () => tenants.status().opened === 1);
    await clock.advance(FIRST_MS + SECOND_MS);
    await advanceUntil(clock, () => tenants.status().tenants[0]?.nextWorkAtMs === undefined);
    expect(await stateOf(tenants, "a")).toBe("done");
  });
});

describe("tenants whose folders somebody else handles", () => {
  it("are let go by detach, opened by another process meanwhile, and taken back as they are by create", async () => {
    const directory = temporaryDirectory();
    const tenants = await open({ directory });
    tenants.create("a");
    await pay(tenants, "a", 3);
    const lease = await tenants.of("a");
    await expect(tenants.detach("a")).rejects.toMatchObject({ code: "tenant-in-use" });
    lease.release();
    const detached = tenants.detach("a");
    expect(() => tenants.create("a")).toThrow(/being removed or detached/);
    await detached;
    expect(tenants.list()).toEqual([]);
    await expect(pay(tenants, "a")).rejects.toMatchObject({ code: "unknown-tenant" });
    const path = join(directory, "t-a");
    const other = await openRuntime({ directory: path, aggregates: [Account], freeBytesMin: 0 });
    await other.ask(Account, "a", deposit(4));
    await other.close();
    expect(tenants.create("a")).toBe(false);
    expect(await centsOf(tenants, "a")).toBe(7);
  });

  it("are there once their folders are: a backup is restored while the others run", async () => {
    const directory = temporaryDirectory();
    const backup = join(temporaryDirectory(), "backup");
    const tenants = await open({ directory });
    tenants.create("a");
    await pay(tenants, "a", 3);
    await built.backupStore(join(directory, "t-a"), backup);
    await pay(tenants, "a", 100);
    await tenants.detach("a");
    rmSync(join(directory, "t-a"), { recursive: true });
    await built.restoreStore(backup, join(directory, "t-a"));
    expect(tenants.create("a")).toBe(false);
    expect(await centsOf(tenants, "a")).toBe(3);
  });

  it("stay known where the system refuses to remove them, and are gone where somebody has deleted them", async () => {
    const directory = temporaryDirectory();
    let newId: () => string = randomUUID;
    const tenants = await open({ directory, ids: { newId: () => newId() } });
    tenants.create("a");
    await pay(tenants, "a", 2);
    // A name that no system takes.
    newId = () => "x".repeat(300);
    await expect(tenants.remove("a", { confirm: "a" })).rejects.toThrow(/ENAMETOOLONG/);
    newId = randomUUID;
    expect(await centsOf(tenants, "a")).toBe(2);
    rmSync(join(directory, "t-a"), { recursive: true });
    await tenants.remove("a", { confirm: "a" });
    expect(tenants.list()).toEqual([]);
    expect(tenants.create("a")).toBe(true);
    expect(await centsOf(tenants, "a")).toBe(0);
  });

  it("aren't made anew by a use of one whose folder was deleted", async () => {
    const directory = temporaryDirectory();
    const tenants = await open({ directory });
    tenants.create("a");
    rmSync(join(directory, "t-a"), { recursive: true });
    await expect(pay(tenants, "a")).rejects.toMatchObject({ code: "tenant-open-failed" });
    expect(existsSync(join(directory, "t-a"))).toBe(false);
  });

  it("may be links to another disk, and aren't removed then, since what is there would stay", async () => {
    const directory = temporaryDirectory();
    const first = await open({ directory });
    first.create("a");
    await pay(first, "a", 6);
    await first.close();
    const elsewhere = join(temporaryDirectory(), "a");
    cpSync(join(directory, "t-a"), elsewhere, { recursive: true });
    rmSync(join(directory, "t-a"), { recursive: true });
    symlinkSync(elsewhere, join(directory, "t-a"));
    writeFileSync(join(directory, "t-file"), "none");
    const tenants = await open({ directory });
    expect(tenants.list()).toEqual(["a"]);
    expect(await centsOf(tenants, "a")).toBe(6);
    const refused = { code: "invalid-argument" };
    await expect(tenants.remove("a", { confirm: "a" })).rejects.toMatchObject(refused);
    expect(await centsOf(tenants, "a")).toBe(6);
  });
});

describe("tenants used in any order by many at once", () => {
  it("lose nothing, never are more open than may be, and none is closed under its user", async () => {
    const step = fc.record({
      tenant: fc.integer({ min: 0, max: 5 }),
      cents: fc.integer({ min: 1, max: 9 }),
      kept: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const directory = temporaryDirectory();
        const tenants = await open({ directory, openMax: 2, projections: [balancesOf(1)] });
        const expected = new Map<string, number>();
        for (let n = 0; n < 6; n++) tenants.create(`t${n}`);
        await Promise.all(
          steps.map(async ({ tenant, cents, kept }) => {
            const id = `t${tenant}`;
            expected.set(id, (expected.get(id) ?? 0) + cents);
            const lease = await tenants.of(id);
            expect(tenants.status().open).toBeLessThanOrEqual(2);
            await lease.runtime.ask(Account, "a", deposit(cents));
            if (kept) await new Promise((resolve) => setImmediate(resolve));
            lease.release();
          }),
        );
        for (const [id, cents] of expected) expect(await centsOf(tenants, id)).toBe(cents);
        await tenants.close();
      }),
      { numRuns: Number(process.env["TENANT_RUNS"] ?? 8) },
    );
  });
});
