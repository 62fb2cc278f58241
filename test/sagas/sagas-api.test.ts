/** What can be seen of sagas and done to them, on both stores, and beside the owner. */
import { assign, setup } from "xstate";
import { describe, expect, it } from "vitest";
import {
  aggregate,
  openRuntime,
  saga,
  send,
  type AnswerEvent,
  type Runtime,
} from "../../src/index.js";
import { ManualClock, MemoryDirectory, openMemoryRuntime } from "../../src/testing/index.js";
import { temporaryDirectory } from "../support/directories.js";
import { notebook, Pen } from "../support/notebooks.js";
import { runtimeHarness, storeKinds } from "../support/runtimes.js";
import { checkSagaRows } from "../support/saga-rows-check.js";

const book = notebook();
const written = (n: number) => ({ type: "Written", data: { book: "x", n } });

describe.each(storeKinds)("runtime.sagas, %s", (kind) => {
  const open = () => runtimeHarness(kind).open({ aggregates: [Pen], sagas: [book] });

  it("starts, sends, parks, releases, discards and ends by hand, and says what it can't", async () => {
    const runtime = await open();
    const { sagas } = runtime;
    const rejected = (code: string) => ({ status: "rejected", code });
    const accepted = { status: "accepted" };
    expect(await sagas.send(book, "a", written(1))).toEqual(rejected("unknown-instance"));
    expect(await sagas.park(book, "a")).toEqual(rejected("unknown-instance"));
    expect(await sagas.end(book, "a")).toEqual(rejected("unknown-instance"));
    expect(sagas.instance(book, "a")).toBeUndefined();
    expect(await sagas.start(book, "a")).toEqual(accepted);
    expect(await sagas.start(book, "a")).toEqual(rejected("known-instance"));
    expect(await sagas.release(book, "a")).toEqual(rejected("not-parked"));
    expect(await sagas.park(book, "a", { by: "ann", reason: "a look" })).toEqual(accepted);
    expect(await sagas.park(book, "a")).toEqual(accepted);
    await sagas.send(book, "a", written(1));
    await sagas.send(book, "a", written(2));
    expect(sagas.instance(book, "a")).toMatchObject({ status: "parked", problem: "a look" });
    expect(await sagas.release(book, "a", { by: "ann" })).toEqual(accepted);
    expect(sagas.instance(book, "a")).toMatchObject({ context: { lines: [1, 2] }, kept: [] });
    await sagas.send(book, "a", written(13));
    await sagas.send(book, "a", written(3));
    await sagas.release(book, "a");
    expect(sagas.instance(book, "a")).toMatchObject({ status: "parked", kept: [{}, {}] });
    expect(await sagas.discard(book, "a")).toEqual(accepted);
    expect(sagas.instance(book, "a")).toMatchObject({ status: "active", kept: [] });
    expect(await sagas.end(book, "a")).toEqual(accepted);
    expect(await sagas.end(book, "a")).toEqual(accepted);
    expect(await sagas.send(book, "a", written(4))).toEqual(rejected("instance-ended"));
    expect([...sagas.history(book, "a")].map(({ kind: what, remark }) => [what, remark])).toEqual([
      ["stepped", undefined],
      ["parked", "a look"],
      ["kept", undefined],
      ["kept", undefined],
      ["released", "ann"],
      ["stepped", undefined],
      ["stepped", undefined],
      ["parked", "no thirteen"],
      ["kept", undefined],
      ["released", undefined],
      ["parked", "no thirteen"],
      ["kept", undefined],
      ["released", undefined],
      ["ended", undefined],
    ]);
    const first = { status: "active", steps: 1 };
    expect(sagas.instance(book, "a", { at: { version: 1 } })).toMatchObject(first);
    // Whatever is meant by a moment, it is the same instance; before its first event there is none.
    for (const { version, position } of sagas.history(book, "a"))
      expect(sagas.instance(book, "a", { at: { position } })).toEqual(
        sagas.instance(book, "a", { at: { version } }),
      );
    const timesMs = [...sagas.history(book, "a")].map(({ atMs }) => atMs);
    const before = { timeMs: (timesMs[0] ?? 0) - 1 };
    expect(sagas.instance(book, "a", { at: before })).toBeUndefined();
    const afterwards = { timeMs: timesMs.at(-1) ?? 0 };
    expect(sagas.instance(book, "a", { at: afterwards })).toEqual(sagas.instance(book, "a"));
    expect(() => sagas.instance(book, "a", { at: { version: -1 } })).toThrow(/at.version/);
    expect(() => sagas.instance(book, "a", { at: {} as never })).toThrow(/{ version }/);
  });

  it("lists and counts instances page by page", async () => {
    const runtime = await open();
    const { sagas } = runtime;
    const ids = Array.from({ length: 25 }, (_, n) => `i-${String(n).padStart(2, "0")}`);
    for (const id of ids) await sagas.start(book, id);
    for (const id of ids.slice(0, 5)) await sagas.park(book, id, { reason: "why not" });
    for (const id of ids.slice(5, 7)) await sagas.end(book, id);
    await sagas.idle();
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = sagas.instances(book, { limit: 4, ...(after === undefined ? {} : { after }) });
      expect(page.instances.length).toBeLessThanOrEqual(4);
      found.push(...page.instances.map(({ instanceId }) => instanceId));
      after = page.next;
    } while (after !== undefined);
    expect(found.sort()).toEqual(ids);
    const parked = sagas.instances(book, { status: "parked" });
    expect(parked.instances.map(({ instanceId, problem }) => [instanceId, problem])).toEqual(
      ids.slice(0, 5).map((id) => [id, "why not"]),
    );
    expect(sagas.instances(book, { state: "elsewhere" }).instances).toEqual([]);
    expect(sagas.counts(book).map(({ status, instances }) => [status, instances])).toEqual([
      ["active", 18],
      ["ended", 2],
      ["parked", 5],
    ]);
    expect(sagas.status(book)).toMatchObject({ name: "notebook", refused: 0, lagEvents: 0 });
    expect(sagas.diagram(book)).toContain("open (18)");
    expect(await sagas.check(book)).toMatchObject({ willPark: 0 });
    expect(() => sagas.instances(book, { after: "nonsense" })).toThrow("after");
    expect(() => sagas.counts(notebook({ name: "other" }))).toThrow("opened with");
  });

  it("refuses what can't be recorded or given, and parks nobody for it", async () => {
    const runtime = await open();
    const { sagas } = runtime;
    await sagas.start(book, "a");
    const invalid = { code: "invalid-argument" };
    const types = [
      "xstate.done.actor.x",
      "xstate.init",
      "it.accepted",
      "it.given-up",
      "compensated",
    ];
    for (const type of [...types, "saga.ended", "*", ""])
      expect(() => sagas.send(book, "a", { type })).toThrow(expect.objectContaining(invalid));
    await expect(sagas.send(book, "a", written(1), { commandId: "" })).rejects.toMatchObject(
      invalid,
    );
    await expect(
      sagas.send(book, "a", written(1), { headers: { big: "x".repeat(20_000) } }),
    ).rejects.toMatchObject(invalid);
    await expect(
      sagas.send(book, "a", { type: "Written", data: { text: "x".repeat(300_000) } }),
    ).rejects.toMatchObject(invalid);
    await expect(
      sagas.send(book, "a", { type: "Written", data: { f: () => 1 } }),
    ).rejects.toMatchObject(invalid);
    expect(sagas.instance(book, "a")).toMatchObject({ status: "active", steps: 1 });
    await sagas.send(book, "a", { type: "Grow", bytes: 300_000 } as never);
    expect(sagas.instance(book, "a")).toMatchObject({ status: "parked", kept: [{}] });
  });

  it("does once what is sent with the same id, and refuses another's id", async () => {
    const runtime = await open();
    const { sagas } = runtime;
    await sagas.start(book, "a", undefined, { commandId: "s" });
    expect(await sagas.start(book, "a", undefined, { commandId: "s" })).toMatchObject({
      status: "accepted",
    });
    await sagas.send(book, "a", written(1), { commandId: "w" });
    await sagas.send(book, "a", written(1), { commandId: "w" });
    expect(sagas.instance(book, "a")).toMatchObject({ context: { lines: [1] } });
    await expect(sagas.start(book, "b", undefined, { commandId: "w" })).rejects.toMatchObject({
      code: "command-id-reused",
    });
    expect(sagas.instance(book, "b")).toBeUndefined();
  });

  it("starts anew an instance whose start was discarded, and counts it once", async () => {
    const failing = notebook({
      name: "failing",
      machine: setup({
        types: { input: {} as { ok: boolean }, context: {} as { ok: boolean } },
      }).createMachine({
        id: "failing",
        context: ({ input }) => {
          if (!input.ok) throw new Error("not so");
          return input;
        },
      }) as never,
    });
    const runtime = await runtimeHarness(kind).open({ aggregates: [Pen], sagas: [failing] });
    const { sagas } = runtime;
    await sagas.start(failing, "a", { ok: false });
    await sagas.discard(failing, "a");
    await sagas.start(failing, "a", { ok: true });
    await sagas.idle();
    expect(sagas.counts(failing)).toMatchObject([{ status: "active", instances: 1 }]);
    expect(sagas.instances(failing).instances).toHaveLength(1);
  });
});

describe("runtime.sagas beside the owner", () => {
  it("shows what there is, and refuses to change it", async () => {
    const directory = temporaryDirectory();
    const options = { directory, aggregates: [Pen], sagas: [book], freeBytesMin: 0 };
    const owner = await openRuntime(options);
    await owner.sagas.start(book, "a");
    await owner.sagas.start(book, "b");
    await owner.sagas.park(book, "b");
    await owner.ask(Pen, "pen", { type: "Write", data: { book: "nobody", n: 1 } });
    await owner.sagas.idle();
    const reader = await openRuntime({ ...options, readOnly: true });
    const { sagas } = reader;
    expect(sagas.instance(book, "a")).toMatchObject({ status: "active" });
    expect([...sagas.history(book, "b")]).toHaveLength(2);
    expect(sagas.counts(book)).toHaveLength(2);
    expect(sagas.instances(book).instances).toHaveLength(2);
    expect(sagas.refused(book)).toMatchObject([{ instanceId: "nobody" }]);
    expect(sagas.status(book)).toMatchObject({ refused: 1 });
    expect(sagas.outbox()).toEqual([]);
    expect(await sagas.check(book)).toMatchObject({ willPark: 0 });
    await sagas.idle();
    const readOnly = { code: "journal-read-only" };
    await expect(sagas.start(book, "c")).rejects.toMatchObject(readOnly);
    await expect(sagas.start(book, "a")).rejects.toMatchObject(readOnly);
    await expect(sagas.send(book, "a", written(1))).rejects.toMatchObject(readOnly);
    for (const hand of ["park", "release", "discard", "end"] as const)
      await expect(sagas[hand](book, "b")).rejects.toMatchObject(readOnly);
    await reader.close();
    await owner.close();
  });
});

interface Ask {
  type: "Ask";
  data: { count: number };
}
const Scribe = aggregate<null, Ask, { type: "Said"; data: { text: string } }>({
  name: "scribe",
  initialState: () => null,
  decide: {
    Ask: (_, { count }) =>
      Array.from({ length: count }, () => ({
        type: "Said" as const,
        data: { text: "x".repeat(200_000) },
      })),
  },
  evolve: { Said: () => null },
});

interface Patience {
  count: number;
  ticks: number;
  heard: string;
}

const patient = saga({
  name: "patient",
  machine: setup({
    types: {
      context: {} as Patience,
      input: {} as { count: number },
      events: {} as AnswerEvent<"said", typeof Scribe> | { type: "n" },
    },
    actions: {
      ask: send(Scribe, "s", ({ context }) => ({ type: "Ask", data: { count: context.count } }), {
        as: "said",
      }),
    },
  }).createMachine({
    id: "patient",
    context: ({ input }) => ({ count: input.count, ticks: 0, heard: "" }),
    initial: "asking",
    states: {
      asking: {
        entry: "ask",
        on: {
          "said.accepted": { actions: assign({ heard: "accepted" }) },
          "said.given-up": { actions: assign({ heard: "given-up" }) },
        },
        after: { 1_000: { actions: assign({ ticks: ({ context }) => context.ticks + 1 }) } },
      },
    },
  }),
});

describe("an instance", () => {
  it("gets its timers and answers after its release, though it could keep no more before", async () => {
    const clock = new ManualClock();
    const runtime = await openMemoryRuntime({ aggregates: [Scribe], sagas: [patient], clock });
    const { sagas } = runtime;
    // All are in its mailbox before the answer to its command can be.
    void sagas.start(patient, "a", { count: 1 });
    void sagas.park(patient, "a");
    const answers = Array.from({ length: 201 }, () => sagas.send(patient, "a", { type: "n" }));
    expect(await answers[200]).toEqual({ status: "rejected", code: "instance-full" });
    await clock.advance(3_000);
    expect(sagas.instance(patient, "a")).toMatchObject({ commands: [{}], timers: [{}] });
    await sagas.release(patient, "a");
    await clock.advance(60_000);
    expect(sagas.instance(patient, "a")).toMatchObject({
      context: { ticks: 1, heard: "accepted" },
      commands: [],
      timers: [],
    });
    await runtime.close();
  });

  it("is told that an answer is too large to be recorded", async () => {
    const runtime = await openMemoryRuntime({ aggregates: [Scribe], sagas: [patient] });
    await runtime.sagas.start(patient, "a", { count: 3 });
    await runtime.sagas.idle();
    expect(runtime.sagas.instance(patient, "a")).toMatchObject({
      context: { heard: "given-up" },
      commands: [],
    });
    const steps = [...runtime.sagas.history(patient, "a")];
    expect(steps.at(-1)?.input).toMatchObject({
      answer: { outcome: "given-up", code: "answer-too-large", uncertain: true },
    });
    await runtime.close();
  });
});

describe("the index of sagas", () => {
  async function filled(directory: MemoryDirectory): Promise<Runtime> {
    const runtime = await openMemoryRuntime({ aggregates: [Pen], sagas: [book], directory });
    for (let n = 0; n < 20; n++) await runtime.sagas.start(book, `i-${n}`);
    await runtime.sagas.idle();
    return runtime;
  }

  it("is made anew where its rows are those of a longer log", async () => {
    const directory = new MemoryDirectory();
    await (await filled(directory)).close();
    const shorter = directory.store.records.slice(0, 12);
    directory.store.records.length = 0;
    directory.store.records.push(...shorter);
    const runtime = await openMemoryRuntime({ aggregates: [Pen], sagas: [book], directory });
    await runtime.sagas.idle();
    expect(checkSagaRows(directory.views, runtime.events(), ["notebook"])).toEqual([]);
    await runtime.close();
  });

  it("is made anew where removing its rows was cut short", async () => {
    const directory = new MemoryDirectory();
    await (await filled(directory)).close();
    await directory.views.write([{ table: "rows", key: ["sagas", "at"], value: undefined }]);
    const runtime = await openMemoryRuntime({ aggregates: [Pen], sagas: [book], directory });
    await runtime.sagas.idle();
    expect(checkSagaRows(directory.views, runtime.events(), ["notebook"])).toEqual([]);
    await runtime.close();
  });

  it("goes on once the log can be read again, however long it couldn't", async () => {
    const clock = new ManualClock();
    const directory = new MemoryDirectory();
    const faults = Array.from({ length: 40 }, (_, n) => ({
      operation: "readPage" as const,
      nth: n + 1,
    }));
    const options = { aggregates: [Pen], sagas: [book], directory, clock, faults };
    const runtime = await openMemoryRuntime(options);
    await runtime.sagas.start(book, "a");
    await clock.advance(300_000);
    await runtime.sagas.idle();
    expect(runtime.sagas.counts(book)).toMatchObject([{ instances: 1 }]);
    await runtime.close();
  });

  it("counts once what it is told again after a failure", async () => {
    const clock = new ManualClock();
    const directory = new MemoryDirectory();
    const faults = Array.from({ length: 20 }, (_, n) => ({
      operation: "readPage" as const,
      nth: 3 + 2 * n,
    }));
    const options = { aggregates: [Pen], sagas: [book], directory, clock, faults };
    const runtime = await openMemoryRuntime(options);
    for (let n = 0; n < 10; n++) {
      await runtime.sagas.start(book, `i-${n}`);
      await clock.advance(10);
    }
    await clock.advance(60_000);
    await runtime.sagas.idle();
    expect(runtime.sagas.counts(book)).toMatchObject([{ instances: 10 }]);
    await runtime.close();
    const reader = await openMemoryRuntime({ aggregates: [], directory });
    expect(checkSagaRows(directory.views, reader.events(), ["notebook"])).toEqual([]);
    await reader.close();
  });
});
