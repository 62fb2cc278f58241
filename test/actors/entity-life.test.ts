import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { aggregate, checkExport, reject, type Runtime } from "tidemark";
import { describe, expect, it } from "vitest";
import { writeArchive } from "../../src/maintenance/archive-file.js";
import { temporaryDirectory } from "../support/directories.js";
import { runtimeHarness, storeKinds } from "../support/runtimes.js";

interface Tank {
  readonly name: string;
  readonly litres: number;
}
type TankCommand =
  | { type: "Name"; data: { name: string } }
  | { type: "Fill"; data: { litres: number } }
  | { type: "Touch" };
type TankEvent =
  | { type: "Named"; data: { name: string } }
  | { type: "Filled"; data: { litres: number } }
  | { type: "Emptied" }
  | { type: "Summed"; data: Tank };

interface Changes {
  readonly reusableIds?: boolean;
  readonly everyEvents?: number;
  readonly summary?: (state: Tank) => TankEvent;
}

const tankWith = (changes: Changes) =>
  aggregate<Tank, TankCommand, TankEvent>({
    name: "tank",
    initialState: () => ({ name: "", litres: 0 }),
    decide: {
      Name: (_state, { name }) => ({ type: "Named", data: { name } }),
      Fill: ({ litres }, data) =>
        litres + data.litres > 1_000 ? reject("too-much") : { type: "Filled", data },
      Touch: () => [],
    },
    evolve: {
      Named: (state, { name }) => ({ ...state, name }),
      Filled: (state, { litres }) => ({ ...state, litres: state.litres + litres }),
      Emptied: (state) => ({ ...state, litres: 0 }),
      Summed: (_state, sum) => sum,
    },
    claims: { "tank-name": ({ name }) => (name === "" ? null : name) },
    snapshots: { everyEvents: changes.everyEvents ?? 4, onPassivation: true },
    reusableIds: changes.reusableIds ?? false,
    ...(changes.summary === undefined ? {} : { summary: changes.summary }),
  });

const Tank = tankWith({});
const fill = (litres: number): TankCommand => ({ type: "Fill", data: { litres } });
const named = (name: string): TankCommand => ({ type: "Name", data: { name } });
const summary = (data: Tank): TankEvent => ({ type: "Summed", data });
const archiveIn = () => join(temporaryDirectory(), "tank-1.ndjson");

async function filled(runtime: Runtime, times = 10): Promise<void> {
  await runtime.ask(Tank, "1", named("north"));
  for (let n = 1; n <= times; n++) await runtime.ask(Tank, "1", fill(n));
}

it("a summary in a definition that isn't a function is refused when it is defined", () => {
  expect(() => tankWith({ summary: "Summed" as never })).toThrow(/summary of tank.*a function/);
});

describe.each(storeKinds)("compacting an entity (%s)", (kind) => {
  it("keeps its state and its claims, reads begin with the summary, and the archive has what came before", async () => {
    const harness = runtimeHarness(kind);
    const runtime = await harness.open({ aggregates: [Tank] });
    await filled(runtime);
    const before = [...runtime.history(Tank, "1")];
    const archiveTo = archiveIn();
    const report = await runtime.compact(Tank, "1", { archiveTo, summary, headers: { by: "ops" } });
    expect(report).toMatchObject({
      streamId: "tank/1",
      version: 12,
      archive: {
        file: archiveTo,
        firstVersion: 1,
        lastVersion: 11,
        firstPosition: 1,
        begunAtPosition: 1,
      },
    });
    expect((await checkExport(archiveTo)).sha256).toBe(report.archive.sha256);
    const lines = readFileSync(archiveTo, "utf8").split("\n").slice(1, 12);
    const archived = lines.map((text) => (JSON.parse(text) as ArchivedLine).streams[0]!);
    expect(archived.map(({ firstVersion }) => firstVersion)).toEqual(
      before.map(({ version }) => version),
    );
    expect(archived.map(({ events }) => events[0]!.data)).toEqual(before.map(({ data }) => data));
    const check = async (opened: Runtime) => {
      expect(await opened.state(Tank, "1")).toEqual({
        state: { name: "north", litres: 55 },
        version: 12,
        position: 12,
      });
      const [first, ...rest] = opened.history(Tank, "1");
      expect(first).toMatchObject({ type: "Summed", version: 12, headers: { by: "ops" } });
      expect(rest).toEqual([]);
      expect(opened.findClaim("tank-name", "north")).toMatchObject({ entityId: "1" });
      // The log still has everything.
      expect([...opened.events()].slice(0, 11)).toEqual(before);
    };
    await check(runtime);
    const reopened = await harness.open({ aggregates: [Tank] });
    await check(reopened);
    expect(await reopened.ask(Tank, "1", fill(1))).toMatchObject({
      status: "accepted",
      version: 13,
    });
    expect(await reopened.state(Tank, "1")).toMatchObject({ state: { litres: 56 } });
  });

  it("says of moments before that they are archived, and where; before it began it had the initial state", async () => {
    const runtime = await runtimeHarness(kind).open({ aggregates: [Tank] });
    await runtime.ask(Tank, "other", named("south"));
    await filled(runtime);
    const [a, b] = [archiveIn(), archiveIn()];
    await runtime.compact(Tank, "1", { archiveTo: a, summary });
    await runtime.ask(Tank, "1", fill(1));
    const second = await runtime.compact(Tank, "1", { archiveTo: b, summary });
    expect(second.archive).toMatchObject({ firstVersion: 12, lastVersion: 13, begunAtPosition: 2 });
    for (const at of [{ version: 3 }, { version: 13 }, { position: 5 }])
      await expect(runtime.state(Tank, "1", { at })).rejects.toMatchObject({
        code: "history-archived",
        archive: { file: b },
      });
    expect(await runtime.state(Tank, "1", { at: { position: 1 } })).toMatchObject({ version: 0 });
    expect(await runtime.state(Tank, "1", { at: { version: 14 } })).toMatchObject({
      state: { litres: 56 },
    });
  });

  it("takes the summary of the definition where it is given none, and says so where neither has one", async () => {
    const harness = runtimeHarness(kind);
    const plain = await harness.open({ aggregates: [Tank] });
    await filled(plain);
    const { head } = plain;
    await expect(plain.compact(Tank, "1", { archiveTo: archiveIn() })).rejects.toThrow(
      /summary.*a function, here or in the definition of aggregate tank/,
    );
    expect(plain.head).toBe(head);
    const Summed = tankWith({ summary });
    // Snapshots go on being good: a summary doesn't fold the state.
    expect(Summed.behavior.fingerprint).toBe(Tank.behavior.fingerprint);
    const runtime = await harness.open({ aggregates: [Summed] });
    expect(await runtime.compact(Summed, "1", { archiveTo: archiveIn() })).toMatchObject({
      version: 12,
    });
    expect([...runtime.history(Summed, "1")].map(({ type }) => type)).toEqual(["Summed"]);
    // What the caller gives comes first.
    const wrong = (): TankEvent => ({ type: "Emptied" });
    await runtime.ask(Summed, "1", fill(1));
    await expect(
      runtime.compact(Summed, "1", { archiveTo: archiveIn(), summary: wrong }),
    ).rejects.toMatchObject({ code: "summary-mismatch" });
  });

  it("while commands come in loses none of them, and its archive goes up to the summary", async () => {
    const runtime = await runtimeHarness(kind).open({ aggregates: [Tank] });
    await filled(runtime);
    const archiveTo = archiveIn();
    const compacting = runtime.compact(Tank, "1", { archiveTo, summary });
    const others = Array.from({ length: 5 }, () => runtime.ask(Tank, "1", fill(10)));
    const { version, archive } = await compacting;
    for (const answer of await Promise.all(others)) expect(answer.status).toBe("accepted");
    expect(archive.lastVersion).toBe(version - 1);
    expect((await checkExport(archiveTo)).events).toBe(version - 1);
    expect(await runtime.state(Tank, "1")).toMatchObject({ state: { litres: 105 }, version: 17 });
  });

  it("goes on where it was ended between the file and the summary, and takes no other file", async () => {
    const harness = runtimeHarness(kind);
    const runtime = await harness.open({ aggregates: [Tank] });
    await filled(runtime);
    // What a kill in between leaves: the file, and a store without the summary.
    const events = [...runtime.history(Tank, "1")];
    const storeId = events[0]!.eventId.split(":")[0]!;
    const [archiveTo, older] = [archiveIn(), archiveIn()];
    const { about } = await writeArchive(archiveTo, { storeId, events });
    await writeArchive(older, { storeId, events: events.slice(0, -1) });
    const reopened = await harness.open({ aggregates: [Tank] });
    await expect(reopened.compact(Tank, "1", { archiveTo: older, summary })).rejects.toMatchObject({
      code: "invalid-argument",
      argument: "archiveTo",
    });
    expect(reopened.head).toBe(11);
    expect((await reopened.compact(Tank, "1", { archiveTo, summary })).archive).toMatchObject(
      about,
    );
    expect(await reopened.state(Tank, "1")).toMatchObject({ version: 12 });
  });

  it("refuses a summary that doesn't stand for the state, and an entity with nothing to archive; writes nothing", async () => {
    const runtime = await runtimeHarness(kind).open({ aggregates: [Tank] });
    await filled(runtime, 3);
    await runtime.ask(Tank, "2", fill(1));
    const archiveTo = archiveIn();
    const wrong = (): TankEvent => ({ type: "Summed", data: { name: "north", litres: 7 } });
    const relative = (): TankEvent => ({ type: "Filled", data: { litres: 0 } });
    for (const bad of [wrong, relative])
      await expect(runtime.compact(Tank, "1", { archiveTo, summary: bad })).rejects.toMatchObject({
        code: "summary-mismatch",
      });
    for (const id of ["2", "nobody"])
      await expect(runtime.compact(Tank, id, { archiveTo, summary })).rejects.toMatchObject({
        code: "invalid-argument",
      });
    writeFileSync(archiveTo, "mine");
    await expect(runtime.compact(Tank, "1", { archiveTo, summary })).rejects.toMatchObject({
      code: "export-damaged",
    });
    expect(readFileSync(archiveTo, "utf8")).toBe("mine");
    expect(existsSync(`${archiveTo}.partial`)).toBe(false);
    expect(runtime.head).toBe(5);
  });
});

interface ArchivedLine {
  readonly streams: readonly {
    readonly firstVersion: number;
    readonly events: readonly { readonly data: unknown }[];
  }[];
}

describe.each(storeKinds)("a tombstone (%s)", (kind) => {
  it("ends an entity: commands are refused, its state is gone, its claim is free, its history stays", async () => {
    const harness = runtimeHarness(kind);
    const runtime = await harness.open({ aggregates: [Tank] });
    await filled(runtime);
    const ended = await runtime.tombstone(Tank, "1", {
      last: { type: "Emptied" },
      reason: "scrapped",
      commandId: "end-1",
    });
    expect(ended).toMatchObject({ status: "accepted", version: 13 });
    const check = async (opened: Runtime) => {
      for (const command of [fill(1), named("north"), { type: "Touch" } as const])
        expect(await opened.ask(Tank, "1", command)).toMatchObject({
          status: "rejected",
          code: "tombstoned",
          details: { streamId: "tank/1", version: 13 },
        });
      expect(await opened.dryRun(Tank, "1", fill(1))).toMatchObject({ code: "tombstoned" });
      expect(await opened.state(Tank, "1")).toEqual({
        state: { name: "", litres: 0 },
        version: 13,
        position: 13,
        tombstoned: true,
      });
      expect(opened.findClaim("tank-name", "north")).toBeUndefined();
      const types = [...opened.history(Tank, "1")].map(({ type }) => type);
      expect(types.slice(-3)).toEqual(["Filled", "Emptied", "tidemark.Tombstoned"]);
      expect(await opened.state(Tank, "1", { at: { version: 11 } })).toMatchObject({
        state: { name: "north", litres: 55 },
      });
    };
    await check(runtime);
    const reopened = await harness.open({ aggregates: [Tank] });
    await check(reopened);
    // The same again records nothing, as the same command or as another one.
    expect(await reopened.tombstone(Tank, "1", { commandId: "end-1" })).toMatchObject({
      duplicate: true,
    });
    expect(await reopened.tombstone(Tank, "1")).toMatchObject({ status: "accepted", events: [] });
    expect(reopened.head).toBe(13);
    expect(await reopened.ask(Tank, "2", named("north"))).toMatchObject({ status: "accepted" });
    await expect(
      reopened.compact(Tank, "1", { archiveTo: archiveIn(), summary }),
    ).rejects.toMatchObject({ code: "invalid-argument" });
  });

  it("takes its place among the commands that are on their way", async () => {
    const runtime = await runtimeHarness(kind).open({ aggregates: [Tank] });
    const answers = await Promise.all([
      runtime.ask(Tank, "1", fill(1)),
      runtime.tombstone(Tank, "1"),
      runtime.ask(Tank, "1", fill(2)),
    ]);
    expect(answers).toMatchObject([
      { status: "accepted", version: 1 },
      { status: "accepted", version: 2 },
      { status: "rejected", code: "tombstoned" },
    ]);
  });

  it("lets an id be used again where the aggregate says so, from the initial state at the next version", async () => {
    const Reusable = tankWith({ reusableIds: true, everyEvents: 1 });
    const harness = runtimeHarness(kind);
    const runtime = await harness.open({ aggregates: [Reusable] });
    await runtime.ask(Reusable, "1", fill(900));
    await runtime.tombstone(Reusable, "1");
    expect(await runtime.state(Reusable, "1")).toMatchObject({ tombstoned: true });
    const again = await harness.open({ aggregates: [Reusable] });
    expect(await again.ask(Reusable, "1", fill(500))).toMatchObject({
      status: "accepted",
      version: 3,
    });
    const reopened = await harness.open({ aggregates: [Reusable] });
    expect(await reopened.state(Reusable, "1")).toEqual({
      state: { name: "", litres: 500 },
      version: 3,
      position: 3,
    });
  });

  it("refuses what isn't right, and records nothing", async () => {
    const runtime = await runtimeHarness(kind).open({ aggregates: [Tank] });
    await filled(runtime, 1);
    const bad = [
      runtime.tombstone(Tank, "1", { last: { type: "Nothing" } as never }),
      runtime.tombstone(Tank, "1", { last: null as never }),
      runtime.tombstone(Tank, "1", { reason: 7 as never }),
    ];
    for (const each of bad) await expect(each).rejects.toMatchObject({ code: "invalid-argument" });
    await expect(runtime.tombstone(Tank, "1", { expectedVersion: 1 })).rejects.toMatchObject({
      code: "version-conflict",
    });
    expect(runtime.head).toBe(2);
  });
});
