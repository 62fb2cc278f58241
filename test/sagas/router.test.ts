/** Routing: which event comes to which instance, in which order, and what becomes of those that come to none. */
import { assign, setup } from "xstate";
import { describe, expect, it } from "vitest";
import { aggregate, saga, upcaster, type Runtime, type RuntimeOptions } from "../../src/index.js";
import { MemoryDirectory, openMemoryRuntime } from "../../src/testing/index.js";
import { notebook, Pen, resume, start, startOrResume, type Line } from "../support/notebooks.js";

const write = (runtime: Runtime, book: string, n: number) =>
  runtime.ask(Pen, "pen", { type: "Write", data: { book, n } });
const writeAll = (runtime: Runtime, lines: Line[]) =>
  runtime.ask(Pen, "pen", { type: "WriteAll", data: { lines } });

class Place {
  readonly directory = new MemoryDirectory();
  runtime!: Runtime;

  async open(options: Partial<RuntimeOptions>): Promise<Runtime> {
    await (this.runtime as Runtime | undefined)?.close();
    this.runtime = await openMemoryRuntime({
      aggregates: [Pen],
      directory: this.directory,
      ...options,
    });
    return this.runtime;
  }

  async loseRows(): Promise<void> {
    await this.directory.views.removeRange("rows", { from: ["a"], before: ["z"] });
  }
}

const linesOf = (runtime: Runtime, definition: ReturnType<typeof notebook>, book: string) =>
  runtime.sagas.instance<{ lines: number[] }>(definition, book)?.context.lines;

describe("routing of events to instances", () => {
  it("refuses, keeps or lets go what is for an instance that nothing has started", async () => {
    for (const [onUnknown, lines, refused] of [
      ["refuse", [3], 2],
      ["keep", [1, 2, 3], 0],
      ["ignore", [3], 0],
    ] as const) {
      const book = notebook({ onUnknown });
      const runtime = await new Place().open({ sagas: [book] });
      for (const n of [1, 2, -1, 3]) await write(runtime, "a", n);
      await runtime.sagas.idle();
      expect([onUnknown, linesOf(runtime, book, "a")]).toEqual([onUnknown, lines]);
      const list = runtime.sagas.refused(book);
      expect(list.map(({ code }) => code)).toEqual(Array(refused).fill("unknown-instance"));
      await runtime.close();
    }
  });

  it("lets go, gives on or refuses a second start", async () => {
    for (const [onKnown, refused] of [
      ["ignore", []],
      ["refuse", ["known-instance"]],
    ] as const) {
      const book = notebook({ onKnown });
      const runtime = await new Place().open({ sagas: [book] });
      for (const n of [-1, 1, -1, 2]) await write(runtime, "a", n);
      await runtime.sagas.idle();
      expect(linesOf(runtime, book, "a")).toEqual([1, 2]);
      expect(runtime.sagas.refused(book).map(({ code }) => code)).toEqual(refused);
      await runtime.close();
    }
    const book = notebook({
      onKnown: "resume",
      correlate: { Written: ({ data }) => start(data.book) },
    });
    const runtime = await new Place().open({ sagas: [book] });
    for (const n of [1, 2, 3]) await write(runtime, "a", n);
    await runtime.sagas.idle();
    expect(linesOf(runtime, book, "a")).toEqual([2, 3]);
    await runtime.close();
  });

  it("starts or resumes, and brings one event to several instances", async () => {
    const book = notebook({
      correlate: {
        Written: ({ data }) => [startOrResume(data.book), startOrResume(`copy-of-${data.book}`)],
      },
    });
    const runtime = await new Place().open({ sagas: [book] });
    for (const n of [1, 2, 3]) await write(runtime, "a", n);
    await runtime.sagas.idle();
    expect(linesOf(runtime, book, "a")).toEqual([2, 3]);
    expect(linesOf(runtime, book, "copy-of-a")).toEqual([2, 3]);
    await runtime.close();
  });

  it("lists what can't be correlated, once however often it comes, and goes on", async () => {
    const book = notebook({
      correlate: {
        Opened: ({ data }) => start(data.book),
        Written: ({ data }) => {
          if (data.n === 5) throw new Error("what is five?");
          return data.n === 6 ? (7 as never) : resume(data.n === 8 ? "" : data.book);
        },
      },
    });
    const place = new Place();
    let runtime = await place.open({ sagas: [book] });
    for (const n of [-1, 4, 5, 6, 8, 9]) await write(runtime, "a", n);
    await runtime.sagas.idle();
    for (let times = 0; times < 3; times++) {
      await place.loseRows();
      runtime = await place.open({ sagas: [book] });
      await runtime.sagas.idle();
      expect(linesOf(runtime, book, "a")).toEqual([4, 9]);
      expect(runtime.sagas.refused(book)).toMatchObject([
        { code: "correlate-failed", message: "what is five?", eventType: "Written" },
        { code: "invalid-argument" },
        { code: "invalid-argument" },
      ]);
    }
    await runtime.close();
  });

  it("doesn't take later what it has refused, though it comes again", async () => {
    const book = notebook();
    const place = new Place();
    let runtime = await place.open({ sagas: [book] });
    await write(runtime, "a", 1);
    await runtime.sagas.idle();
    await runtime.sagas.start(book, "a");
    // How far routing was is lost: as where a process dies before it is written.
    runtime = await openCopyWithoutEnd(place, book);
    await runtime.sagas.idle();
    expect(linesOf(runtime, book, "a")).toEqual([]);
    expect(runtime.sagas.refused(book)).toHaveLength(1);
    await runtime.close();
  });

  it("keeps the order of each instance, with many events in a page", async () => {
    const book = notebook();
    const place = new Place();
    let runtime = await place.open({ sagas: [] });
    const books = ["a", "b", "c", "d"];
    await writeAll(
      runtime,
      books.map((name) => ({ book: name, n: -1 })),
    );
    for (let n = 100; n < 1_100; n += 50) {
      const numbers = Array.from({ length: 50 }, (_, i) => n + i);
      await writeAll(
        runtime,
        numbers.map((number) => ({ book: books[number % 4]!, n: number })),
      );
    }
    runtime = await place.open({ sagas: [book] });
    await runtime.sagas.idle();
    books.forEach((name, at) =>
      expect(linesOf(runtime, book, name)).toEqual(
        Array.from({ length: 1_000 }, (_, i) => 100 + i).filter((n) => n % 4 === at),
      ),
    );
    await runtime.close();
  });

  it("keeps others going where an instance is parked, and what is for it in order", async () => {
    const book = notebook();
    const runtime = await new Place().open({ sagas: [book] });
    await writeAll(runtime, [
      { book: "bad", n: -1 },
      { book: "good", n: -1 },
      ...[1, 13, 2, 3].flatMap((n) => [
        { book: "bad", n },
        { book: "good", n: n + 100 },
      ]),
    ]);
    await runtime.sagas.idle();
    expect(linesOf(runtime, book, "good")).toEqual([101, 113, 102, 103]);
    expect(runtime.sagas.instance(book, "bad")).toMatchObject({
      status: "parked",
      problem: "no thirteen",
      context: { lines: [1] },
      kept: [{ event: { data: { n: 13 } } }, { event: { data: { n: 2 } } }, {}],
    });
    await runtime.sagas.discard(book, "bad");
    await write(runtime, "bad", 4);
    await runtime.sagas.idle();
    expect(linesOf(runtime, book, "bad")).toEqual([1, 4]);
    await runtime.close();
  });

  it("parks where a step is too large to be recorded, and keeps that input and those behind it in order", async () => {
    const book = notebook();
    const runtime = await new Place().open({ sagas: [book] });
    await writeAll(
      runtime,
      [-1, 1, 77, 2, 3].map((n) => ({ book: "a", n })),
    );
    await runtime.sagas.idle();
    const instance = runtime.sagas.instance(book, "a");
    expect(instance).toMatchObject({
      status: "parked",
      context: { lines: [1] },
      kept: [77, 2, 3].map((n) => ({ event: { data: { n } } })),
    });
    expect(instance?.problem).toContain("at most 262144 bytes");
    expect(runtime.sagas.refused(book)).toEqual([]);
    await runtime.close();
  });

  it("goes by the limits that the runtime was opened with", async () => {
    const book = notebook();
    const place = new Place();
    const runtime = await place.open({ sagas: [book], limits: { eventDataBytesMax: 400_000 } });
    await writeAll(
      runtime,
      [-1, 77, 2].map((n) => ({ book: "a", n })),
    );
    await runtime.sagas.idle();
    expect(linesOf(runtime, book, "a")).toEqual([77, 2]);
    await runtime.close();
  });

  it("lists what would be an answer or a timeout to the machine, and events of no type", async () => {
    const types = [
      "xstate.after.1000.notebook.open",
      "debit.accepted",
      "compensated",
      "saga.x",
      "*",
    ];
    const book = notebook({
      correlate: {
        Opened: ({ data }) => start(data.book),
        Written: ({ data }) => resume(data.book, { type: types[data.n] ?? "Fine" }),
      },
    });
    const runtime = await new Place().open({ sagas: [book] });
    await writeAll(
      runtime,
      [-1, 0, 1, 2, 3, 4, 5].map((n) => ({ book: "a", n })),
    );
    await runtime.sagas.idle();
    expect(runtime.sagas.refused(book).map(({ code }) => code)).toEqual(
      types.map(() => "invalid-argument"),
    );
    expect([...runtime.sagas.history(book, "a")].map(({ kind }) => kind)).toEqual([
      "stepped",
      "ignored",
    ]);
    await runtime.close();
  });

  it("begins at the head, at the beginning, or behind a position, and then goes on from where it was", async () => {
    for (const [begin, lines] of [
      ["head", []],
      ["beginning", [2, 3]],
      [2, [3]],
    ] as const) {
      const book = notebook({
        start: begin,
        correlate: { Written: ({ data }) => startOrResume(data.book) },
      });
      const place = new Place();
      let runtime = await place.open({ sagas: [] });
      for (const n of [1, 2, 3]) await write(runtime, "a", n);
      runtime = await place.open({ sagas: [book] });
      await runtime.sagas.idle();
      expect([begin, linesOf(runtime, book, "a") ?? []]).toEqual([begin, begin === 2 ? [] : lines]);
      for (let times = 0; times < 2; times++) {
        await write(runtime, "a", 4);
        runtime = await place.open({ sagas: [book] });
        await runtime.sagas.idle();
        await place.loseRows();
      }
      await runtime.close();
    }
  });

  it("hears what instances of another saga emit", async () => {
    const book = notebook();
    const listener = saga({
      name: "listener",
      machine: setup({
        types: {
          context: {} as { told: number[] },
          events: {} as { type: "Told"; data: { lines: number } },
        },
      }).createMachine({
        context: { told: [] },
        on: {
          Told: {
            actions: assign({ told: ({ context, event }) => [...context.told, event.data.lines] }),
          },
        },
      }),
      from: [book as never],
      correlate: { Told: (event: { entityId: string }) => startOrResume(event.entityId) },
      start: "beginning",
    });
    const runtime = await new Place().open({ sagas: [book, listener] });
    await write(runtime, "a", -1);
    for (const n of [1, 2, 3]) {
      await write(runtime, "a", n);
      await runtime.sagas.idle();
      await runtime.sagas.send(book, "a", { type: "Tell" });
    }
    await runtime.sagas.idle();
    expect(runtime.sagas.instance(listener, "a")?.context).toEqual({ told: [2, 3] });
    await runtime.close();
  });

  it("takes each of the events that a stored one stands for today, once", async () => {
    const directory = new MemoryDirectory();
    const Old = aggregate<null, { type: "Go" }, { type: "Both"; data: { a: number; b: number } }>({
      name: "pen",
      initialState: () => null,
      decide: { Go: () => ({ type: "Both", data: { a: 1, b: 2 } }) },
      evolve: { Both: () => null },
    });
    const old = await openMemoryRuntime({ aggregates: [Old], directory });
    await old.ask(Old, "pen", { type: "Go" });
    await old.close();
    const New = aggregate<null, { type: "Go" }, { type: "Written"; data: Line }>({
      name: "pen",
      initialState: () => null,
      decide: { Go: () => [] },
      evolve: { Written: () => null },
      upcasters: {
        Both: upcaster<{ a: number; b: number }>().splitInto(["Written"], ({ a, b }) => [
          { type: "Written", data: { book: "x", n: a } },
          { type: "Written", data: { book: "x", n: b } },
        ]),
      },
    });
    const book = notebook({
      from: [New as never],
      correlate: { Written: ({ data }) => startOrResume(data.book) },
    });
    for (let times = 0; times < 3; times++) {
      const runtime = await openMemoryRuntime({ aggregates: [New], sagas: [book], directory });
      await runtime.sagas.idle();
      expect(linesOf(runtime, book, "x")).toEqual([2]);
      await runtime.close();
      await directory.views.removeRange("rows", { from: ["a"], before: ["z"] });
    }
  });
});

/** As the log was before the runtime was closed: it says there how far it was. */
async function openCopyWithoutEnd(place: Place, book: ReturnType<typeof notebook>) {
  const { records } = place.directory.store;
  const copy = [...records];
  await place.runtime.close();
  records.length = 0;
  records.push(...copy);
  await place.loseRows();
  return openMemoryRuntime({ aggregates: [Pen], sagas: [book], directory: place.directory });
}
