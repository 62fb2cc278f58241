import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import {
  aggregate,
  collection,
  compareStores,
  openRuntime,
  planReclaim,
  projection,
  reactor,
  reclaimStore,
  type Runtime,
} from "tidemark";
import { describe, expect, it } from "vitest";
import { StoredLog } from "../../journal/index.js";
import { built } from "../support/built.js";
import { temporaryDirectory } from "../support/directories.js";
import { until } from "../support/until.js";

interface Book {
  readonly pages: readonly string[];
}
type BookEvent =
  | { type: "Written"; data: { text: string } }
  | { type: "Bound"; data: { pages: readonly string[] } };

const bookOf = (name: string) =>
  aggregate<Book, { type: "Write"; data: { text: string } }, BookEvent>({
    name,
    initialState: () => ({ pages: [] }),
    decide: { Write: (_state, data) => ({ type: "Written", data }) },
    evolve: {
      Written: ({ pages }, { text }) => ({ pages: [...pages, text].slice(-3) }),
      Bound: (_state, { pages }) => ({ pages }),
    },
    snapshots: false,
  });
const [Book, Booklet] = [bookOf("book"), bookOf("booklet")];
const shelf = (version: number) =>
  projection({
    name: "shelf",
    version,
    from: [Book],
    collections: { rows: collection<{ seen: string[] }>() },
    on: {
      Written: (event, { rows }) =>
        rows.update(event.entityId, (row) => ({
          seen: [...(row?.seen ?? []), event.data.text[0]!],
        })),
      Bound: (event, { rows }) =>
        rows.update(event.entityId, (row) => ({ seen: [...(row?.seen ?? []), "="] })),
    },
  });

const [shelf1, shelf2] = [shelf(1), shelf(2)];

const summary = ({ pages }: Book): BookEvent => ({ type: "Bound", data: { pages } });
const aggregates = [Book, Booklet];
const text = (n: number) => `${n % 10}`.padEnd(2_000, `${n} `);

interface Place {
  readonly directory: string;
  readonly archive: string;
}

/** Three books and a booklet that shares the id of one; the first book is compacted and goes on. */
async function compactedStore(options: { readonly shelved: boolean }): Promise<Place> {
  const folder = temporaryDirectory();
  const [directory, archive] = [join(folder, "data"), join(folder, "book-1.ndjson")];
  const open = (projections: ReturnType<typeof shelf>[]) =>
    openRuntime({ directory, aggregates, projections, freeBytesMin: 0 });
  const runtime = await open([shelf1]);
  const write = async (opened: Runtime, n: number) => {
    const command = { type: "Write", data: { text: text(n) } } as const;
    await Promise.all([
      opened.ask(Book, "1", command, { commandId: `w-${n}` }),
      ...(n % 10 === 0 ? [opened.ask(Book, "2", command), opened.ask(Booklet, "1", command)] : []),
    ]);
  };
  for (let n = 0; n < 150; n++) await write(runtime, n);
  await runtime
    .view(shelf1)
    .get("1", { fresh: true })
    .catch(() => undefined);
  await runtime.close();
  const second = await open(options.shelved ? [shelf1] : []);
  await write(second, 150);
  await second.compact(Book, "1", { archiveTo: archive, summary });
  await write(second, 151);
  await second.close();
  if (options.shelved) {
    const third = await open([shelf1]);
    await third.view(shelf1).get("1", { fresh: true });
    await third.close();
  }
  return { directory, archive };
}

const confirmed = async (place: Place) => (await planReclaim(place.directory)).confirmation;

describe("reclaiming the space of archived events", () => {
  it("leaves everything as it was but for markers, and the log is smaller", async () => {
    const place = await compactedStore({ shelved: true });
    const plan = await planReclaim(place.directory);
    expect(plan).toMatchObject({
      problems: [],
      events: 151,
      streams: [{ streamId: "book/1", upTo: 151, events: 151 }],
    });
    expect(plan.bytes).toBeGreaterThan(151 * 2_000);
    const to = join(temporaryDirectory(), "data");
    const report = await reclaimStore(place.directory, to, { confirm: plan.confirmation });
    expect(report).toMatchObject({ events: 151, changedCommits: 151 });
    expect(report.untouchedCommits).toBe(34);
    expect(report.logBytes[1]).toBeLessThan(report.logBytes[0] / 2);
    const [before, after] = [await eventsOf(place.directory), await eventsOf(to)];
    expect(after).toEqual(
      before.map((event) =>
        event.streamId === "book/1" && event.version <= 151
          ? { ...event, type: "tidemark.Archived", data: {} }
          : event,
      ),
    );
    expect((await built.verifyStore(to)).problems).toEqual([]);
    const runtime = await openRuntime({
      directory: to,
      aggregates,
      projections: [shelf2],
      freeBytesMin: 0,
    });
    expect(await runtime.state(Book, "1")).toMatchObject({
      state: { pages: [text(149), text(150), text(151)] },
      version: 153,
    });
    expect((await runtime.state(Book, "2")).version).toBe(16);
    // What was made of the old events before is still there …
    const command = { type: "Write", data: { text: text(3) } } as const;
    expect(await runtime.ask(Book, "1", command, { commandId: "w-3" })).toMatchObject({
      duplicate: true,
    });
    const isServing = ({ role, version }: { role: string; version: number }) =>
      role === "serving" && version === 2;
    await until(() => runtime.status().projections["shelf"]!.generations.some(isServing));
    // … and what begins anew sees the summary and what comes behind it.
    expect((await runtime.view(shelf2).get("1"))?.seen).toEqual(["=", "1"]);
    await runtime.close();
    expect(await planReclaim(to)).toMatchObject({ events: 0, streams: [], problems: [] });
  });

  it("keeps the views that were made of the old events", async () => {
    const place = await compactedStore({ shelved: true });
    const to = join(temporaryDirectory(), "data");
    await reclaimStore(place.directory, to, { confirm: await confirmed(place) });
    const runtime = await openRuntime({
      directory: to,
      aggregates,
      projections: [shelf1],
      freeBytesMin: 0,
    });
    const seen = (await runtime.view(shelf1).get("1", { fresh: true }))?.seen;
    expect(seen).toHaveLength(153);
    expect(seen?.slice(-2)).toEqual(["=", "1"]);
    await runtime.close();
  });

  it("is refused while somebody has the directory, and for a plan of something else", async () => {
    const place = await compactedStore({ shelved: true });
    const to = join(temporaryDirectory(), "data");
    const confirm = await confirmed(place);
    const runtime = await openRuntime({ directory: place.directory, aggregates, freeBytesMin: 0 });
    await expect(reclaimStore(place.directory, to, { confirm })).rejects.toMatchObject({
      code: "journal-owned",
    });
    await runtime.ask(Book, "2", { type: "Write", data: { text: "more" } });
    await runtime.close();
    await expect(reclaimStore(place.directory, to, { confirm })).rejects.toMatchObject({
      code: "invalid-argument",
      argument: "confirm",
    });
    expect([existsSync(to), existsSync(`${to}.reclaiming`)]).toEqual([false, false]);
  });

  it("is refused while a projection hasn't processed what would go", async () => {
    const place = await compactedStore({ shelved: false });
    const plan = await planReclaim(place.directory);
    expect(plan.problems).toEqual([
      expect.stringMatching(/^projection shelf, version 1 is at position/),
    ]);
    const to = join(temporaryDirectory(), "data");
    await expect(
      reclaimStore(place.directory, to, { confirm: plan.confirmation }),
    ).rejects.toMatchObject({ code: "reclaim-refused" });
    expect(existsSync(to)).toBe(false);
  });

  it("is refused while a projection or a reactor has parked what would go, and says which", async () => {
    const folder = temporaryDirectory();
    const directory = join(folder, "data");
    const fail = () => {
      throw new Error("no room");
    };
    const onFailure = { attemptsMax: 1, then: "park" } as const;
    const collections = { rows: collection<{ seen: string[] }>() };
    const strict = { name: "strict", version: 3, from: [Book], collections, onFailure };
    const runtime = await openRuntime({
      ...{ directory, aggregates, freeBytesMin: 0 },
      projections: [projection({ ...strict, on: { Written: fail } })],
      reactors: [
        reactor({
          name: "printer",
          from: [Book],
          start: "beginning",
          onFailure,
          on: { Written: fail },
        }),
      ],
    });
    for (const n of [1, 2])
      await runtime.ask(Book, "1", { type: "Write", data: { text: text(n) } });
    await until(() => runtime.operations.parked("strict").length > 0);
    await until(() => runtime.operations.parked("printer").length > 0);
    await runtime.compact(Book, "1", { archiveTo: join(folder, "book-1.ndjson"), summary });
    await runtime.close();
    const { problems } = await planReclaim(directory);
    expect(problems).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^projection strict, version 3 has parked position 2 of book\/1$/),
        expect.stringMatching(/^reactor printer has parked position 2 of book\/1$/),
      ]),
    );
  });

  it("is refused where an archive is missing, damaged, or another one; and finds them in another folder", async () => {
    const place = await compactedStore({ shelved: true });
    const elsewhere = join(temporaryDirectory(), "cold");
    mkdirSync(elsewhere);
    renameSync(place.archive, join(elsewhere, basename(place.archive)));
    expect((await planReclaim(place.directory)).problems).toHaveLength(1);
    expect((await planReclaim(place.directory, { archives: elsewhere })).problems).toEqual([]);
    const other = await compactedStore({ shelved: true });
    cpSync(other.archive, place.archive);
    expect((await planReclaim(place.directory)).problems).toMatchObject([
      /isn't the archive of book\/1/,
    ]);
    writeFileSync(place.archive, readFileSync(place.archive).subarray(0, -40));
    expect((await planReclaim(place.directory)).problems).toEqual([
      expect.stringMatching(/can't be read/),
    ]);
  });

  it("ended by a kill leaves the original as it is, and can be done again", async () => {
    const place = await compactedStore({ shelved: true });
    const kept = join(temporaryDirectory(), "kept");
    cpSync(place.directory, kept, { recursive: true });
    const to = join(temporaryDirectory(), "data");
    const confirm = await confirmed(place);
    const door = pathToFileURL("dist/src/index.js").href;
    const program = `const t = await import(${JSON.stringify(door)});
      await t.reclaimStore(${JSON.stringify(place.directory)}, ${JSON.stringify(to)}, { confirm: "${confirm}" });`;
    const steps = ["manifest.json", "log/data.mdb", "state/data.mdb", "views/data.mdb"];
    for (const step of steps) {
      const child = spawn(process.execPath, ["--input-type=module", "-e", program], {
        stdio: "inherit",
      });
      let closed = false;
      child.on("close", () => (closed = true));
      await until(() => closed || existsSync(join(`${to}.reclaiming`, step)));
      child.kill("SIGKILL");
      await until(() => closed);
      expect(await compareStores(place.directory, kept)).toMatchObject({ equal: true });
      if (existsSync(to)) break;
    }
    if (!existsSync(to)) await reclaimStore(place.directory, to, { confirm });
    expect((await built.verifyStore(to)).problems).toEqual([]);
    expect((await eventsOf(to)).filter(({ type }) => type === "tidemark.Archived")).toHaveLength(
      151,
    );
  });
});

/** Everything in a log, event by event. */
async function eventsOf(directory: string) {
  const log = new StoredLog(directory);
  const events: {
    position: number;
    streamId: string;
    version: number;
    type: string;
    data: unknown;
    about: unknown;
  }[] = [];
  for (const { record } of log.commits(1, log.head())) {
    const { recordedAtMs, commandId, metadata, claims, reply } = record;
    let { position } = record;
    for (const { streamId, firstVersion, truncateBefore, events: of } of record.parts)
      for (const [at, { type, data }] of of.entries())
        events.push({
          position: position++,
          streamId,
          version: firstVersion + at,
          type,
          data,
          about: { recordedAtMs, commandId, metadata, claims, reply, truncateBefore },
        });
  }
  await log.close();
  return events;
}
