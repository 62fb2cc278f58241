/** A runtime whose journal failed tells how everything stands, and why nothing goes on: that is when somebody looks. */
import { afterEach, describe, expect, it } from "vitest";
import { endpoint, inProcessHub, reactor, type Runtime, type RuntimeOptions } from "tidemark";
import { ManualClock, MemoryDirectory, openMemoryRuntime } from "tidemark/testing";
import { LmdbViews, openLmdbJournal } from "../../journal/index.js";
import { startRuntime } from "../../src/runtime/open.js";
import { portsOf } from "../../src/runtime/options.js";
import { temporaryDirectory } from "../support/directories.js";
import { lmdbOptions } from "../support/journals.js";
import { office, PurseView } from "../support/office.js";
import { Purse, Transfer } from "../support/transfers.js";

let runtime: Runtime | undefined;
afterEach(() => runtime?.close());

const Watching = reactor({ name: "watching", from: [Purse], on: { Deposited: () => undefined } });

const optionsOf = (clock: ManualClock) =>
  ({
    ...office,
    clock,
    reactors: [Watching],
    messaging: inProcessHub(),
    service: "bank",
    expose: { events: [Purse] },
  }) satisfies RuntimeOptions;

/** Fails the commit of `purse/broken`. */
async function inMemory(clock: ManualClock): Promise<Runtime> {
  const faults = [{ operation: "append", streamId: "purse/broken" }] as const;
  return openMemoryRuntime({ ...optionsOf(clock), directory: new MemoryDirectory(), faults });
}

/** Fails the write that has `purse/broken` in it. */
async function onDisk(clock: ManualClock): Promise<Runtime> {
  const directory = temporaryDirectory();
  let fails = false;
  const disk = await openLmdbJournal({
    ...lmdbOptions(directory, clock),
    beforeWrite: () => (fails ? Promise.reject(new Error("EIO: the disk is gone")) : undefined),
  });
  const enqueue = disk.enqueue.bind(disk);
  disk.enqueue = (request, sink) => {
    fails = request.streams.some(({ streamId }) => streamId === "purse/broken");
    return enqueue(request, sink);
  };
  const giveWay = () => new Promise<void>((resolve) => clock.defer(resolve));
  const views = new LmdbViews(directory, disk.storeId, false, giveWay);
  const options = { ...optionsOf(clock), hangingAfterMs: 0 };
  return startRuntime({ journal: disk, views, readOnly: false }, options, portsOf(options));
}

const deposit = (entityId: string) =>
  runtime!.ask(Purse, entityId, { type: "Deposit", data: { cents: 5 } });

describe.each([
  ["in memory", inMemory, "injected: append 1, before writing"],
  ["on disk", onDisk, "EIO: the disk is gone"],
])("a journal %s that failed while readers were behind", (_where, open, reason) => {
  const statusOf = endpoint({ name: "status", answer: () => undefined as unknown });

  async function failed() {
    const clock = new ManualClock();
    runtime = await open(clock);
    const admin = runtime.admin();
    await deposit("ann");
    await runtime.operations.refresh(PurseView);
    await runtime.sagas.send(Transfer, "nobody", { type: "Nothing" });
    await runtime.operations.pause(PurseView);
    await runtime.operations.pause(Watching);
    await deposit("ann");
    const head = runtime.head;
    await expect(deposit("broken")).rejects.toThrow();
    await clock.advance(90_000);
    return { runtime, admin, head, clock };
  }

  it("has a status with the reason, and figures of each part", async () => {
    const { runtime, head } = await failed();
    const status = runtime.status();
    expect(status.journal).toMatchObject({ head, failure: { name: expect.any(String) as string } });
    const [serving] = status.projections["purses"]?.generations ?? [];
    expect(serving?.lagEvents).toBeGreaterThan(0);
    expect(serving?.lagMs).toBeGreaterThanOrEqual(90_000);
    expect(status.reactors["watching"]?.lagMs).toBeGreaterThanOrEqual(90_000);
    expect(status.sagas["transfer"]).toMatchObject({ name: "transfer", refused: 0 });
    expect(status.rules["spending"]).toMatchObject({ name: "spending" });
    expect(status.messaging?.relay).toBeDefined();
  });

  it("is unhealthy, and says why before anything else", async () => {
    const { runtime } = await failed();
    const health = runtime.health();
    expect(health.state).toBe("unhealthy");
    expect(health.problems[0]).toMatchObject({ reader: "journal", state: "unhealthy" });
    expect(health.problems[0]?.problem).toContain(reason);
    expect(health.problems[0]?.problem).toContain("opened again");
  });

  it("has metrics, one of which says that it failed", async () => {
    const { runtime } = await failed();
    const value = (name: string) =>
      runtime.metrics().find((family) => family.name === name)?.samples[0]?.value;
    expect(value("tidemark_journal_failed")).toBe(1);
    expect(value("tidemark_health_problems")).toBeGreaterThan(0);
    expect(value("tidemark_reader_lag_seconds")).toBeGreaterThanOrEqual(90);
  });

  it("tells an operator what runs here, and what is wrong", async () => {
    const { admin, head } = await failed();
    expect(await admin.call("info", {})).toMatchObject({ head, service: "bank" });
    const overview = await admin.call("overview", {});
    expect(overview).toMatchObject({ head, health: "unhealthy" });
    expect(overview.problems[0]).toMatchObject({ severity: "unhealthy", subject: "journal" });
    expect(overview.problems[0]?.problem).toContain(reason);
    expect(overview.readers.map(({ name }) => name)).toEqual(["purses", "watching"]);
    expect(overview.sagas).toMatchObject([{ name: "transfer" }]);
    expect(overview.rules).toMatchObject([{ name: "spending" }]);
    expect(overview.nats).toMatchObject({ connected: true });
    expect((await admin.call("metrics", {})).families.length).toBeGreaterThan(0);
    const { projections } = await admin.call("projections", {});
    expect(projections).toMatchObject([{ name: "purses", paused: true }]);
    expect(await admin.call("sagas", {})).toBeDefined();
    expect(await admin.call("rules", {})).toBeDefined();
    expect(await admin.call("outbox", {})).toBeDefined();
    expect(await admin.call("timers", {})).toBeDefined();
    expect(await admin.call("deadLetters", {})).toBeDefined();
  });

  it("is told by the endpoint of its status, too", async () => {
    const { runtime } = await failed();
    const told = await runtime.call(statusOf, undefined);
    expect(told).toMatchObject({ health: "unhealthy" });
  });
});
